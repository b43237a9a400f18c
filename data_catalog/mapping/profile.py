"""What a column of a delivery looks like, for the draft of a mapping: codes, a number, or a date and its forms."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import duckdb

from data_catalog.engine import identifier
from data_catalog.mapping.dates import parsed
from data_catalog.sources.reading import raw_name
from data_catalog.sources.texts import FILE, ROW

MOST_CODES = 12
"""Different values a column may have to be taken for codes and be listed."""
LOOKED_AT = 100_000
"""Rows of a file that are looked at for forms; `myelin source check` looks at every one."""
MOSTLY = 0.8
"""Share of a column's values that are dates, or numbers, where it is a column of dates, or of numbers."""

_FORMS = (
    *("%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%Y/%m/%d", "%Y%m%d", "%d%b%Y", "%d-%b-%Y"),
    *("%d.%m.%y", "%d/%m/%y", "%Y-%m", "%m.%Y", "%m/%Y", "%b%Y", "%Y"),
)
_DAY_OR_MONTH = frozenset({"%d/%m/%Y", "%m/%d/%Y"})
_EARLIEST, _LATEST = 1880, 2100
"""Years a date of a living person's file can have; what is outside is a number."""
_NUMBER = r"-?[0-9]+([.,][0-9]+)?"
_MOST_ODD = 5
_LONGEST_ODD = 20


@dataclass(frozen=True)
class Column:
    """What stands in a column; `odd` are repeated short texts among its dates or numbers."""

    codes: tuple[str, ...] = ()
    dates: tuple[str, ...] = ()
    number: bool = False
    comma: bool = False
    capitals: bool = False
    odd: tuple[str, ...] = ()

    @property
    def day_or_month_first(self) -> bool:
        """Whether the dates can be read with the day first and with the month first."""
        return set(self.dates) >= _DAY_OR_MONTH

    def to_text(self) -> str:
        """Say in a few words what stands in it."""
        if self.dates:
            return f"dates, {' or '.join(self.dates)}" + self._odd_text()
        if self.codes:
            return ", ".join(self.codes)
        return ("numbers" + " with a decimal comma" * self.comma + self._odd_text()) if self.number else "text"

    def _odd_text(self) -> str:
        return f"; also {', '.join(map(repr, self.odd))}" if self.odd else ""


def describe(connection: duckdb.DuckDBPyConnection, name: str) -> Mapping[str, Column]:
    """Return what stands in every column of a file that was read."""
    columns = [column for column, *_ in connection.execute(f"DESCRIBE {raw_name(name)}").fetchall()]
    return {column: _column(connection, name, column) for column in columns if column not in (ROW, FILE)}


def _column(connection: duckdb.DuckDBPyConnection, name: str, column: str) -> Column:
    values = (
        f"(SELECT {identifier(column)} AS v FROM {raw_name(name)} WHERE {identifier(column)} IS NOT NULL "
        f"LIMIT {LOOKED_AT})"
    )
    total, numbers, commas, capitals = _counts(
        connection,
        values,
        *("true", f"regexp_full_match(v, '{_NUMBER}')", f"regexp_full_match(v, '{_NUMBER}') AND contains(v, ',')"),
        "v = upper(v) AND v <> lower(v)",
    )
    forms = tuple(_forms(connection, values, total))
    codes = _codes(connection, name, column)
    if forms:
        return Column(dates=forms, codes=codes, odd=_odd(connection, values, _unread(forms)))
    if total and numbers >= MOSTLY * total:
        odd = _odd(connection, values, f"NOT regexp_full_match(v, '{_NUMBER}')")
        return Column(number=True, comma=commas > 0, codes=codes, odd=odd)
    return Column(codes=codes, capitals=capitals > 0)


def _codes(connection: duckdb.DuckDBPyConnection, name: str, column: str) -> tuple[str, ...]:
    """Return a column's values where they are few and most are seen more than once, nothing where they are not."""
    values = connection.execute(
        f"SELECT {identifier(column)}, count(*) FROM {raw_name(name)} WHERE {identifier(column)} IS NOT NULL "
        f"GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {MOST_CODES + 1}"
    ).fetchall()
    few = len(values) <= MOST_CODES and sum(times for _, times in values) > 2 * len(values)
    return tuple(value for value, _ in values) if few else ()


def _forms(connection: duckdb.DuckDBPyConnection, values: str, total: int) -> Iterator[str]:
    """Yield the forms a column's dates are written in, the most frequent first; nothing where they are no dates."""
    chosen: list[str] = []
    left = total
    while left and (best := _best_form(connection, values, chosen)):
        chosen.append(best)
        (left,) = _counts(connection, values, _unread(tuple(chosen)))
    if total and total - left >= MOSTLY * total:
        yield from chosen
        if set(chosen) & _DAY_OR_MONTH:
            yield from (form for form in _also_fitting(connection, values, chosen) if form not in chosen)


def _best_form(connection: duckdb.DuckDBPyConnection, values: str, chosen: list[str]) -> str:
    unread = _unread(tuple(chosen)) if chosen else "true"
    counts = _counts(connection, values, *(f"{unread} AND NOT {_unread((form,))}" for form in _FORMS))
    most = max(counts)
    return _FORMS[counts.index(most)] if most else ""


def _also_fitting(connection: duckdb.DuckDBPyConnection, values: str, chosen: list[str]) -> Iterator[str]:
    """Yield the other of day first and month first, where it reads as many values as the one that was chosen."""
    first, other = (form for form in sorted(_DAY_OR_MONTH, key=lambda form: form not in chosen))
    read_first, read_other = _counts(connection, values, f"NOT {_unread((first,))}", f"NOT {_unread((other,))}")
    if read_first == read_other:
        yield other


def _unread(forms: tuple[str, ...]) -> str:
    date, _ = parsed("v", forms)
    return f"coalesce(year({date}) NOT BETWEEN {_EARLIEST} AND {_LATEST}, true)"


def _odd(connection: duckdb.DuckDBPyConnection, values: str, unread: str) -> tuple[str, ...]:
    """Return what stands there again and again and is no date, or no number: likely words for missing."""
    found = connection.execute(
        f"SELECT v FROM {values} WHERE {unread} AND length(v) <= {_LONGEST_ODD} "
        f"GROUP BY v HAVING count(*) > 1 ORDER BY count(*) DESC, v LIMIT {_MOST_ODD}"
    ).fetchall()
    return tuple(text for (text,) in found)


def _counts(connection: duckdb.DuckDBPyConnection, values: str, *conditions: str) -> tuple[int, ...]:
    counted = ", ".join(f"count(*) FILTER (WHERE {condition})" for condition in conditions)
    found = connection.execute(f"SELECT {counted} FROM {values}").fetchone()
    assert found is not None
    return tuple(int(count) for count in found)
