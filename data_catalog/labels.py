"""Labels a project has for values it may tell apart and not know: HMAC-SHA-256 under the project's key.

A code gets a letter, by an order of all declared codes that is the project's own; a text, of which there is no end, a
word of letters. Neither comes from how often a value is there or how it is written, so a project's labels are the same
in every one of its cuts, as long as the codes declared are, and say nothing of another project's.
"""

import hmac
from collections.abc import Collection, Mapping, Sequence
from hashlib import sha256
from string import ascii_uppercase

import duckdb
import pyarrow as pa

from data_catalog.engine import identifier, registered
from data_catalog.errors import PseudonymCollision
from data_catalog.generalisation import Rules, label_column, letter
from data_catalog.models import Variable

VALUE = "_value"
"""The column of a table of labels that holds the value itself."""

_BLIND = "\0blind\0"  # no dataset's id begins with NUL, so neither a pseudonym nor an offset is made of such a message
_WORD = 10  # letters: among a hundred thousand values two meet with a chance under 4e-5, and that is refused


def labels_of(key: bytes, column: str, variable: Variable, values: Collection[str]) -> Mapping[str, str]:
    """Return value → label for values of a variable, whose full name is `column`; number codes stand as text.

    Raises PseudonymCollision where two texts would share a word.
    """
    if variable.codes:
        order = sorted(variable.codes, key=lambda code: _mac(key, column, code))
        return {code: letter(place) for place, code in enumerate(order) if code in values}
    labels = {value: _word(_mac(key, column, value)) for value in values}
    if len(set(labels.values())) < len(labels):
        raise PseudonymCollision(f"Two values of {column} would get one label.", "Use another project key.")
    return labels


def make_labels(
    connection: duckdb.DuckDBPyConnection,
    key: bytes,
    table: str,
    variables: Sequence[Variable],
    rules: Rules,
    rows: str,
) -> str:
    """Make a table of labels for each blinded variable of a table, of the values its rows have.

    Return what joins them to those rows, a query's relation: so each label stands in its `label_column`.
    """
    blinded = [variable for variable in variables if variable.name in rules and rules[variable.name].blind]
    return "".join(_make_labels(connection, key, f"{table}.{variable.name}", variable, rows) for variable in blinded)


def _make_labels(connection: duckdb.DuckDBPyConnection, key: bytes, column: str, variable: Variable, rows: str) -> str:
    """Make one variable's table of value and label, and return the join.

    The label is an enum of these values' labels and no other, for an enum goes into the Parquet whole.
    """
    name, made, kind = map(identifier, (variable.name, f"labels_{column}", f"label_{column}"))
    distinct = f"SELECT DISTINCT {name}::VARCHAR FROM {rows} WHERE {name} IS NOT NULL"
    labels = labels_of(key, column, variable, [value for (value,) in connection.execute(distinct).fetchall()])
    schema = pa.schema([("value", pa.string()), ("label", pa.string())])
    given = pa.table({"value": list(labels), "label": list(labels.values())}, schema=schema)
    with registered(connection, "labelled", given):
        connection.execute(f"CREATE TYPE {kind} AS ENUM (SELECT label FROM labelled ORDER BY label)")
        connection.execute(
            f"CREATE TABLE {made} AS SELECT value::{variable.sql_type} AS {VALUE}, "
            f"label::{kind} AS {identifier(label_column(variable.name))} FROM labelled"
        )
    return f" LEFT JOIN {made} ON {made}.{VALUE} = {name}"


def _mac(key: bytes, column: str, value: str) -> bytes:
    return hmac.digest(key, f"{_BLIND}{column}\0{value}".encode(), sha256)


def _word(mac: bytes) -> str:
    number, letters = int.from_bytes(mac), ""
    for _ in range(_WORD):
        number, place = divmod(number, len(ascii_uppercase))
        letters += ascii_uppercase[place]
    return letters
