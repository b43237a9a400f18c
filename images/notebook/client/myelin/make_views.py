"""Make /data/project.duckdb: one view per table of the cut, with the dictionary as comments.

Run once when a cut is activated, inside the image, because a view holds the absolute path of its Parquet file:

    python -m myelin.make_views [folder]        (default /data, which must be writable)
"""

import json
import os
import sys
from pathlib import Path

import duckdb

from myelin.dictionary import DescribedTable, Variable, read_dictionary
from myelin.errors import DataUnavailable, MyelinError

PSEUDONYM = Variable("pseudonym", "Pseudonym of the person, this project's own", "text", "", (), "")
"""The first column of every table; a dictionary need not repeat it."""

TELL = "The cut is not what its dictionary says; make it again."


def make_views(data: Path) -> int:
    """Write the views beside, check them, and put them in place whole; return how many there are.

    Raises DataUnavailable where the dictionary, the manifest and the Parquet files do not agree.
    """
    dictionary = read_dictionary(data / "dictionary.json")
    _check_files(data, dictionary.tables)
    new = data / "project.duckdb.new"
    new.unlink(missing_ok=True)
    with duckdb.connect(str(new)) as connection:
        for table in dictionary.tables:
            _make_view(connection, data, table)
        connection.execute("CHECKPOINT")
    _put_in_place(new, data / "project.duckdb")
    return len(dictionary.tables)


def _check_files(data: Path, tables: tuple[DescribedTable, ...]) -> None:
    described = {_parquet(table) for table in tables}
    listed = _listed(data / "manifest.json")
    present = {path.relative_to(data).as_posix() for path in data.rglob("*.parquet")}
    for name, others in (("the manifest", listed), ("the folder", present)):
        if described != others:
            raise DataUnavailable(f"The dictionary and {name} differ in {_difference(described, others)}.", TELL)


def _listed(manifest: Path) -> set[str]:
    try:
        files = json.loads(manifest.read_text("utf-8"))["files"]
        return {str(file["path"]) for file in files if str(file["path"]).endswith(".parquet")}
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise DataUnavailable(f"{manifest} cannot be read: {error!r}.", TELL) from error


def _make_view(connection: duckdb.DuckDBPyConnection, data: Path, table: DescribedTable) -> None:
    source = f"read_parquet({_literal(str(data.resolve() / _parquet(table)))})"
    columns = [row[0] for row in connection.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()]  # noqa: S608 - quoted
    described = {variable.name: variable for variable in (PSEUDONYM, *table.variables)}
    if set(columns) != set(described):
        raise DataUnavailable(f"{table.full_name}: {_difference(set(described), set(columns))} differ.", TELL)
    _check_rows(connection, source, table)
    view = f"{_identifier(table.dataset)}.{_identifier(table.name)}"
    connection.execute(f"CREATE SCHEMA IF NOT EXISTS {_identifier(table.dataset)}")
    selected = ", ".join(map(_identifier, columns))
    connection.execute(f"CREATE VIEW {view} AS SELECT {selected} FROM {source}")  # noqa: S608 - quoted
    connection.execute(f"COMMENT ON VIEW {view} IS {_literal(table.label)}")
    for name, variable in described.items():
        connection.execute(f"COMMENT ON COLUMN {view}.{_identifier(name)} IS {_literal(_comment(variable))}")


def _check_rows(connection: duckdb.DuckDBPyConnection, source: str, table: DescribedTable) -> None:
    counted = connection.execute(f"SELECT count(*) FROM {source}").fetchall()[0][0]  # noqa: S608 - quoted
    if counted != table.rows:
        raise DataUnavailable(f"{table.full_name} has {counted} rows, its dictionary says {table.rows}.", TELL)


def _put_in_place(new: Path, final: Path) -> None:
    log = new.with_name(new.name + ".wal")
    if log.exists():
        raise DataUnavailable(f"{log} was left behind.", "The views were not written to the end; make them again.")
    new.chmod(0o644)
    for path in (new, new.parent):
        _flush(path)
    new.replace(final)
    _flush(final.parent)


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _parquet(table: DescribedTable) -> str:
    return f"{table.dataset}/{table.name}.parquet"


def _comment(variable: Variable) -> str:
    parts = (
        variable.label,
        f"Unit: {variable.unit}" if variable.unit else "",
        f"Codes: {variable.codes_text}" if variable.codes else "",
        variable.description,
    )
    return ". ".join(part.rstrip(".") for part in parts if part)


def _difference(described: set[str], others: set[str]) -> str:
    return ", ".join(sorted(described ^ others))


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def main(arguments: list[str]) -> int:
    """Make the views of the folder named (default /data) and say so; 1 where the cut is not in order."""
    data = Path(arguments[0]) if arguments else Path("/data")
    try:
        count = make_views(data)
    except MyelinError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{data / 'project.duckdb'}: {count} view{'' if count == 1 else 's'}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
