"""Row filters: what they mean, what they refuse, and that nothing else ever reaches DuckDB."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import event, example, given, settings
from hypothesis import strategies as st

from data_catalog.errors import FilterRefused
from data_catalog.filter import ALLOWED, LONGEST, compile_filter
from data_catalog.models import load_declaration

TABLE = load_declaration(Path(__file__).parent / "clinic.toml").tables[0]

VISITS = (
    "(VALUES ('ipt 01', DATE '2001-05-07', 34, 20, 2.5::DOUBLE, 1, 'MX', 'well'), "
    "('ipt 02', DATE '2002-01-31', 17, NULL, NULL, 2, 'SE', 'it''s \"so\"'), "
    "('ipt 03', DATE '2003-12-31', 60, 0, 6.0, 1, 'SE', NULL)) "
    "visits(patient_id, visit_date, age, schooling, edss, gender, country, note)"
)


MEANINGS = {
    "": "123",
    "   ": "123",
    "age >= 18": "13",
    "18 <= age": "13",
    "age = 34": "1",
    "age <> 34": "23",
    "age != 34": "23",
    "age between 17 and 34": "12",
    "age not between 17 and 34": "3",
    "age in (17, 60)": "23",
    "age not in (17, 60)": "1",
    "schooling is null": "2",
    "schooling is not null": "13",
    "schooling > -1": "13",
    "not schooling > 0": "3",
    "edss >= 2.5": "13",
    "edss = 6": "3",
    "gender = 1 and country = 'SE'": "3",
    "gender = 2 or age > 50 and edss > 5": "23",
    "(gender = 2 or age > 50) and edss > 5": "3",
    "not (gender = 2 or age > 50)": "1",
    "visit_date >= '2002-01-31'": "23",
    "visit_date between '2001-01-01' and '2001-12-31'": "1",
    "note = 'it''s \"so\"'": "2",
    '"age" >= 18': "13",
    "visits.age >= 18": "13",
    "years(visit_date, visit_date) = 0": "123",
    "age >= 18 -- and so on": "13",
}


@pytest.mark.parametrize(("text", "people"), MEANINGS.items(), ids=MEANINGS)
def test_a_filter_keeps_the_rows_it_says(text: str, people: str) -> None:
    kept = duckdb.sql(f"SELECT patient_id FROM {VISITS} WHERE {compile_filter(text, TABLE)} ORDER BY 1").fetchall()
    assert "".join(person[-1] for (person,) in kept) == people


REFUSED = {
    "age >=": "can not be understood",
    "age >= 18; drop table visits": "is one condition",
    "drop table visits": "DROP has no place here",
    "select 1": "SELECT has no place here",
    "age >= (select 1)": "has no place here",
    "age in (select 1)": "has no place here",
    "exists (select 1)": "has no place here",
    "age": "COLUMN has no place here",
    "true": "BOOLEAN has no place here",
    "1 = 1": "LITERAL has no place here",
    "age = age": "COLUMN has no place here",
    "age + 1 > 2": "ADD has no place here",
    "age > 1 + 1": "ADD has no place here",
    "abs(age) > 1": "ABS has no place here",
    "age > random()": "has no place here",
    "note like '%'": "LIKE has no place here",
    "note = 'a' || 'b'": "has no place here",
    "note = E'\\n'": "has no place here",
    "note = $$x$$": "has no place here",
    "note = 'a' 'b'": "has no place here",
    "main.visits.age > 1": "has no place here",
    "patients.age > 1": "patients.age is no variable of visits",
    "years(visit_date) > 1": "years takes two dates",
    "years(visit_date, age) > 1": "years takes two dates",
    "years(visit_date, visit_date, visit_date) > 1": "years takes two dates",
    "years(visit_date, '2020-01-01') > 1": "has no place here",
    "years(visit_date, patient_id) > 1": "is an identifier",
    "years(visit_date, visit_date) > 1.5": "has no place here",
    "years(visit_date, visit_date) > age": "has no place here",
    "years(visit_date, visit_date) in (1)": "has no place here",
    "months(visit_date, visit_date) > 1": "The function months has no place here",
    "age::varchar = '1'": "has no place here",
    "cast(age as varchar) = '1'": "has no place here",
    "read_text('/etc/passwd') = 'x'": "has no place here",
    "case when age > 1 then true end": "has no place here",
    "age between symmetric 30 and 20": "BETWEEN has no place here",
    "1 < age < 3": "LT has no place here",
    "age = ?": "has no place here",
    "age = $1": "has no place here",
    "age is true": "IS has no place here",
    "age is distinct from 1": "has no place here",
    "(age, gender) = (1, 2)": "has no place here",
    "agee > 1": "visits has no variable 'agee'; did you mean 'age'?",
    "Age > 1": "visits has no variable 'Age'; did you mean 'age'?",
    "rowid = 1": "visits has no variable 'rowid'",
    "patient_id = 'ipt 01'": "patient_id is an identifier",
    "age = 'old'": "'old' does not fit age, which takes a whole number",
    "age = 18.5": "'18.5' does not fit age, which takes a whole number",
    "age = 1e3": "'1e3' does not fit age",
    "edss = 'high'": "'high' does not fit edss, which takes a value of type decimal",
    "gender = 3": "3 is no code of gender. Its codes are: 1 male, 2 female.",
    "gender = '1'": "'1' does not fit gender",
    "country = 'mx'": "mx is no code of country; did you mean 'MX'? Its codes are: MX Mexico, SE Sweden.",
    "note = 5": "'5' does not fit note",
    "visit_date > 2001": "'2001' does not fit visit_date, which takes a date like '2006-01-31'",
    "visit_date > '20010131'": "'20010131' does not fit visit_date",
    "visit_date > '2001-02-30'": "'2001-02-30' does not fit visit_date",
    "visit_date > 'May'": "'May' does not fit visit_date, which takes a date like '2006-01-31'",
    "note = -'a'": "does not fit note",
    "age in ()": "IN has no place here",
    "(" * 400 + "age = 1" + ")" * 400: "nested too deeply",
    "not " * 400 + "age = 1": "nested too deeply",
    "age = 1 or " * 500 + "age = 1": f"up to {LONGEST} characters",
}


@pytest.mark.parametrize(("text", "said"), REFUSED.items(), ids=[text[:40] for text in REFUSED])
def test_what_is_no_filter_is_refused_and_told_what_is(text: str, said: str) -> None:
    with pytest.raises(FilterRefused) as refused:
        compile_filter(text, TABLE)
    assert said in str(refused.value)
    assert ALLOWED in str(refused.value) or "codes" in str(refused.value) or "characters" in str(refused.value)


def test_without_the_check_the_text_would_do_anything() -> None:
    """What a filter spliced into a query could do, and no compiled one can: read a file of the host."""
    attack = "age >= 0 OR (SELECT length(content) > 0 FROM read_text('/etc/hostname'))"
    assert len(duckdb.sql(f"SELECT * FROM {VISITS} WHERE {attack}").fetchall()) == 3


NODES = {
    ("COMPARISON", "COMPARE_EQUAL"),
    ("COMPARISON", "COMPARE_NOTEQUAL"),
    ("COMPARISON", "COMPARE_LESSTHAN"),
    ("COMPARISON", "COMPARE_LESSTHANOREQUALTO"),
    ("COMPARISON", "COMPARE_GREATERTHAN"),
    ("COMPARISON", "COMPARE_GREATERTHANOREQUALTO"),
    ("CONJUNCTION", "CONJUNCTION_AND"),
    ("CONJUNCTION", "CONJUNCTION_OR"),
    ("OPERATOR", "OPERATOR_NOT"),
    ("OPERATOR", "OPERATOR_IS_NULL"),
    ("OPERATOR", "OPERATOR_IS_NOT_NULL"),
    ("OPERATOR", "COMPARE_IN"),
    ("OPERATOR", "COMPARE_NOT_IN"),
    ("BETWEEN", "COMPARE_BETWEEN"),
    ("COLUMN_REF", "COLUMN_REF"),
    ("CONSTANT", "VALUE_CONSTANT"),
    ("CAST", "OPERATOR_CAST"),
    ("TYPE", "TYPE"),
}
"""Everything a compiled filter may consist of, as DuckDB's own parser names it."""

VARIABLES = [variable.name for variable in TABLE.variables]
WORDS = [
    *("and", "or", "not", "is", "null", "in", "between", "(", ")", ",", "=", "<", "<=", "<>", ">=", "-", "1", "0.5"),
    *("'x'", "''", "'MX'", "select", "from", "read_text", "--", ";", "*", "::", "||", '"', "'", "$$", "e'", "x", "."),
    *("case", "when", "then", "end", "cast", "as", "true", "exists", "any", "[", "]", "{", "}", "\0", "'2001-01-01'"),
]

names, words = st.sampled_from(VARIABLES), st.sampled_from([*VARIABLES, *WORDS])
values = st.one_of(
    st.integers(-3, 60).map(str),
    st.decimals(0, 10, places=1).map(str),
    st.text(max_size=12).map(lambda text: "'" + text.replace("'", "''") + "'"),
    st.sampled_from(["'MX'", "'SE'", "'2001-01-01'"]),
)
simple = st.one_of(
    st.builds("{} {} {}".format, names, st.sampled_from(["=", "<", ">=", "<>"]), values),
    st.builds("{} >= {}".format, values, names),
    st.builds("{} in ({}, {})".format, names, values, values),
    st.builds("{} between {} and {}".format, names, values, values),
    st.builds("{} is not null".format, names),
)
nested = st.recursive(
    simple,
    lambda inner: st.one_of(
        st.builds("({} and {})".format, inner, inner),
        st.builds("{} or {}".format, inner, inner),
        st.builds("not {}".format, inner),
        st.builds("{} {}".format, inner, words),
    ),
    max_leaves=6,
)
texts = st.one_of(st.text(max_size=60), st.lists(words, max_size=14).map(" ".join), simple, nested)


@settings(max_examples=400, deadline=None)
@given(texts)
@example("visit_date between '2001-01-01' and '2001-12-31' and not note = 'it''s' or edss >= 2.5")
def test_no_text_compiles_to_anything_outside_the_list(text: str) -> None:
    try:
        condition = compile_filter(text, TABLE)
    except FilterRefused:
        event("refused")
        return
    event("compiled")
    if condition != "TRUE":
        statement = parsed(f"SELECT 1 FROM patients WHERE {condition}")
        assert statement["select_list"] == parsed("SELECT 1 FROM patients WHERE 1 = 1")["select_list"]
        for node in nodes(statement["where_clause"]):
            assert (node["class"], node["type"]) in NODES
            if node["class"] == "COLUMN_REF":
                assert node["column_names"][0] in TABLE.approvable
                assert len(node["column_names"]) == 1
            if node["class"] == "TYPE":
                assert node["type_name"] == "DATE"
            if node["class"] == "CONSTANT":
                assert node["literal"]["kind"] in ("STRING", "NUMERIC", "INTEGER")


def parsed(query: str) -> dict[str, Any]:
    """The one statement in a query, as DuckDB's own parser understands it."""
    ((written,),) = duckdb.execute("SELECT json_serialize_sql(?)", [query]).fetchall()
    (statement,) = json.loads(written)["statements"]
    node = statement["node"]
    assert isinstance(node, dict)
    return node


def nodes(tree: object) -> Iterator[dict[str, Any]]:
    """Every expression in a condition."""
    if isinstance(tree, dict):
        if "class" in tree and "type" in tree:
            yield tree
        for value in tree.values():
            yield from nodes(value)
    if isinstance(tree, list):
        for value in tree:
            yield from nodes(value)
