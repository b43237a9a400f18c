"""Reading what sources deliver: every value as text, every row kept, or a report of why it can't be read.

files.py       how a mapping says a file is written
delivery.py    the manifest a sender makes, and holding what arrived against it
reading.py     any file of any format into a raw table of DuckDB
delimited.py   CSV and its relatives; datasets.reading uses it too
domains.py     which SDTM domain a file holds, whatever it is called
parsers.py     a process of its own for parsers that are not ours
confinement.py what such a process is kept from
readers.py     SAS, SPSS, Stata and XLSX files into frames, in that process
binary.py      SAS, SPSS and Stata files
transport.py   where the records of a SAS transport file are
sas.py         whether a file of SAS itself is whole
workbook.py    XLSX and Parquet
archive.py     what may be unpacked, and how much of it
sdtm.py        one domain of many files, and supplemental qualifiers put back on the rows they qualify
"""
