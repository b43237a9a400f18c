"""The rules' pages: in words for everybody signed in, and a version confirmed by the committee, not by its proposer."""

from dataclasses import replace

import pytest

from core.database import Database
from core.people.models import Person, Role
from projects.resource_rules.errors import OwnRules
from projects.resource_rules.models import Clocks, load_rules
from projects.resource_rules.service import confirm_rules, propose_rules, rules_in_force
from tests.support.catalog import RULES, ready
from tests.support.pages import FROM_OURSELVES
from tests.support.portal import Sits

MS_CIDR = load_rules(RULES / "ms_cidr.toml")
QUICKER = MS_CIDR.model_copy(update={"clocks": Clocks(review=14), "about": "Trials <b>and</b> scans"})


@pytest.fixture
def proposed(database: Database, people: dict[str, Person]) -> None:
    """Rules in force, and a second version of one that waits."""
    ready(database, people)
    propose_rules(database, people["olga"], QUICKER)


def test_everybody_signed_in_reads_every_resources_rules(
    database: Database, people: dict[str, Person], sits: Sits
) -> None:
    ravi = sits("ravi")
    assert "No resource has rules yet" in ravi.open("/rules").text
    ready(database, people)
    page = ravi.open("/rules")
    assert all(label in page.text for label in ("MS CIDR", "BMSD"))
    page = ravi.open("/rules/ms_cidr")
    assert "First call: 5 May 2026 through 17 June 2026, UTC, both days included" in page.text
    assert "Not allowed: anything that is not about MS." in page.text
    assert "by dirk" in page.text
    assert not page.has_button("Confirm version 1")


def test_a_version_is_confirmed_after_its_difference_was_seen(proposed: None, sits: Sits) -> None:
    dirk = sits("dirk")
    assert "Rules to confirm" in dirk.open("/").text
    page = dirk.open("/rules/ms_cidr/2")
    assert "clocks.review" in page.text
    assert "Trials <b>and</b> scans" in page.text, "written as text"
    assert "in force" in dirk.open("/rules/ms_cidr/1").text, "still"
    page = dirk.press(page, "Confirm version 2")
    assert "Version 2 of the rules of MS CIDR is in force." in page.text
    assert "The committee decides within 14 days." in page.text
    assert "Rules to confirm" not in dirk.open("/").text
    assert "replaced" in dirk.open("/rules/ms_cidr/1").text


@pytest.mark.parametrize("username", ["olga", "otto", "rosa", "anna"])
def test_others_do_not_confirm(proposed: None, sits: Sits, database: Database, username: str) -> None:
    reader = sits(username)
    page = reader.open("/rules/ms_cidr/2")
    assert not page.has_button("Confirm version 2")
    token = reader.open("/applications").soup.find("input", {"name": "form_token"})["value"]  # type: ignore[index]
    answer = reader.client.post("/rules/ms_cidr/2/confirm", data={"form_token": token}, headers=FROM_OURSELVES)
    assert answer.status_code == 403
    with database.read() as connection:
        assert rules_in_force(connection, "ms_cidr").number == 1


def test_nobody_confirms_what_they_proposed(proposed: None, database: Database, people: dict[str, Person]) -> None:
    both = replace(people["olga"], roles=frozenset({Role.OPS, Role.DAC_MEMBER}))
    with pytest.raises(OwnRules):
        confirm_rules(database, both, "ms_cidr", 2)


@pytest.mark.parametrize("path", ["/rules/nothing", "/rules/ms_cidr/9", "/rules/ms_cidr/-1"])
def test_what_is_not_there(proposed: None, sits: Sits, path: str) -> None:
    assert sits("rosa").open(path).status == 404
