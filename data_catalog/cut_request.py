"""What a cut is made of: the project it is for, and of each table what was approved and the edition it comes from."""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from core.errors import IntegrityBroken
from data_catalog.cohort import cohort_query
from data_catalog.editions import EditionManifest, edition_sources
from data_catalog.engine import identifier
from data_catalog.filter import compile_filter
from data_catalog.generalisation import Rules
from data_catalog.imaging.names import ScanKinds
from data_catalog.models import DatasetDeclaration, Table, Variable


def mapping_of(dataset_id: str) -> str:
    """Return the name of the table, made for one cut, of a dataset's people and their pseudonyms."""
    return f"mapping_{dataset_id}"


@dataclass(frozen=True)
class CutTable:
    """What of one table goes into a cut, and the edition folder it comes from."""

    declaration: DatasetDeclaration
    manifest: EditionManifest
    manifest_sha256: str
    folder: Path
    table_id: str
    variables: tuple[str, ...]
    row_filter: str = ""
    cohort: str = ""
    generalise: Rules = field(default_factory=dict)
    scans: ScanKinds | None = None
    """The scans of its rows that go along, of a table of scans."""

    @property
    def dataset_id(self) -> str:
        """The dataset the table belongs to."""
        return self.declaration.id

    @property
    def full_name(self) -> str:
        """The table as it is written in SQL."""
        return f"{self.dataset_id}.{self.table_id}"

    @property
    def table(self) -> Table:
        """The table's declaration; raises IntegrityBroken where the edition has none."""
        table = self.declaration.table(self.table_id)
        if table is None:
            raise IntegrityBroken(f"The edition has no table {self.full_name}.")
        return table

    @property
    def chosen(self) -> tuple[Variable, ...]:
        """The approved variables in the order of the declaration."""
        return tuple(variable for variable in self.table.variables if variable.name in self.variables)

    @property
    def source(self) -> str:
        """The vault's file as DuckDB reads it."""
        return edition_sources(self.manifest, self.folder)[self.table_id]

    @property
    def file(self) -> Path:
        """The vault's file."""
        return self.folder / self.manifest.table(self.table_id).path

    @property
    def mapping(self) -> str:
        """The table of its dataset's people and their pseudonyms as it is written in SQL."""
        return identifier(mapping_of(self.dataset_id))

    @property
    def rows(self) -> str:
        """The approved rows with all that the vault has of them, as DuckDB reads them."""
        return f"(SELECT * FROM {self.source} WHERE {self.condition})"

    @property
    def condition(self) -> str:
        """The row filter and the cohort as DuckDB reads them."""
        rows = compile_filter(self.row_filter, self.table)
        if not self.cohort.strip():
            return rows
        people = cohort_query(self.cohort, self.declaration, edition_sources(self.manifest, self.folder))
        return f"({rows}) AND {identifier(self.table.person)} IN ({people})"


@dataclass(frozen=True)
class CutRequest:
    """Everything a cut is made of; the same request gives the same tables."""

    project_id: str
    number: int
    made_at: datetime
    key: bytes = field(repr=False)
    tables: tuple[CutTable, ...]

    @property
    def synthetic(self) -> bool:
        """Whether anything in the cut is synthetic."""
        return any(table.manifest.synthetic for table in self.tables)
