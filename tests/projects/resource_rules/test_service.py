"""Versions of rules: one person proposes, another confirms, and every version is kept."""

import pytest

from core.audit.log import entries
from core.database import Database
from core.errors import Conflict, NotFound, Refused
from core.people.models import Person
from projects.resource_rules.errors import RulesSettled
from projects.resource_rules.models import load_rules
from projects.resource_rules.service import (
    all_in_force,
    confirm_rules,
    propose_rules,
    rules_by_hash,
    rules_in_force,
    versions,
)
from tests.support.catalog import RULES

MS_CIDR = load_rules(RULES / "ms_cidr.toml")
LATER = MS_CIDR.model_copy(update={"longest_days": 730})
People = dict[str, Person]


def test_proposed_rules_are_in_force_once_the_committee_confirms_them(database: Database, people: People) -> None:
    proposed = propose_rules(database, people["olga"], MS_CIDR)
    assert (proposed.number, proposed.proposed_by, proposed.confirmed_by) == (1, "olga", None)
    with database.read() as connection, pytest.raises(NotFound, match="no rules in force for 'ms_cidr'"):
        rules_in_force(connection, "ms_cidr")
    confirmed = confirm_rules(database, people["dirk"], "ms_cidr", 1)
    assert (confirmed.confirmed_by, confirmed.confirmed_at) == ("dirk", database.clock())
    with database.read() as connection:
        assert rules_in_force(connection, "ms_cidr") == confirmed
        said = [(entry.actor, entry.action) for entry, _ in entries(connection, subject="resource:ms_cidr")]
    assert [action for _, action in said] == ["projects:rules:propose", "projects:rules:confirm"]


@pytest.mark.parametrize("who", ["dirk", "lena", "dana", "anna", "chris"])
def test_only_operations_propose_rules(database: Database, people: People, who: str) -> None:
    with pytest.raises(Refused):
        propose_rules(database, people[who], MS_CIDR)
    with database.read() as connection:
        assert versions(connection) == []


@pytest.mark.parametrize("who", ["olga", "otto", "lena", "dana", "anna", "chris"])
def test_only_the_committee_confirms_rules(database: Database, people: People, who: str) -> None:
    propose_rules(database, people["olga"], MS_CIDR)
    with pytest.raises(Refused):
        confirm_rules(database, people[who], "ms_cidr", 1)
    with database.read() as connection:
        assert all_in_force(connection) == []


def test_a_proposal_changes_nothing_until_it_is_confirmed_and_then_the_old_version_is_kept(
    database: Database, people: People
) -> None:
    propose_rules(database, people["olga"], MS_CIDR)
    confirm_rules(database, people["dirk"], "ms_cidr", 1)
    propose_rules(database, people["olga"], LATER)
    with database.read() as connection:
        assert rules_in_force(connection, "ms_cidr").rules == MS_CIDR
    confirm_rules(database, people["dora"], "ms_cidr", 2)
    with database.read() as connection:
        assert rules_in_force(connection, "ms_cidr").rules == LATER
        assert rules_by_hash(connection, MS_CIDR.sha256) == MS_CIDR
        assert [one.number for one in versions(connection, "ms_cidr")] == [1, 2]


def test_a_version_is_confirmed_once_and_not_when_a_newer_one_is_there(database: Database, people: People) -> None:
    propose_rules(database, people["olga"], MS_CIDR)
    propose_rules(database, people["olga"], LATER)
    with pytest.raises(RulesSettled):
        confirm_rules(database, people["dirk"], "ms_cidr", 1)
    confirm_rules(database, people["dirk"], "ms_cidr", 2)
    with pytest.raises(Conflict):
        confirm_rules(database, people["dora"], "ms_cidr", 2)


def test_what_there_is_not_is_said(database: Database, people: People) -> None:
    with pytest.raises(NotFound, match="no version 3"):
        confirm_rules(database, people["dirk"], "ms_cidr", 3)
    with database.read() as connection, pytest.raises(NotFound, match="not kept here"):
        rules_by_hash(connection, "0" * 64)
    propose_rules(database, people["olga"], MS_CIDR)
    confirm_rules(database, people["dirk"], "ms_cidr", 1)
    with database.read() as connection, pytest.raises(NotFound, match="ms_cidr"):
        rules_in_force(connection, "ms_cidir")


def test_resources_have_their_own_versions_and_open_records_come_last(database: Database, people: People) -> None:
    for name in ("open", "ms_cidr", "bmsd"):
        propose_rules(database, people["olga"], load_rules(RULES / f"{name}.toml"))
        confirm_rules(database, people["dirk"], name, 1)
    with database.read() as connection:
        assert [one.rules.resource for one in all_in_force(connection)] == ["bmsd", "ms_cidr", "open"]
