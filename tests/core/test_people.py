"""People: who gives which role to whom, and what a session is worth."""

from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from typing import Literal

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from core.audit.log import newest_entries
from core.database import Database
from core.errors import InvalidInput, MyelinError, NotFound, Refused
from core.people import service
from core.people.affiliations import LONGEST_ORGANISATION, add_person_at, affiliations_of, record_affiliation
from core.people.models import Person, Role, Sector
from core.people.policy import check_revoke_role
from core.people.sessions import admit, end_session, open_session, open_sessions, person_in_session
from core.settings import Settings
from tests.conftest import ISSUER, HandClock, person
from tests.support.guards import Attack, check_wall

People = dict[str, Person]
Door = Literal["portal", "hub", "cli"]
DOORS: tuple[Door, ...] = ("portal", "hub", "cli")
SETTINGS = Settings(mode="demo")


def test_the_first_ops_person_is_made_once(database: Database, people: People) -> None:
    assert people["olga"].roles == {Role.OPS}
    with pytest.raises(Refused, match="has its first ops person"):
        service.bootstrap_ops(database, person("mallory"))


@pytest.mark.parametrize("role", [Role.CHECKER, Role.OPS, Role.DAC_MEMBER])
def test_some_roles_take_two_people(database: Database, people: People, role: Role) -> None:
    grant = service.propose_role(database, people["olga"], "ravi", role)
    assert service.person_by_username(database, "ravi").roles == frozenset()
    assert service.pending_grants(database, people["olga"]) == [grant]
    with pytest.raises(Refused, match="second person"):
        service.confirm_role(database, people["olga"], grant.id)
    service.confirm_role(database, people["otto"], grant.id)
    assert service.person_by_username(database, "ravi").roles == {role}
    assert service.pending_grants(database, people["olga"]) == []


def test_only_the_first_ops_person_names_another_alone_and_only_once(database: Database, people: People) -> None:
    """Else one ops person makes a second, and with it checkers of their own."""
    service.revoke_role(database, people["olga"], "otto", Role.OPS)
    grant = service.propose_role(database, people["olga"], "ravi", Role.OPS)
    assert not grant.in_force
    service.confirm_role(database, people["dirk"], grant.id)
    assert service.person_by_username(database, "ravi").roles == {Role.OPS}


REFUSED_GRANTS = [
    ("rosa", "ravi", Role.CHECKER, "may not do this"),
    ("olga", "olga", Role.CHECKER, "give themselves"),
    ("olga", "chris", Role.CHECKER, "already holds"),
    ("olga", "chris", Role.OPS, "kept apart"),
    ("olga", "otto", Role.CHECKER, "kept apart"),
    ("olga", "otto", Role.AUDITOR, "kept apart"),
    ("olga", "dirk", Role.CHECKER, "kept apart"),
    ("olga", "chris", Role.DAC_MEMBER, "kept apart"),
    ("olga", "nobody", Role.OPS, "no such person"),
]


@pytest.mark.parametrize(("who", "whom", "role", "why"), REFUSED_GRANTS)
def test_refused_grants(database: Database, people: People, who: str, whom: str, role: Role, why: str) -> None:
    with pytest.raises(MyelinError, match=why):
        service.propose_role(database, people[who], whom, role)


def test_a_revoked_role_counts_no_more(database: Database, people: People) -> None:
    service.revoke_role(database, people["olga"], "dana", Role.DATA_MANAGER)
    assert service.person_by_username(database, "dana").roles == frozenset()
    with pytest.raises(NotFound):
        service.revoke_role(database, people["olga"], "dana", Role.DATA_MANAGER)


def test_nobody_takes_from_themselves(database: Database, people: People) -> None:
    """An installation must not be locked by a slip, and nobody leaves their duties without a second person knowing."""
    with pytest.raises(Refused, match="closes their own account"):
        service.close_person(database, people["olga"], "olga")
    with pytest.raises(Refused, match="role from themselves"):
        service.revoke_role(database, people["olga"], "olga", Role.OPS)


LOSING_OPS: list[Callable[[Database, Person, str], object]] = [
    service.close_person,
    lambda database, actor, username: service.revoke_role(database, actor, username, Role.OPS),
]


@pytest.mark.parametrize("lose", LOSING_OPS)
def test_two_ops_who_remove_each_other_at_once_leave_one(
    database: Database, people: People, lose: Callable[[Database, Person, str], object]
) -> None:
    """Both were ops when they asked; the second transaction finds what the first one left."""
    lose(database, people["olga"], "otto")
    with pytest.raises(Refused, match="last ops person"):
        lose(database, people["otto"], "olga")
    assert Role.OPS in service.person_by_username(database, "olga").roles
    assert service.person_by_username(database, "olga").active


def test_other_roles_of_the_last_ops_person_are_theirs_to_lose() -> None:
    dana = replace(person("dana"), roles=frozenset({Role.OPS, Role.DATA_MANAGER}))
    check_revoke_role(person("olga"), dana, Role.DATA_MANAGER, {"dana"})
    with pytest.raises(Refused, match="last ops person"):
        check_revoke_role(person("olga"), dana, Role.OPS, {"dana"})


def test_a_closed_account_is_opened_again_on_record(database: Database, people: People) -> None:
    token = open_session(database, people["chris"], "web", 1)
    service.close_person(database, people["olga"], "chris")
    with pytest.raises(Refused, match="closed already"):
        service.close_person(database, people["olga"], "chris")
    with pytest.raises(Refused, match="may not do this"):
        service.reopen_person(database, people["dana"], "chris")
    assert service.reopen_person(database, people["otto"], "chris") == people["chris"]
    assert person_in_session(database, token) is None, "A session from before the account was closed came back."
    with pytest.raises(Refused, match="is open"):
        service.reopen_person(database, people["otto"], "chris")
    with database.read() as connection:
        last = newest_entries(connection, 1, subject="person:chris")
    assert (last[0].actor, last[0].action) == ("person:otto", "core:person:reopen")


GRANT = "INSERT INTO role_grant VALUES ('x','rosa','{role}','olga','2026','olga','2026',NULL,NULL)"
BEHIND_THE_SERVICES = [
    *(GRANT.format(role=role) for role in ("checker", "dac_member", "ops")),
    "UPDATE role_grant SET confirmed_by = proposed_by WHERE username = 'ravi'",
    "UPDATE role_grant SET confirmed_by = 'ravi' WHERE username = 'ravi'",
    "UPDATE role_grant SET username = 'rosa' WHERE username = 'chris'",
    "UPDATE role_grant SET confirmed_by = 'otto' WHERE username = 'dana'",
    "DELETE FROM role_grant",
    "DELETE FROM session",
    "UPDATE person SET subject = 'subject-rosa2' WHERE username = 'chris'",
]


@pytest.mark.parametrize("statement", BEHIND_THE_SERVICES)
def test_the_database_refuses_behind_the_services(database: Database, people: People, statement: str) -> None:
    open_session(database, people["rosa"], "web", 1)
    service.propose_role(database, people["olga"], "ravi", Role.CHECKER)
    with pytest.raises(DBAPIError), database.engine.begin() as connection:
        connection.execute(text(statement))


def test_a_sign_in_is_on_record_at_every_door(database: Database, people: People) -> None:
    rosa = people["rosa"]
    for door in DOORS:
        assert admit(database, SETTINGS, rosa.issuer, rosa.subject, door, second_factor=False) == rosa
    with database.read() as connection:
        taken = newest_entries(connection, len(DOORS), subject="person:rosa")
    assert [(entry.actor, entry.action, entry.detail["door"]) for entry in reversed(taken)] == [
        ("person:rosa", "core:sign-in:accept", door) for door in DOORS
    ]


@pytest.mark.parametrize("door", DOORS)
def test_a_refused_sign_in_is_on_record_without_a_strangers_name(
    database: Database, people: People, door: Door
) -> None:
    service.close_person(database, people["olga"], "rosa")
    with pytest.raises(Refused, match="closed"):
        admit(database, SETTINGS, ISSUER, people["rosa"].subject, door, second_factor=False)
    with pytest.raises(NotFound):
        admit(database, SETTINGS, ISSUER, "stranger@example.org", door, second_factor=False)
    with database.read() as connection:
        stranger, closed = newest_entries(connection, 2)
    assert {(entry.actor, entry.action) for entry in (stranger, closed)} == {(f"system:{door}", "core:sign-in:refuse")}
    assert closed.subject == "person:rosa"
    assert stranger.subject == f"subject:{sha256(b'stranger@example.org').hexdigest()[:16]}"


def test_a_session_lasts_until_it_ends(database: Database, people: People, clock: HandClock) -> None:
    token = open_session(database, people["rosa"], "web", 1)
    assert person_in_session(database, token) == people["rosa"]
    assert person_in_session(database, "forged") is None
    clock.turn(minutes=59)
    assert person_in_session(database, token) is not None
    clock.turn(minutes=1)
    assert person_in_session(database, token) is None


def test_a_session_ends_at_sign_out_and_with_the_account(database: Database, people: People) -> None:
    first, second = (open_session(database, people["rosa"], "web", 1) for _ in range(2))
    end_session(database, people["rosa"], first)
    assert person_in_session(database, first) is None
    assert person_in_session(database, second) is not None
    service.close_person(database, people["olga"], "rosa")
    assert person_in_session(database, second) is None
    with pytest.raises(Refused, match="closed"):
        open_session(database, service.person_by_username(database, "rosa"), "web", 1)


@pytest.mark.parametrize(
    "name", ["", "Rosa", "1rosa", "ro sa", "rosa-", "-rosa", "ro--sa", "r" * 32, "../rosa", "rosa\n"]
)
def test_a_user_name_is_a_slug(name: str) -> None:
    with pytest.raises(InvalidInput):
        person(name)


def test_an_affiliation_is_recorded_by_operations_with_its_history_and_not_of_oneself(
    database: Database, people: dict[str, Person]
) -> None:
    record_affiliation(database, people["olga"], "rosa", "University of Examples", Sector.ACADEMIC)
    database.clock.turn(days=1)  # type: ignore[attr-defined]
    record_affiliation(database, people["olga"], "rosa", "Acme Pharma", Sector.PHARMACEUTICAL)
    with database.read() as connection:
        assert affiliations_of(connection, ["rosa", "lena"])["rosa"].sector is Sector.PHARMACEUTICAL
        assert set(affiliations_of(connection, ["rosa", "lena"])) == {"rosa"}
    with pytest.raises(Refused, match="Nobody records their own affiliation"):
        record_affiliation(database, people["olga"], "olga", "Acme", Sector.PHARMACEUTICAL)
    with pytest.raises(Refused, match="core:affiliation:record"):
        record_affiliation(database, people["lena"], "rosa", "Acme", Sector.ACADEMIC)


NEW = person("zoe")
SECOND_ACCOUNTS = [
    ({"username": "rosa"}, "There already is somebody called rosa"),
    ({"subject": "subject-rosa"}, "This subject belongs to the account rosa"),
    ({"email": "Rosa@Example.org"}, "This mail address belongs to the account rosa"),
    ({"subject": "subject-carl"}, "the account carl, which is closed"),
]


@pytest.mark.parametrize(("changes", "why"), SECOND_ACCOUNTS)
def test_one_person_has_one_account(database: Database, people: People, changes: dict[str, str], why: str) -> None:
    service.close_person(database, people["olga"], "carl")
    with pytest.raises(Refused, match=why):
        service.add_person(database, people["olga"], replace(NEW, **changes))  # type: ignore[arg-type]
    assert service.all_people(database) == service.people_for(database, people["olga"])
    assert "zoe" not in {known.username for known in service.all_people(database)}


def test_the_same_subject_of_another_provider_is_somebody_else(database: Database, people: People) -> None:
    elsewhere = replace(NEW, subject="subject-rosa", issuer="https://elsewhere.example.org")
    assert service.add_person(database, people["olga"], elsewhere).username == "zoe"


def test_the_database_refuses_a_second_account_with_the_same_mail_address(
    owned_database: Database, people: People
) -> None:
    same_mail = "INSERT INTO person VALUES ('zoe','Z','ROSA@example.org','i','s',TRUE,'2026')"
    check_wall(owned_database, Attack("person", "one_account", "the same mail", same_mail, lambda _: None))


def test_somebody_is_added_with_where_they_work_or_not_at_all(database: Database, people: People) -> None:
    with pytest.raises(InvalidInput, match="Name the organisation"):
        add_person_at(database, people["olga"], NEW, "x" * (LONGEST_ORGANISATION + 1), Sector.ACADEMIC)
    with pytest.raises(NotFound):
        service.person_by_username(database, "zoe")
    with pytest.raises(Refused, match="core:person:add"):
        add_person_at(database, people["dirk"], NEW, "Acme", Sector.ACADEMIC)
    assert add_person_at(database, people["olga"], NEW, "Acme", Sector.ACADEMIC).username == "zoe"


def test_a_role_is_proposed_once(database: Database, people: People) -> None:
    service.propose_role(database, people["olga"], "ravi", Role.CHECKER)
    with pytest.raises(Refused, match="proposed for ravi already"):
        service.propose_role(database, people["otto"], "ravi", Role.CHECKER)
    service.revoke_role(database, people["otto"], "ravi", Role.CHECKER)
    assert service.propose_role(database, people["otto"], "ravi", Role.CHECKER).waits


def test_open_sessions_are_those_somebody_is_signed_in_with(
    database: Database, people: People, clock: HandClock
) -> None:
    ended = open_session(database, people["rosa"], "web", 8)
    end_session(database, people["rosa"], ended)
    open_session(database, people["rosa"], "web", 1)
    open_session(database, people["rosa"], "cli", 8)
    open_session(database, people["lena"], "cli", 8)
    clock.turn(hours=1)
    with database.read() as connection:
        assert [one.kind for one in open_sessions(connection, "rosa", clock.now)] == ["cli"]
