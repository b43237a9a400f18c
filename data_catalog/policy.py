"""What of a dataset a project may be given: facts in, verdict or refusal out."""

from collections.abc import Iterator, Sequence

from core.errors import InvalidInput
from data_catalog.errors import DeclarationRejected
from data_catalog.hints import did_you_mean
from data_catalog.imaging.agreement import TABLE
from data_catalog.imaging.names import ScanKinds
from data_catalog.models import DatasetDeclaration


def check_has_sources(declaration: DatasetDeclaration) -> None:
    """Refuse to read source files for a table without a file or a variable without a column."""
    problems = [f"{table.name}: the file is missing" for table in declaration.tables if not table.file]
    problems += ["scans: images are published with a mapping"] if declaration.scans else []
    for table in declaration.tables:
        problems += [f"{table.name}.{v.name}: the column is missing" for v in table.variables if not v.column]
    if problems:
        raise DeclarationRejected(problems)


def check_approvable(declaration: DatasetDeclaration, table_id: str, variables: Sequence[str]) -> None:
    """Refuse a table that is not declared, a variable that is not declared, and an identifier."""
    found = list(problems_of(declaration, table_id, variables))
    if found:
        raise InvalidInput(" ".join(f"{problem}." for problem in found))


def problems_of(declaration: DatasetDeclaration, table_id: str, variables: Sequence[str]) -> Iterator[str]:
    """Name everything that keeps these variables of this table from being approved, with close names."""
    table = declaration.table(table_id)
    if table is None:
        close = did_you_mean(table_id, [known.name for known in declaration.tables])
        yield f"{declaration.id} has no table {table_id!r}{close}"
        return
    for name in variables:
        if table.variable(name) is None:
            yield f"{declaration.id}.{table_id} has no variable {name!r}{did_you_mean(name, table.approvable)}"
        elif name not in table.approvable:
            yield f"{declaration.id}.{table_id}: {name} is an identifier and can never be approved"


def problems_of_scans(declaration: DatasetDeclaration, table_id: str, asked: ScanKinds | None) -> Iterator[str]:
    """Name everything that keeps these scans from going along with a table."""
    if asked is None:
        return
    held = declaration.scans
    if held is None:
        yield f"scans can't go along: this edition of {declaration.id} holds none"
    elif table_id != TABLE:
        yield f"scans can't go along: those of {declaration.id} go along with its table {TABLE}"
    else:
        missing = [*(set(asked.regions) - set(held.regions)), *(set(asked.modalities) - set(held.modalities))]
        if missing:
            yield f"there are no scans of {', '.join(sorted(missing))}: the edition holds {held.words}"
