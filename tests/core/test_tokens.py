"""Tokens of the API: whose they are, when they count, and the walls around them in the database."""

from dataclasses import dataclass
from datetime import timedelta

import pytest

from core.audit.log import entries
from core.database import Database
from core.errors import InvalidInput, NotFound, Refused
from core.files import sha256_bytes
from core.people.models import Person
from core.people.service import close_person, person_by_username, reopen_person
from core.people.sessions import person_in_session
from core.tokens.models import TokenScope
from core.tokens.policy import LONGEST_DAYS, MOST_AT_ONCE
from core.tokens.service import end_token, make_token, take_token, tokens_of
from tests.conftest import HandClock
from tests.support.guards import Attack, check_wall, run, walls_of

DAY = timedelta(days=1)
READ, WRITE = TokenScope.READ, TokenScope.WRITE


def test_a_token_says_whose_it_is_and_is_kept_as_its_hash_alone(database: Database, people: dict[str, Person]) -> None:
    token, made = make_token(database, people["rosa"], "  nightly report ", READ, 7)
    assert take_token(database, token) == (people["rosa"], made)
    assert (made.name, made.scope, made.expires_at - made.made_at) == ("nightly report", READ, 7 * DAY)
    with database.read() as connection:
        kept = connection.exec_driver_sql("SELECT * FROM api_token").mappings().one()
        written = [str(entry) for entry, _ in entries(connection)]
    assert kept["token_hash"] == sha256_bytes(token.encode())
    assert not [text for text in [*map(str, kept.values()), *written] if token in text]
    assert take_token(database, kept["token_hash"]) is None, "the hash opens nothing"


def test_it_ends_after_its_days(database: Database, people: dict[str, Person], clock: HandClock) -> None:
    token, _ = make_token(database, people["rosa"], "a", READ, 7)
    clock.turn(days=7, seconds=-1)
    assert take_token(database, token)
    clock.turn(seconds=1)
    assert take_token(database, token) is None


def test_it_ends_when_its_owner_says_so_and_nobody_else(database: Database, people: dict[str, Person]) -> None:
    token, made = make_token(database, people["rosa"], "a", READ, 7)
    with pytest.raises(NotFound):
        end_token(database, people["olga"], made.id)
    assert end_token(database, people["rosa"], made.id).ended_at == database.clock()
    assert take_token(database, token) is None
    with pytest.raises(NotFound):
        end_token(database, people["rosa"], made.id)


def test_it_ends_with_the_account_and_is_not_there_again_when_that_opens_anew(
    database: Database, people: dict[str, Person]
) -> None:
    token, _ = make_token(database, people["rosa"], "a", READ, 7)
    close_person(database, people["olga"], "rosa")
    assert take_token(database, token) is None
    reopen_person(database, people["olga"], "rosa")
    assert take_token(database, token) is None


def test_an_account_that_was_closed_past_the_service_has_none_either(
    owned_database: Database, database: Database, people: dict[str, Person]
) -> None:
    token, _ = make_token(database, people["rosa"], "a", READ, 7)
    run(owned_database, "UPDATE person SET active = FALSE WHERE username = 'rosa'")
    assert take_token(database, token) is None
    with pytest.raises(Refused, match="closed"):
        make_token(database, person_by_username(database, "rosa"), "a", READ, 7)


def test_a_token_is_no_session(database: Database, people: dict[str, Person]) -> None:
    token, _ = make_token(database, people["rosa"], "a", WRITE, 7)
    assert person_in_session(database, token) is None


def test_a_use_is_noted_once_an_hour(database: Database, people: dict[str, Person], clock: HandClock) -> None:
    token, _ = make_token(database, people["rosa"], "a", READ, 7)
    for minutes in (1, 30, 31):
        clock.turn(minutes=minutes)
        take_token(database, token)
    with database.read() as connection:
        noted = [entry.at for entry, _ in entries(connection) if entry.action == "core:token:use"]
    assert len(noted) == 2
    (mine,) = tokens_of(database, people["rosa"])
    assert mine.last_used_at == noted[-1]


@pytest.mark.parametrize(("name", "days"), [("", 7), ("  ", 7), ("a\nb", 7), ("a" * 201, 7), ("a", 0), ("a", 31)])
def test_a_token_has_a_name_and_few_days(database: Database, people: dict[str, Person], name: str, days: int) -> None:
    with pytest.raises(InvalidInput):
        make_token(database, people["rosa"], name, READ, days)
    assert LONGEST_DAYS == 30


def test_there_is_an_end_to_how_many_count(database: Database, people: dict[str, Person], clock: HandClock) -> None:
    for _ in range(MOST_AT_ONCE):
        make_token(database, people["rosa"], "a", READ, 1)
    with pytest.raises(Refused, match="End those you do not use"):
        make_token(database, people["rosa"], "a", READ, 1)
    clock.turn(days=1)
    make_token(database, people["rosa"], "a", READ, 1)


@dataclass
class World:
    """Somebody with a token, one that was ended, and somebody whose account is closed."""

    database: Database
    people: dict[str, Person]

    def tokens(self) -> None:
        make_token(self.database, self.people["rosa"], "a", READ, 7)
        ended = make_token(self.database, self.people["ravi"], "b", READ, 7)[1]
        end_token(self.database, self.people["ravi"], ended.id)
        close_person(self.database, self.people["olga"], "lena")


NEW = "INSERT INTO api_token (id, token_hash, username, name, scope, days, made_at, second_factor) VALUES"
AT = "2026-06-01T10:00:00.000000Z"
ATTACKS = (
    Attack("api_token", "ended", "opened again", "UPDATE api_token SET ended_at = NULL WHERE name = 'b'", World.tokens),
    Attack(
        "api_token", "ended", "used on", f"UPDATE api_token SET last_used_at = '{AT}' WHERE name = 'b'", World.tokens
    ),
    Attack(
        "api_token",
        "closed",
        "for a closed account",
        f"{NEW} ('x', 'x', 'lena', 'x', 'read', 1, '{AT}', FALSE)",
        World.tokens,
    ),
)


@pytest.mark.parametrize("attack", ATTACKS, ids=str)
def test_the_database_refuses_it_by_itself(
    owned_database: Database, database: Database, people: dict[str, Person], attack: Attack
) -> None:
    attack.prepare(World(database, people))
    check_wall(owned_database, attack)


def test_every_wall_was_attacked() -> None:
    assert {(attack.table, attack.guard) for attack in ATTACKS} == walls_of(["api_token"])
