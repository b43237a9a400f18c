"""SDTM domains as frames: what all of them share. Names and texts follow the SDTM implementation guide."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from data_catalog.synth.trials.course import Study
from data_catalog.synth.trials.people import Days, Floats, Ints, Texts

LABELS = {
    "STUDYID": "Study Identifier",
    "DOMAIN": "Domain Abbreviation",
    "RDOMAIN": "Related Domain Abbreviation",
    "USUBJID": "Unique Subject Identifier",
    "SUBJID": "Subject Identifier for the Study",
    "RFSTDTC": "Subject Reference Start Date/Time",
    "RFENDTC": "Subject Reference End Date/Time",
    "DTHDTC": "Date/Time of Death",
    "DTHFL": "Subject Death Flag",
    "SITEID": "Study Site Identifier",
    "BRTHDTC": "Date/Time of Birth",
    "AGE": "Age",
    "AGEU": "Age Units",
    "SEX": "Sex",
    "ARMCD": "Planned Arm Code",
    "ARM": "Description of Planned Arm",
    "COUNTRY": "Country",
    "IDVAR": "Identifying Variable",
    "IDVARVAL": "Identifying Variable Value",
    "QNAM": "Qualifier Variable Name",
    "QLABEL": "Qualifier Variable Label",
    "QVAL": "Data Value",
    "QORIG": "Origin",
    "RELTYPE": "Relationship Type",
    "RELID": "Relationship Identifier",
    "VISITNUM": "Visit Number",
    "VISIT": "Visit Name",
}
"""Labels of variables that have one name in every domain."""

_OF_DOMAIN = {
    "SEQ": "Sequence Number",
    "TESTCD": "Test Short Name",
    "TEST": "Test Name",
    "CAT": "Category",
    "SCAT": "Subcategory",
    "ORRES": "Result or Finding in Original Units",
    "ORRESU": "Original Units",
    "STRESC": "Character Result/Finding in Std Format",
    "STRESN": "Numeric Result/Finding in Std Units",
    "STRESU": "Standard Units",
    "STAT": "Completion Status",
    "REASND": "Reason Not Done",
    "LOC": "Location",
    "OBJ": "Object of the Observation",
    "SPEC": "Specimen Material Type",
    "METHOD": "Method of Test or Examination",
    "DTC": "Date/Time of Collection",
    "DY": "Study Day",
    "STDTC": "Start Date/Time",
    "ENDTC": "End Date/Time",
    "TERM": "Reported Term",
    "DECOD": "Standardized Term",
    "TRT": "Reported Name of Treatment",
    "CLASCD": "Class Code",
    "INDC": "Indication",
    "DOSE": "Dose",
    "DOSU": "Dose Units",
    "ROUTE": "Route of Administration",
    "SEV": "Severity/Intensity",
    "SER": "Serious Event",
    "REL": "Causality",
    "OUT": "Outcome of Event",
    "SDTH": "Results in Death",
    "SLIFE": "Is Life Threatening",
    "SHOSP": "Requires or Prolongs Hospitalization",
    "SDISAB": "Persist or Signif Disability/Incapacity",
    "SCONG": "Congenital Anomaly or Birth Defect",
    "SMIE": "Other Medically Important Serious Event",
}
"""Labels of variables whose name begins with the domain's two letters."""


@dataclass(frozen=True)
class Domain:
    """One SDTM domain of one trial, ready to be written."""

    name: str
    label: str
    rows: pl.DataFrame


@dataclass(frozen=True)
class Qualifier:
    """A supplemental qualifier: its name, label, and value by the row it belongs to."""

    name: str
    label: str
    values: Texts


def variable_label(domain: str, variable: str) -> str:
    """Return the label of a variable, at most 40 characters; raises KeyError for one no domain here has."""
    return LABELS.get(variable) or _OF_DOMAIN[variable.removeprefix(domain)]


def sequenced(domain: str, study: Study, columns: Mapping[str, Any], order: Sequence[str] = ()) -> pl.DataFrame:
    """Return rows of a domain in the order of people and of `order`, numbered within each person.

    `columns` holds `who` (the person's place) and the domain's own variables; the usual first ones are put before.
    """
    frame = pl.DataFrame(dict(columns)).sort("who", *order, maintain_order=True)
    who = frame["who"].to_numpy()
    number = pl.int_range(1, pl.len() + 1).over("who").cast(pl.Float64)
    return frame.select(
        pl.lit(study.trial.id).alias("STUDYID"),
        pl.lit(domain).alias("DOMAIN"),
        pl.Series("USUBJID", study.people.usubjid[who]),
        number.alias(f"{domain}SEQ"),
        pl.exclude("who"),
    )


def findings(domain: str, study: Study, blocks: Sequence[Mapping[str, Any]], names: Mapping[str, str]) -> pl.DataFrame:
    """Return a findings domain from blocks of one test each.

    A block holds `who`, `test`, `value` (numbers; nan is not done), `date` (texts) and further variables of the
    domain by their suffix; `names` says what each test is.
    """
    parts = [_block(domain, block, names) for block in blocks]
    return sequenced(domain, study, pl.concat(parts, how="diagonal").to_dict(), (f"{domain}DTC",))


def _block(domain: str, block: Mapping[str, Any], names: Mapping[str, str]) -> pl.DataFrame:
    values = np.asarray(block["value"], dtype=float)
    own = {name: block[name] for name in block if name not in ("who", "test", "value", "date", "result")}
    missing = np.isnan(values)
    result = np.asarray(block.get("result", texts(values)), dtype=str)
    not_done = missing & (result == "")
    return pl.DataFrame(
        {
            "who": block["who"],
            f"{domain}TESTCD": np.full(len(values), block["test"]),
            f"{domain}TEST": np.full(len(values), names[block["test"]]),
            f"{domain}ORRES": result,
            f"{domain}STRESC": result,
            f"{domain}STRESN": pl.Series(values).fill_nan(None),
            f"{domain}STAT": np.where(not_done, "NOT DONE", ""),
            f"{domain}DTC": block["date"],
            **{f"{domain}{name}": np.broadcast_to(value, len(values)) for name, value in own.items()},
        }
    )


def supplemental(domain: str, rows: pl.DataFrame, qualifiers: Sequence[Qualifier]) -> Domain:
    """Return the SUPP-- of a domain: a row for every value that is not blank, by the parent's sequence number."""
    sequence = f"{domain}SEQ"
    by_sequence = sequence in rows.columns
    key = rows[sequence].cast(pl.Int64).cast(pl.String) if by_sequence else pl.Series([""] * len(rows))
    parts = [
        pl.DataFrame(
            {
                "STUDYID": rows["STUDYID"],
                "RDOMAIN": rows["DOMAIN"],
                "USUBJID": rows["USUBJID"],
                "IDVAR": np.full(len(rows), sequence if by_sequence else ""),
                "IDVARVAL": key,
                "QNAM": np.full(len(rows), qualifier.name),
                "QLABEL": np.full(len(rows), qualifier.label),
                "QVAL": qualifier.values,
                "QORIG": np.full(len(rows), "CRF"),
            }
        ).filter(pl.col("QVAL") != "")
        for qualifier in qualifiers
    ]
    supp = pl.concat(parts).sort("USUBJID", "IDVARVAL", "QNAM", maintain_order=True)
    return Domain(f"SUPP{domain}", f"Supplemental for {domain}", supp)


def texts(values: Floats) -> Texts:
    """Write numbers as a case report form has them: no `.0`, blank where there is none."""
    written = pl.Series(values, dtype=pl.Float64).fill_nan(None).cast(pl.String).str.strip_suffix(".0")
    return written.fill_null("").to_numpy().astype(str)


def iso(dates: Days) -> Texts:
    """Write dates as ISO 8601, blank where there is none."""
    return np.where(np.isnat(dates), "", np.datetime_as_string(dates, unit="D"))


def partial(dates: Days, precision: Ints) -> Texts:
    """Write dates as precisely as known: 0 the day, 1 the month (`2019-03`), 2 the year (`2018`)."""
    days = iso(dates)
    return np.select([precision == 0, precision == 1], [days, _cut(days, 7)], _cut(days, 4))


def unsure(draw: np.random.Generator, count: int, month: float, year: float) -> Ints:
    """Draw how precisely dates are known, given the shares known to the month and to the year alone."""
    return draw.choice(3, count, p=[1 - month - year, month, year])


def timed(dates: Days, draw: np.random.Generator) -> Texts:
    """Write dates with a time of day, as later trials do for samples."""
    minutes = draw.integers(7 * 60, 16 * 60, len(dates))
    clock = [f"T{minute // 60:02}:{minute % 60:02}" for minute in minutes]
    return np.char.add(iso(dates), np.array(clock, dtype=str))


def yes(flags: NDArray[np.bool_]) -> Texts:
    """Write flags as SDTM does."""
    return np.where(flags, "Y", "N")


def _cut(values: Texts, length: int) -> Texts:
    return values.astype(f"U{length}")
