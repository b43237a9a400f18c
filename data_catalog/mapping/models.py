"""What a mapping file says: which files a source delivers, and how each variable of the model is made from them."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from textwrap import wrap
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from core.forms import load_form
from data_catalog.cdm import TABLE_NAMES, cdm_table, cdm_tables
from data_catalog.errors import MappingRejected
from data_catalog.facts import Registry
from data_catalog.hints import did_you_mean
from data_catalog.mapping.dates import check_format
from data_catalog.mapping.expressions import check_expression
from data_catalog.models import NUMERIC, DatasetDeclaration, Line, Name, Number, Table, Variable, VariableType
from data_catalog.sources.files import FileSpec

MAPPINGS = Path(__file__).parents[1] / "mappings"
"""Mapping files that come with Myelin."""

ASKED = "?"
"""Stands in a draft for what somebody has to say; a mapping that still has one is refused."""

Text = Annotated[str, Field(max_length=200)]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


class VariableSource(_Strict):
    """How one variable is made: from a column, a constant or a derivation, and what is done with its text."""

    column: str = Field("", max_length=200, description="the source's column")
    value: str = Field("", max_length=200, description="the same value in every row")
    derive: str = Field("", max_length=2000, description="an expression over the source's columns")
    codes: Mapping[str, str] = Field(default={}, description="source code to code of the model; others are refused")
    missing: tuple[Text, ...] = Field((), strict=False, description="texts that mean missing, beside blank")
    dates: tuple[Text, ...] = Field((), strict=False, description="forms the date is written in, tried in order")
    scale: Number = Field(1, description="what a number is multiplied with, to be in the model's unit")
    offset: Number = Field(0, description="what is added to a number then")
    unknown: Literal["refuse", "missing", "leave_out"] = Field(
        "refuse", description="what is done where a text means nothing: the delivery is refused, or it is reported"
    )

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if sum(map(bool, (self.column, self.value, self.derive))) != 1:
            raise ValueError("says one of column, value and derive")
        for form in self.dates:
            if form != ASKED:
                check_format(form)
        if self.derive:
            check_expression(self.derive)
        return self

    def to_text(self) -> str:
        """Say in one line where the variable comes from."""
        made = self.column or (f"always {self.value!r}" if self.value else self.derive)
        codes = ", ".join(f"{source} → {code}" for source, code in self.codes.items())
        scaled = [f"× {self.scale}"] * (self.scale != 1) + [f"+ {self.offset}"] * (self.offset != 0)
        parts = (codes, " or ".join(self.dates), " ".join(scaled))
        return "; ".join([made, *(part for part in parts if part)])


class Join(_Strict):
    """A second file whose columns stand beside the first's: at most one row of it for each."""

    file: Name
    on: Mapping[str, str] = Field(min_length=1, description="column of the first file to column of this one")
    several: Literal["refuse", "missing"] = Field("refuse", description="what is done with several rows for one")


class Pivot(_Strict):
    """Rows that hold one value each, put together to one row for each combination of the keys."""

    keys: tuple[Text, ...] = Field(min_length=1, strict=False)
    name: Annotated[str, Field(max_length=2000)] = Field(
        description="the column that says what a value is, or an expression that does"
    )
    values: tuple[Text, ...] = Field(
        min_length=1, strict=False, description="the columns that hold it: the first that is not blank"
    )
    names: tuple[Text, ...] = Field(min_length=1, strict=False, description="the values that become columns")
    days: tuple[Text, ...] = Field(
        (), strict=False, description="keys that are ISO dates with a time, of which the day alone counts"
    )
    several: Literal["refuse", "mean", "missing"] = Field(
        "refuse", description="what is done with different values for one place"
    )

    @model_validator(mode="after")
    def _is_understood(self) -> Self:
        check_expression(self.name)
        if strange := sorted(set(self.days) - set(self.keys)):
            raise ValueError(f"days are keys, and {', '.join(strange)} is none")
        return self


class TableSource(_Strict):
    """How rows of one table of the model are made from one file; several of a table are put together."""

    table: Name
    from_: Name = Field(alias="from")
    join: tuple[Join, ...] = Field((), strict=False)
    where: str = Field("", max_length=2000)
    pivot: Pivot | None = None
    duplicates: Literal["refuse", "first"] = "refuse"
    variables: Mapping[Name, VariableSource] = Field(min_length=1)

    @field_validator("variables", mode="before")
    @classmethod
    def _from_short_form(cls, variables: object) -> object:
        if not isinstance(variables, dict):
            return variables
        return {name: {"column": v} if isinstance(v, str) else v for name, v in variables.items()}

    @model_validator(mode="after")
    def _fits_the_model(self) -> Self:
        if self.where:
            check_expression(self.where)
        problems = list(_problems(self))
        if problems:
            raise ValueError("; ".join(problems))
        return self


class MappingFile(_Strict):
    """A source, its files, and how they become tables of the common data model."""

    id: Name
    label: Line
    description: str = Field("", max_length=4000)
    resource: str = Field("", max_length=63)
    source: Line
    licence: Line
    labels: Literal["published", "invented"] = "published"
    registry: Registry | None = None
    files: Mapping[Name, FileSpec] = Field(min_length=1)
    tables: tuple[TableSource, ...] = Field(min_length=1, strict=False)

    @field_validator("label", "source", "licence")
    @classmethod
    def _is_said(cls, text: str) -> str:
        if text == ASKED:
            raise ValueError("the draft still asks for it")
        return text

    @model_validator(mode="after")
    def _names_its_files(self) -> Self:
        for block in self.tables:
            for file in (block.from_, *(join.file for join in block.join)):
                if file not in self.files:
                    raise ValueError(f"{block.table}: there is no file {file!r}{did_you_mean(file, self.files)}")
        if not any(block.table == "patient" for block in self.tables):
            raise ValueError("every source has the table patient")
        return self

    def blocks(self, table: str) -> tuple[TableSource, ...]:
        """Return the blocks that make a table, in their order."""
        return tuple(block for block in self.tables if block.table == table)

    @property
    def declaration(self) -> DatasetDeclaration:
        """What an edition of this source declares: the model's tables, with the variables it has."""
        tables = [_as_mapped(table, self.blocks(table.name)) for table in cdm_tables() if self.blocks(table.name)]
        return DatasetDeclaration(
            id=self.id,
            label=self.label,
            description=self.description,
            source=self.source,
            licence=self.licence,
            resource=self.resource,
            labels=self.labels,
            registry=self.registry,
            tables=tuple(tables),
        )


def load_mapping(path: Path) -> MappingFile:
    """Read a mapping file (TOML); raises MappingRejected with every problem in it."""
    return load_form(MappingFile, path, MappingRejected, place=_numbered)


def _problems(block: TableSource) -> Iterator[str]:
    if block.table not in TABLE_NAMES:
        yield f"the model has no table {block.table!r}{did_you_mean(block.table, TABLE_NAMES)}"
        return
    table = cdm_table(block.table)
    required = {v.name for v in table.variables if not v.may_be_missing} - {
        v.precision for v in table.variables if v.precision
    }
    for name in sorted(required - set(block.variables)):
        yield f"{table.name} needs {name}"
    names = [variable.name for variable in table.variables]
    for name, source in block.variables.items():
        variable = table.variable(name)
        if variable is None:
            yield f"{table.name} has no variable {name!r}{did_you_mean(name, names)}"
        else:
            yield from (f"{table.name}.{name}: {problem}" for problem in _unfit(variable, source))


def _unfit(variable: Variable, source: VariableSource) -> Iterator[str]:
    """Say what of a source can not make a variable of this type."""
    asked = [theirs for theirs, ours in source.codes.items() if ours == ASKED]
    if asked:
        known = f": one of {', '.join(variable.codes)}" if variable.codes else ""
        yield f"the draft still asks what {', '.join(map(repr, asked))} means{known}"
    if ASKED in (source.column, source.value, *source.dates):
        yield "the draft still asks where it comes from, or how its dates are written"
    foreign = sorted(set(source.codes.values()) - {*variable.codes, ASKED})
    if variable.codes and foreign:
        yield f"{', '.join(foreign)} is no code of it; they are {', '.join(variable.codes)}"
    if source.codes and not variable.codes and variable.type is not VariableType.TEXT:
        yield "codes belong to codes and texts"
    if source.value and variable.codes and source.value not in {**source.codes, **variable.codes}:
        yield f"{source.value} is no code of it; they are {', '.join(variable.codes)}"
    if bool(source.dates) != (variable.type is VariableType.DATE):
        yield "a date needs dates, the forms it is written in, and nothing else has them"
    if (source.scale != 1 or source.offset != 0) and variable.type not in NUMERIC:
        yield "scale and offset belong to numbers"


def _as_mapped(table: Table, blocks: tuple[TableSource, ...]) -> Table:
    """Return the model's table with the variables that any of these blocks makes, and how they are made."""
    made = {name for block in blocks for name in block.variables}
    made |= {v.precision for v in table.variables if v.name in made and v.precision}
    chosen = (v.model_copy(update={"derivations": _derivations(v.name, blocks)}) for v in table.variables)
    return table.model_copy(update={"variables": tuple(v for v in chosen if v.name in made)})


def _derivations(name: str, blocks: tuple[TableSource, ...]) -> tuple[str, ...]:
    """Say how a variable is made, in lines a page can show."""
    said = (f"{block.from_}: {block.variables[name].to_text()}" for block in blocks if name in block.variables)
    return tuple(line for text in said for line in wrap(text, _LONGEST_LINE))


_LONGEST_LINE = 190
_LOCATION = re.compile(r"^tables\.(\d+)")


def _numbered(place: str) -> str:
    """Say which block of the file it is: people count from one."""
    return _LOCATION.sub(lambda m: f"[[tables]] number {int(m[1]) + 1}", place)
