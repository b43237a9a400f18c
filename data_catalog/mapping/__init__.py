"""From a source's own files to the common data model: one mapping file per source, compiled to SQL.

models.py        the mapping file, checked against the model when it is read
expressions.py   the small language of conditions and derivations over source columns
dates.py         dates as sources write them, with how precise they are
values.py        one variable: from source text to a typed value, or to a reason why not
relations.py     the rows one block of a mapping starts from: joined, filtered, pivoted
stage.py         run a mapping: typed tables, what could not be read, what was left out
"""
