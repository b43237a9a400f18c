"""What a dataset declares about itself: tables and variables, as read from a file a person can read."""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints, model_validator

from core import canonical
from core.files import sha256_bytes
from core.forms import load_form
from data_catalog.errors import DeclarationRejected
from data_catalog.facts import Registry
from data_catalog.imaging.names import ScanKinds

DATASETS = Path(__file__).parent / "datasets"
"""Declarations that come with Myelin."""

PSEUDONYM = "pseudonym"
"""The first column of every table of a cut, and so no variable's name."""

RESERVED = frozenset({"search", "feasibility", "ledger", "imaging"})
"""Addresses of the catalogue's own pages and a cut's folder of scans, and so no dataset's id."""

SCAN_FILE = "scan_file"
"""The last column of a table of scans in a cut that has their images, and so no variable's name."""

Name = Annotated[str, StringConstraints(max_length=63, pattern=r"^[a-z][a-z0-9_]*$")]
Line = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
Number = int | float

_FILE_NAME = r"^([A-Za-z0-9_][A-Za-z0-9_.-]*)?$"
_WHOLE = re.compile(r"-?(0|[1-9][0-9]{0,8})")


class VariableType(StrEnum):
    """What a variable's values are."""

    INTEGER = "integer"
    DECIMAL = "decimal"
    TEXT = "text"
    CODE = "code"
    DATE = "date"
    IDENTIFIER = "identifier"


class Purpose(StrEnum):
    """What a variable may be used for, in the words of the two resources' rules."""

    NATURAL_HISTORY = "natural history"
    IMAGING_AND_OUTCOMES = "imaging, biomarkers and outcomes"
    OUTCOME_MEASUREMENT = "outcome measurement"
    SIMULATION = "simulation of progression"
    RETROSPECTIVE = "retrospective analysis"
    PROSPECTIVE = "prospective collection"
    SAFETY = "post-authorisation safety"


class Sensitivity(StrEnum):
    """What a variable can tell about who somebody is."""

    IDENTIFIER = "identifier"
    QUASI_IDENTIFIER = "quasi-identifier"
    SENSITIVE = "sensitive"
    ORDINARY = "ordinary"


class Unblinding(StrEnum):
    """What a variable can tell about which treatment somebody had."""

    TREATMENT = "treatment"
    """It names the treatment."""
    HINT = "hint"
    """It may tell which treatment somebody had, by itself or beside others."""


NUMERIC = frozenset({VariableType.INTEGER, VariableType.DECIMAL})
_WITH_RANGE = NUMERIC | {VariableType.DATE}


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


class Variable(_Strict):
    """One variable: where it stands in the source, what its values may be, and how it is described."""

    name: Name
    column: str = Field("", max_length=200, description="its column in the source file; mapped sources have none")
    label: Line
    type: VariableType = Field(strict=False)
    sensitivity: Sensitivity = Field(strict=False)
    unit: str = ""
    description: str = Field("", max_length=2000)
    codes: Mapping[str, Line] = Field(default={}, description="what each code stands for; whole numbers or words")
    minimum: Number | date | None = None
    maximum: Number | date | None = None
    step: Number | None = Field(None, gt=0, description="values are minimum, minimum + step, …")
    never: tuple[Number, ...] = Field((), strict=False, description="numbers within the range that do not exist")
    pattern: str = Field("", max_length=200, description="regular expression a text matches whole")
    precision: Name | None = Field(None, description="the variable that says how precise this date is")
    may_be_missing: bool = False
    missing_codes: tuple[str, ...] = Field((), strict=False, description="texts that mean missing, beside blank")
    point_zero: bool = Field(False, description="the source writes whole numbers as 20.0")
    definition: str = Field("", max_length=400, description="where what it measures is defined")
    purposes: tuple[Annotated[Purpose, Field(strict=False)], ...] = Field(
        (), strict=False, description="what it may be used for; none means any"
    )
    unblinds: Unblinding | None = Field(
        None, strict=False, exclude_if=lambda told: told is None, description="whether it tells the treatment"
    )
    unblinds_because: str = Field(
        "", max_length=400, exclude_if=lambda why: not why, description="how it tells the treatment, in a sentence"
    )
    unblinds_where: Mapping[Name, Annotated[tuple[str, ...], Field(strict=False, min_length=1)]] = Field(
        default={}, exclude_if=lambda where: not where, description="the rows that tell, by codes; none means all"
    )
    minimum_dataset: bool = Field(False, description="part of the minimum dataset every registry delivers")
    derivations: tuple[Line, ...] = Field((), strict=False, description="how a mapping makes it from the source")

    @property
    def has_number_codes(self) -> bool:
        """Whether the codes are whole numbers, and kept as such."""
        return bool(self.codes) and all(_WHOLE.fullmatch(code) for code in self.codes)

    @property
    def unblinds_in_words(self) -> str:
        """Why it tells the treatment, and in which rows where not in all."""
        rows = (f"{name} is {' or '.join(codes)}" for name, codes in self.unblinds_where.items())
        return " ".join([self.unblinds_because, *(f"Only where {row}." for row in rows)])

    @property
    def sql_type(self) -> str:
        """The DuckDB type its values are kept in."""
        if self.type is VariableType.CODE:
            return "INTEGER" if self.has_number_codes else "VARCHAR"
        return _SQL_TYPES[self.type]

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        identifies = self.sensitivity is Sensitivity.IDENTIFIER
        is_number_code = self.type is VariableType.CODE and self.has_number_codes
        rules = {
            f"{PSEUDONYM} and {SCAN_FILE} are columns that cuts add": self.name in (PSEUDONYM, SCAN_FILE),
            "codes belong to the type code, and it needs them": bool(self.codes) != (self.type is VariableType.CODE),
            "the type identifier has the sensitivity identifier": self.type is VariableType.IDENTIFIER
            and not identifies,
            "minimum and maximum belong to numbers and dates": self._has_range and self.type not in _WITH_RANGE,
            "minimum and maximum are of the variable's own type": not self._range_is_of_type,
            "step belongs to numbers with a minimum": self.step is not None
            and (self.type not in NUMERIC or self.minimum is None),
            "point_zero belongs to whole numbers and number codes": self.point_zero
            and not (self.type is VariableType.INTEGER or is_number_code),
            "missing_codes need may_be_missing": bool(self.missing_codes) and not self.may_be_missing,
            "never belongs to numbers": bool(self.never) and self.type not in NUMERIC,
            "pattern belongs to text": bool(self.pattern) and self.type is not VariableType.TEXT,
            "precision belongs to dates": self.precision is not None and self.type is not VariableType.DATE,
            "unblinds and unblinds_because stand together": (self.unblinds is None) != (not self.unblinds_because),
            "unblinds_where belongs to unblinds": bool(self.unblinds_where) and self.unblinds is None,
        }
        broken = [rule for rule, is_broken in rules.items() if is_broken]
        if broken:
            raise ValueError(f"{self.name}: {'; '.join(broken)}")
        return self

    @property
    def _has_range(self) -> bool:
        return self.minimum is not None or self.maximum is not None

    @property
    def _range_is_of_type(self) -> bool:
        kind = date if self.type is VariableType.DATE else int if self.type is VariableType.INTEGER else (int, float)
        return all(bound is None or isinstance(bound, kind) for bound in (self.minimum, self.maximum))


_SQL_TYPES = {
    VariableType.INTEGER: "BIGINT",
    VariableType.DECIMAL: "DOUBLE",
    VariableType.TEXT: "VARCHAR",
    VariableType.DATE: "DATE",
    VariableType.IDENTIFIER: "VARCHAR",
}


class EndpointReference(_Strict):
    """The standard endpoint a table holds: the version of its definition, and every parameter of it."""

    id: Name
    version: int = Field(ge=1)
    kind: Name
    parameters: Mapping[str, JsonValue] = Field(min_length=1)

    @property
    def table(self) -> str:
        """The name of its table: the version is part of it, so that what was approved is no other version's."""
        return f"endpoint_{self.id}_v{self.version}"

    @property
    def sha256(self) -> str:
        """The hash of what is computed: kind and parameters, not the words around them."""
        return sha256_bytes(canonical.dumps(self.model_dump(mode="json", include={"id", "kind", "parameters"})))

    @property
    def in_words(self) -> tuple[tuple[str, str], ...]:
        """Every parameter's name and value as text, those of a part as `part.name`."""
        return tuple(_flat(self.parameters))


def _flat(values: Mapping[str, JsonValue], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        elif isinstance(value, list):
            yield f"{prefix}{name}", ", ".join(map(str, value))
        else:
            yield f"{prefix}{name}", str(value).lower() if isinstance(value, bool) else str(value)


class Table(_Strict):
    """One table: its source file, its variables, and the one that says whose row it is."""

    name: Name
    label: Line
    file: str = Field("", max_length=200, pattern=_FILE_NAME, description="its source file; mapped sources have none")
    description: str = Field("", max_length=2000)
    person: Name = Field(description="the variable that identifies the person; pseudonyms are made from it")
    unique: tuple[Name, ...] = Field((), strict=False, description="variables no two rows may share together")
    endpoint: EndpointReference | None = Field(
        None, exclude_if=lambda endpoint: endpoint is None, description="the standard endpoint it holds"
    )
    variables: tuple[Variable, ...] = Field(min_length=1, strict=False)

    def variable(self, name: str) -> Variable | None:
        """Return a variable by its name, or None."""
        return next((variable for variable in self.variables if variable.name == name), None)

    @property
    def approvable(self) -> tuple[str, ...]:
        """Names of the variables a project may be given: all but identifiers."""
        return tuple(v.name for v in self.variables if v.sensitivity is not Sensitivity.IDENTIFIER)

    def _has_codes(self, name: str, codes: Iterable[str]) -> bool:
        variable = self.variable(name)
        return variable is not None and set(codes) <= set(variable.codes)

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        for what in ("name", "column"):
            twice = _twice(getattr(variable, what) for variable in self.variables)
            if twice:
                raise ValueError(f"{self.name}: two variables have the {what} {', '.join(twice)}")
        named = {self.person, *self.unique, *(v.precision for v in self.variables if v.precision)}
        unknown = sorted(named - {variable.name for variable in self.variables})
        if unknown:
            raise ValueError(f"{self.name}: person, unique and precision name no variable: {', '.join(unknown)}")
        person = self.variable(self.person)
        if person is None or person.type is not VariableType.IDENTIFIER or person.may_be_missing:
            raise ValueError(f"{self.name}: {self.person} must be of type identifier and never missing")
        if not all(self._has_codes(name, codes) for v in self.variables for name, codes in v.unblinds_where.items()):
            raise ValueError(f"{self.name}: unblinds_where names codes that a variable of the table does not have")
        if self.endpoint is not None and self.name != self.endpoint.table:
            raise ValueError(f"{self.name}: the table of this endpoint is called {self.endpoint.table}")
        return self


class DatasetDeclaration(_Strict):
    """A dataset: where it comes from, under which licence, and its tables."""

    id: Name
    label: Line
    description: str = Field("", max_length=4000)
    source: Line
    licence: Line
    resource: str = Field("", max_length=63, description="the resource it is part of: ms_cidr or bmsd")
    labels: Literal["published", "invented"] = Field("published", description="whether the source's names are known")
    registry: Registry | None = Field(None, description="what the registry says of itself in public")
    scans: ScanKinds | None = Field(None, description="which scans are held as images; publishing them says so")
    tables: tuple[Table, ...] = Field(min_length=1, strict=False)

    def table(self, name: str) -> Table | None:
        """Return a table by its name, or None."""
        return next((table for table in self.tables if table.name == name), None)

    def to_bytes(self) -> bytes:
        """Return the canonical bytes an edition keeps of this declaration."""
        return canonical.dumps(self.model_dump(mode="json"))

    @property
    def sha256(self) -> str:
        """The hash of the canonical bytes."""
        return sha256_bytes(self.to_bytes())

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.id in RESERVED:
            raise ValueError(f"{self.id} is a name that Myelin uses itself")
        for what in ("name", "file"):
            if _twice(getattr(table, what) for table in self.tables):
                raise ValueError(f"two tables have the same {what}")
        return self


def _twice(names: Iterable[str]) -> list[str]:
    """Return the names given more than once; a mapped source's tables and variables have no file and no column."""
    given = [name for name in names if name]
    return sorted({name for name in given if given.count(name) > 1})


def load_declaration(path: Path) -> DatasetDeclaration:
    """Read a declaration (TOML); raises DeclarationRejected with every problem in it."""
    return load_form(DatasetDeclaration, path, DeclarationRejected)
