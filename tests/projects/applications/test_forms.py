"""How coarse a variable is, on a page: what is offered, what was said, and that nothing said is lost by saving."""

from typing import Any

import pytest

from data_catalog.cdm import cdm_table
from data_catalog.models import Variable
from projects.applications.forms import answers_in, offered_for


def variable(table: str, name: str) -> Variable:
    found = cdm_table(table).variable(name)
    assert found is not None
    return found


def chosen(table: str, name: str, said: dict[str, Any] | None) -> str:
    """The value a page's box stands at."""
    return next((way for way, _, is_said in offered_for(variable(table, name), said) if is_said), "")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("birth_date", None),
        ("birth_date", {"truncate": "year"}),
        ("birth_date", {"truncate": "year", "shift": None, "band": None}),
        ("birth_date", {"shift": 90}),
        ("arm", {"blind": True}),
        ("arm", {"pool": {"treated": ["active"]}}),
        ("course", {"pool": {"progressive": ["ppms", "spms"]}}),
    ],
)
def test_what_was_said_is_said_again_by_saving_the_page(name: str, said: dict[str, Any] | None) -> None:
    place = f"ms_cidr.patient.{name}"
    form = {f"pick:{place}": "on", f"rule:{place}": chosen("patient", name, said)}
    asked = answers_in("data", form)["datasets"]["ms_cidr"]["patient"]  # type: ignore[index]
    kept = {part: value for part, value in (said or {}).items() if value is not None}
    assert asked.get("generalise", {}).get(name, {}) == kept


def test_labels_are_offered_for_what_tells_the_treatment() -> None:
    assert "blind" in {way for way, _, _ in offered_for(variable("patient", "arm"), None)}
    assert offered_for(variable("patient", "sex"), None) == ()


@pytest.mark.parametrize("told", ["nonsense", "[1]", "{"])
def test_what_is_no_rule_is_none(told: str) -> None:
    form = {"pick:ms_cidr.patient.arm": "on", "rule:ms_cidr.patient.arm": told}
    asked = answers_in("data", form)["datasets"]["ms_cidr"]["patient"]  # type: ignore[index]
    assert asked["generalise"] == {"arm": {}}
