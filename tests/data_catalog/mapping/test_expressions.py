"""The language of conditions and derivations: what it says, and that nothing else gets through."""

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_catalog.errors import ExpressionRefused
from data_catalog.mapping.expressions import check_expression, compiled, compiled_text


def answer(sql: str) -> tuple[object, ...] | None:
    """What a query gives, on a connection of its own."""
    with duckdb.connect() as connection:
        return connection.execute(sql).fetchall()[0]


COLUMNS = ("A", "B", "patients.LEK 1", "É")

MEANS = [
    ("A", "x"),
    ("lower(coalesce(B, A))", "x"),
    ("coalesce(B, 'none')", "none"),
    ("A || '-' || É", "x-3,5"),
    ("concat(A, upper(A))", "xX"),
    ("substr('abcdef', 2, 3)", "bcd"),
    ("trim('  y ')", "y"),
    ("nullif(A, 'x')", None),
    ("case when A = 'x' then 'yes' else 'no' end", "yes"),
    ("number(replace(É, ',', '.')) * 2", "7"),
    ("number(replace(É, ',', '.')) + 0.25", "3.75"),
    ("number('no number')", None),
    ('"patients.LEK 1"', "Lek"),
    ('patients."LEK 1"', "Lek"),
    ("case when A in ('x', 'y') and B is null then '1' end", "1"),
    ("case when number('5') between 1 and 5 then 'in' end", "in"),
    ("case when A like 'x%' or not A <> 'x' then 'is' end", "is"),
]


@pytest.mark.parametrize(("text", "meaning"), MEANS, ids=[text for text, _ in MEANS])
def test_what_an_expression_means(text: str, meaning: str | None) -> None:
    sql = compiled_text(text, COLUMNS)
    row = 'SELECT \'x\' AS "A", NULL::VARCHAR AS "B", \'Lek\' AS "patients.LEK 1", \'3,5\' AS "É"'
    assert answer(f"SELECT {sql} FROM ({row})") == (meaning,)


REFUSED = [
    "",
    "A; drop table raw_patients",
    "(select 1)",
    "A in (select id from raw_patients)",
    "exists (select 1)",
    "read_csv('/etc/passwd')",
    "getenv('HOME')",
    "number(A, B)",
    "A::integer",
    "cast(A as integer)",
    "count(*)",
    "row_number() over ()",
    "*",
    "x.y.z",
    "raw_patients",
    "A = ?",
    "$1",
    "A -> '$.x'",
    "A[1]",
    "list_transform([1], x -> x)",
    "A glob '*'",
    "current_user",
    "query('select 1')",
    "a" * 2001,
    "(" * 400 + "A" + ")" * 400,
]


@pytest.mark.parametrize("text", REFUSED, ids=[text[:40] for text in REFUSED])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ExpressionRefused):
        compiled(text, COLUMNS)


def test_without_the_list_an_expression_reads_the_hosts_files() -> None:
    assert answer("SELECT (SELECT any_value(column0) FROM read_csv('/etc/passwd', header = false, sep = ':'))") != (
        None,
    )


def test_a_column_that_is_not_there_is_named_with_one_that_is() -> None:
    with pytest.raises(ExpressionRefused, match=r"no column 'patients.LEK1'; did you mean 'patients.LEK 1'\?"):
        compiled('patients."LEK1"', COLUMNS)


@given(st.text(max_size=60))
def test_no_text_makes_it_fail_otherwise(text: str) -> None:
    try:
        check_expression(text)
    except ExpressionRefused:
        return
    assert compiled_text(text, _AnyColumn())


class _AnyColumn(tuple[str, ...]):
    """Stands for a file that has whatever column is asked for."""

    def __contains__(self, name: object) -> bool:
        return True


@given(st.text(min_size=1, max_size=30).filter(lambda text: "\0" not in text))
def test_a_text_stays_a_text(text: str) -> None:
    quoted = "'" + text.replace("'", "''") + "'"
    try:
        sql = compiled_text(quoted, ())
    except ExpressionRefused:
        return
    assert answer(f"SELECT {sql}") == (text,)
