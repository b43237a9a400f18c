"""Look for what names a person in free text: the source's own identifiers, addresses, telephone and personal numbers.

Texts are compared word by word and whole: `0001-0023`, `0001 0023` and `(0001/0023)` are the same identifier, and
`00010023` is another one. Only different texts are looked at, however many rows have them.
"""

from collections.abc import Iterator, Sequence

import duckdb

from data_catalog.engine import identifier, literal
from data_catalog.models import Table, VariableType
from data_catalog.report import SHOWN_PER_RULE, Finding, Violation

PATIENTS = "patient"
"""The table that names everybody."""

SHORTEST_NUMBER = 5
"""Identifiers of digits alone that are shorter would be found in every dose; those with a letter are all looked for."""

MOST_WORDS = 8
"""Words of an identifier that are looked for in a row; a UUID has five."""

_EDGE = r"(?:^|[^0-9A-Za-z])"
_END = r"(?:$|[^0-9A-Za-z])"
_DAY = "(?:0[1-9]|[12][0-9]|3[01])"
_MONTH = "(?:0[1-9]|1[0-2])"
_CZECH_MONTH = "(?:[0257][1-9]|[1368][0-2])"  # women have 50 added, later series 20

CONTACTS = {
    "an e-mail address": r"[0-9A-Za-z._%+-]+@[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*\.[A-Za-z]{2,}",
    "a telephone number": "|".join(
        (
            rf"{_EDGE}\+[1-9](?:[ ./-]?\(?[0-9]\)?){{7,14}}{_END}",
            rf"{_EDGE}00[1-9][0-9]?(?:[ ./-][0-9]+)(?:[ ./-]?[0-9]){{5,12}}{_END}",
            rf"{_EDGE}0[0-9](?:[ .-][0-9]{{2}}){{4}}{_END}",
            rf"{_EDGE}[0-9]{{2}}(?: [0-9]{{2}}){{3}}{_END}",
            rf"{_EDGE}[0-9]{{3}} [0-9]{{3}} [0-9]{{3}}{_END}",
            r"(?i:\b(?:tel|tlf|telefon|phone|mobile?|cell)\b[^0-9A-Za-z]{0,3}[0-9(+])",
        )
    ),
    "a personal number": "|".join(
        (
            # Denmark, Iceland, Finland (day, month, year) and Sweden (year, month, day); Czech with a slash.
            rf"{_EDGE}{_DAY}{_MONTH}[0-9]{{2}}[-+A][0-9]{{3}}[0-9A-Z]{_END}",
            rf"{_EDGE}(?:19|20)?[0-9]{{2}}{_MONTH}{_DAY}[-+][0-9]{{4}}{_END}",
            rf"{_EDGE}(?:19|20)[0-9]{{2}}{_MONTH}{_DAY}[0-9]{{4}}{_END}",
            rf"{_EDGE}[0-9]{{2}}{_CZECH_MONTH}{_DAY}/[0-9]{{3,4}}{_END}",
            # Norway, and Denmark and Sweden without the dash.
            rf"{_EDGE}{_DAY}{_MONTH}[0-9]{{6,7}}{_END}",
            rf"{_EDGE}[0-9]{{2}}{_MONTH}{_DAY}[0-9]{{4}}{_END}",
            # Italy and France.
            rf"{_EDGE}[A-Za-z]{{6}}[0-9]{{2}}[A-Za-z][0-9]{{2}}[A-Za-z][0-9]{{3}}[A-Za-z]{_END}",
            rf"{_EDGE}[12] ?[0-9]{{2}} ?{_MONTH} ?[0-9]{{2}} ?[0-9]{{3}} ?[0-9]{{3}}(?: ?[0-9]{{2}})?{_END}",
        )
    ),
}
"""What a text may not hold, and the regular expression (RE2) that finds it."""

_WORDS = r"list_filter(string_split_regex(lower({}), '[^\p{{L}}\p{{N}}]+'), lambda word: word <> '')"


def check_free_text(connection: duckdb.DuckDBPyConnection, relations: Sequence[tuple[str, Table]]) -> list[Finding]:
    """Return what names a person in the text variables of typed tables (each with its name in SQL)."""
    texts = [
        (relation, table, variable.name)
        for relation, table in relations
        for variable in table.variables
        if variable.type is VariableType.TEXT
    ]
    words = _collect_identifiers(connection, relations)
    found = [f for relation, table, name in texts for f in _check_text(connection, relation, table, name, words)]
    connection.execute("DROP TABLE _known")
    connection.execute("DROP TABLE IF EXISTS _texts")
    return found


def _collect_identifiers(connection: duckdb.DuckDBPyConnection, relations: Sequence[tuple[str, Table]]) -> int:
    """Put every person's identifier, word by word, into the table `_known`; return how many words the longest has."""
    # Whoever is not among the patients is refused anyway, so the other tables need not be gone through.
    naming = [(relation, table) for relation, table in relations if table.name == PATIENTS] or relations
    people = " UNION ".join(f"SELECT {identifier(table.person)} AS id FROM {relation}" for relation, table in naming)
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE _known AS "
        "SELECT DISTINCT array_to_string(words, ' ') AS id, len(words) AS words "
        f"FROM (SELECT {_WORDS.format('id')} AS words FROM ({people}) "
        f"WHERE length(id) >= {SHORTEST_NUMBER} OR regexp_matches(id, '[A-Za-z]')) "
        f"WHERE len(words) BETWEEN 1 AND {MOST_WORDS}"
    )
    longest = connection.execute("SELECT coalesce(max(words), 0) FROM _known").fetchone()
    assert longest is not None
    return int(longest[0])


def _check_text(
    connection: duckdb.DuckDBPyConnection, relation: str, table: Table, name: str, words: int
) -> Iterator[Finding]:
    column = identifier(name)
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE _texts AS SELECT {column} AS text, count(*) AS rows FROM {relation} "
        f"WHERE {column} IS NOT NULL GROUP BY {column}"
    )
    for what, pattern in CONTACTS.items():
        yield from _finding(connection, relation, table, name, what, f"regexp_matches(text, {literal(pattern)})")
    if words:
        yield from _finding(
            connection, relation, table, name, "the identifier of a person of this source", _names_somebody(words)
        )


def _names_somebody(most: int) -> str:
    """Return the condition that one to `most` words of a text in a row are an identifier."""
    return (
        f"text IN (SELECT text FROM (SELECT text, unnest(flatten(list_transform(range(1, {most} + 1), lambda n: "
        "list_transform(range(1, len(words) - n + 2), lambda i: array_to_string(words[i:i + n - 1], ' '))))) AS id "
        f"FROM (SELECT text, {_WORDS.format('text')} AS words FROM _texts)) WHERE id IN (SELECT id FROM _known))"
    )


def _finding(
    connection: duckdb.DuckDBPyConnection, relation: str, table: Table, name: str, what: str, condition: str
) -> Iterator[Finding]:
    """Count the rows whose text meets the condition and list the first; the texts themselves are not repeated."""
    named = f"SELECT text, rows FROM _texts WHERE {condition}"
    total = connection.execute(f"SELECT sum(rows) FROM ({named})").fetchone()
    if total is None or total[0] is None:
        return
    rows = connection.execute(
        f"SELECT _row FROM {relation} WHERE {identifier(name)} IN (SELECT text FROM ({named})) "
        f"ORDER BY _row LIMIT {SHOWN_PER_RULE}"
    ).fetchall()
    violations = tuple(Violation(row, None) for (row,) in rows)
    yield Finding(table.name, name, f"free text that holds {what}", int(total[0]), violations)
