"""The rows a block starts from: one file's rows, others' columns beside them, filtered, and pivoted."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from data_catalog.engine import identifier, literal
from data_catalog.errors import ExpressionRefused
from data_catalog.hints import did_you_mean
from data_catalog.mapping.expressions import columns_of, compiled, compiled_text
from data_catalog.mapping.models import Join, Pivot, TableSource
from data_catalog.sources.reading import raw_name


@dataclass(frozen=True)
class Relation:
    """SQL of rows, each with `_row` (its number in the first file) and these columns of text."""

    sql: str
    columns: tuple[str, ...]


@dataclass(frozen=True)
class Ambiguity:
    """SQL that finds rows a block can't choose between: `_row` and what is ambiguous, in words; and if that refuses."""

    sql: str
    words: str
    refuses: bool = True


def relation(block: TableSource, columns: Mapping[str, Sequence[str]]) -> Relation:
    """Compile the rows of a block, `columns` being what each file has; raises ExpressionRefused for one it has not."""
    rows = _joined(block, columns)
    if block.where:
        rows = Relation(f"SELECT * FROM ({rows.sql}) WHERE {compiled(block.where, rows.columns)}", rows.columns)
    return _pivoted(rows, block.pivot) if block.pivot else rows


def ambiguities(block: TableSource, columns: Mapping[str, Sequence[str]]) -> Iterator[Ambiguity]:
    """Yield what would make the rows of a block depend on chance: two matches of a join, two values of a pivot."""
    for join in block.join:
        refuses = join.several == "refuse"
        numbered = f"row_number() OVER (PARTITION BY {_keys(join)} ORDER BY _row)"
        yield Ambiguity(
            f"SELECT _row FROM {raw_name(join.file)} QUALIFY {numbered} > 1",
            f"a second row of {join.file} with the same {', '.join(join.on.values())}" + _unless(refuses),
            refuses,
        )
    if block.pivot and block.pivot.several != "mean":
        rows = _unpivoted(relation(block.model_copy(update={"pivot": None}), columns), block.pivot)
        by = ", ".join(map(identifier, block.pivot.keys)) + f", {_NAME}"
        first = f"first_value({_HELD}) OVER (PARTITION BY {by} ORDER BY _row)"
        refuses = block.pivot.several == "refuse"
        rows += "" if refuses else f" AND {_HELD} IS NOT NULL"
        yield Ambiguity(
            f"SELECT _row FROM ({rows}) QUALIFY {_HELD} IS DISTINCT FROM {first}",
            f"another value of the same {block.pivot.name} for the same {', '.join(block.pivot.keys)}"
            + _unless(refuses),
            refuses,
        )


def _unless(refuses: bool) -> str:
    return "" if refuses else ": none of them is kept, as the mapping says"


def _keys(join: Join) -> str:
    return ", ".join(identifier(theirs) for theirs in join.on.values())


def named_of(block: TableSource, file: str) -> set[str]:
    """Return the columns of a file that a block names."""
    said = {source.column for source in block.variables.values()}
    for text in (block.where, *(source.derive for source in block.variables.values())):
        said |= columns_of(text) if text else set()
    if block.pivot:
        said -= set(block.pivot.names)
        said |= {*block.pivot.keys, *columns_of(block.pivot.name), *block.pivot.values}
    own = {name for join in block.join for name in join.on} if block.from_ == file else set()
    theirs = {name for join in block.join if join.file == file for name in join.on.values()}
    for name in said - {""}:
        of, dot, column = name.partition(".")
        if dot and any(join.file == of for join in block.join):
            theirs |= {column} if of == file else set()
        elif block.from_ == file:
            own.add(name)
    return own | theirs


def _joined(block: TableSource, columns: Mapping[str, Sequence[str]]) -> Relation:
    own = tuple(columns[block.from_])
    selected = ["a._row", *(f"a.{identifier(column)}" for column in own)]
    joins, names = "", list(own)
    for join in block.join:
        _check_columns(join, own, columns[join.file])
        alias = identifier(join.file)
        for column in columns[join.file]:
            names.append(f"{join.file}.{column}")
            selected.append(f"{alias}.{identifier(column)} AS {identifier(names[-1])}")
        on = " AND ".join(f"a.{identifier(ours)} = {alias}.{identifier(theirs)}" for ours, theirs in join.on.items())
        one = f"(FROM {raw_name(join.file)} QUALIFY count(*) OVER (PARTITION BY {_keys(join)}) = 1)"
        joins += f" LEFT JOIN {raw_name(join.file) if join.several == 'refuse' else one} AS {alias} ON {on}"
    return Relation(f"SELECT {', '.join(selected)} FROM {raw_name(block.from_)} AS a{joins}", tuple(names))


def _check_columns(join: Join, own: Sequence[str], theirs: Sequence[str]) -> None:
    for ours, other in join.on.items():
        for column, known in ((ours, own), (other, theirs)):
            if column not in known:
                raise ExpressionRefused(f"There is no column {column!r} to join{did_you_mean(column, known) or '.'}")


def _pivoted(rows: Relation, pivot: Pivot) -> Relation:
    keys = ", ".join(map(identifier, pivot.keys))
    wide = ", ".join(f"{_kept(pivot, one)} AS {identifier(one)}" for one in pivot.names)
    sql = f"SELECT min(_row) AS _row, {keys}, {wide} FROM ({_unpivoted(rows, pivot)}) GROUP BY {keys}"
    return Relation(sql, (*pivot.keys, *pivot.names))


def _kept(pivot: Pivot, name: str) -> str:
    """Return SQL of what is kept of the values of one name."""
    of = f"FILTER (WHERE {_NAME} = {literal(name)})"
    one = f"min({_HELD}) {of}"
    if pivot.several == "refuse":
        return one
    alike = f"CASE WHEN {one} = max({_HELD}) {of} THEN {one}"
    if pivot.several == "missing":
        return f"{alike} END"
    number = f"TRY_CAST({_HELD} AS DOUBLE)"
    all_numbers = f"count({number}) {of} = count({_HELD}) {of}"
    told = f"string_agg({_HELD}, ' and ' ORDER BY _row) {of}"  # read as no number, and reported as what it is
    return f"{alike} WHEN {all_numbers} THEN CAST(avg({number}) {of} AS VARCHAR) ELSE {told} END"


def _unpivoted(rows: Relation, pivot: Pivot) -> str:
    """Return SQL of the rows that are put together: their keys, what each value is, and the value."""
    for column in (*pivot.keys, *pivot.values):
        if column not in rows.columns:
            raise ExpressionRefused(
                f"There is no column {column!r} to pivot{did_you_mean(column, rows.columns) or '.'}"
            )
    keys = ", ".join(
        f"left({identifier(key)}, {_DAY}) AS {identifier(key)}" if key in pivot.days else identifier(key)
        for key in pivot.keys
    )
    held = f"coalesce({', '.join(map(identifier, pivot.values))})"
    name = compiled_text(pivot.name, rows.columns)
    named = f"SELECT _row, {keys}, {name} AS {_NAME}, {held} AS {_HELD} FROM ({rows.sql})"
    return f"FROM ({named}) WHERE {_NAME} IN ({', '.join(map(literal, pivot.names))})"


_NAME, _HELD = '"_name"', '"_value"'
_DAY = len("2019-03-02")
