"""Dates as sources write them, as tables: the first day the text can mean, and how long the period is."""

from datetime import date

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_catalog.engine import literal
from data_catalog.mapping.dates import check_format, parsed

FRENCH = ("%d/%m/%Y", "DM/%m/%Y", "%d/%m/%y", "%m/%Y", "%Y")

READ = [
    # forms, text, date, precision
    (FRENCH, "14/05/2020", date(2020, 5, 14), "day"),
    (FRENCH, "DM/01/2010", date(2010, 1, 1), "month"),
    (FRENCH, "2015", date(2015, 1, 1), "year"),
    (FRENCH, "08/2018", date(2018, 8, 1), "month"),
    (FRENCH, "14/05/20", date(2020, 5, 14), "day"),
    (("%d.%m.%Y",), "1.2.2003", date(2003, 2, 1), "day"),
    (("%d-%b-%Y",), "07-Mar-1999", date(1999, 3, 7), "day"),
    (("iso",), "2019", date(2019, 1, 1), "year"),
    (("iso",), "2019-03", date(2019, 3, 1), "month"),
    (("iso",), "2019-03-02", date(2019, 3, 2), "day"),
    (("iso",), "2019-03-02T10:30", date(2019, 3, 2), "day"),
    (("iso",), "2019---15", date(2019, 1, 1), "year"),
    (("iso",), "2019---15T10:30", date(2019, 1, 1), "year"),
]

UNREAD = [
    (FRENCH, "31/02/2020"),
    (FRENCH, "DM/13/2010"),
    (FRENCH, "2015 "),
    (FRENCH, "about 2015"),
    (FRENCH, "99999"),
    (("%d.%m.%Y",), "01.02.03"),
    (("%d.%m.%Y",), "2003-02-01"),
    (("iso",), "2019-13"),
    (("iso",), "2019-02-30"),
    (("iso",), "--12-15"),
    (("iso",), "2019-01-01/2019-02-15"),
    (("iso",), "T10:30"),
]


def read(forms: tuple[str, ...], text: str) -> tuple[date | None, str]:
    day, precision = parsed(literal(text), forms)
    with duckdb.connect() as connection:
        return connection.execute(f"SELECT {day}, {precision}").fetchall()[0]


@pytest.mark.parametrize(("forms", "text", "day", "precision"), READ)
def test_a_date_and_its_precision(forms: tuple[str, ...], text: str, day: date, precision: str) -> None:
    assert read(forms, text) == (day, precision)


@pytest.mark.parametrize(("forms", "text"), UNREAD)
def test_what_is_no_date_of_these_forms_is_none(forms: tuple[str, ...], text: str) -> None:
    assert read(forms, text)[0] is None


def test_without_the_patterns_a_two_digit_year_lies_in_antiquity() -> None:
    with duckdb.connect() as connection:
        read_as = connection.execute("SELECT try_strptime('14/05/20', '%d/%m/%Y')::DATE").fetchall()
    assert read_as == [(date(20, 5, 14),)]


@pytest.mark.parametrize("form", ["%d.%m", "year", "%H:%M %Y", "%Q%Y", ""])
def test_a_form_without_a_year_or_with_another_part_is_refused(form: str) -> None:
    with pytest.raises(ValueError, match="is no form of a date"):
        check_format(form)


@given(
    st.dates(min_value=date(1900, 1, 1), max_value=date(2100, 1, 1)), st.sampled_from(["%d.%m.%Y", "%Y/%m/%d", "iso"])
)
def test_every_day_comes_back(day: date, form: str) -> None:
    text = day.isoformat() if form == "iso" else day.strftime(form)
    assert read((form,), text) == (day, "day")
