"""Signing in the portal: who, in turn, of which bytes; both signatures make the agreement hold."""

from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest
from sqlalchemy import select

from core.database import Database
from core.errors import NotFound, Refused
from core.files import sha256_bytes
from core.outbox.records import find_effects
from core.people.models import Person, Role
from core.people.service import confirm_role, person_by_username, propose_role
from core.settings import Settings
from projects.agreements.errors import AgreementMoved, DocumentDamaged, SigningRefused, SigningRejected
from projects.agreements.models import AgreementKind
from projects.agreements.of_project import end_agreement
from projects.agreements.policy import agreed_through
from projects.agreements.records import agreements_of
from projects.agreements.signing.document import render
from projects.agreements.signing.models import DrawnAgreement, Party, SignedByTyping, SigningAction, SigningState
from projects.agreements.signing.policy import TRANSITIONS, can_step
from projects.agreements.signing.records import drawn_agreements
from projects.agreements.signing.service import agreement_for, document_for, draw_up, sign, withdraw
from projects.agreements.signing.tables import agreement_signature
from projects.agreements.signing.wording import load_wording
from projects.service import remove_member
from tests.conftest import HandClock
from tests.support.agreements import drawn_up, signed_by
from tests.support.catalog import ON_ONE_ENGINE, active_project
from tests.support.guards import Attack, check_wall, walls_of


@pytest.fixture
def drawn(database: Database, settings: Settings, people: dict[str, Person], tmp_path: Path) -> DrawnAgreement:
    active_project(database, settings, people, tmp_path)
    return drawn_up(database, settings, people)


def held_through(database: Database) -> object:
    with database.read() as connection:
        return agreed_through(agreements_of(connection, "cis-spinal"), AgreementKind.DATA_USE)


def states(database: Database) -> list[SigningState]:
    with database.read() as connection:
        return [one.state for one in drawn_agreements(connection, "cis-spinal")]


def test_both_signatures_make_it_hold(
    drawn: DrawnAgreement, database: Database, settings: Settings, people: dict[str, Person]
) -> None:
    assert (drawn.state, held_through(database)) == (SigningState.DRAFTED, None)
    assert signed_by(database, settings, people["ravi"], drawn).state is SigningState.SIGNED
    assert held_through(database) is None
    done = signed_by(database, settings, people["dora"], drawn)
    assert (done.state, held_through(database)) == (SigningState.IN_FORCE, drawn.through)
    assert [(one.party, one.username, one.document_sha256) for one in done.signatures] == [
        (Party.APPLICANT, "ravi", drawn.document_sha256),
        (Party.RESOURCE, "dora", drawn.document_sha256),
    ]
    assert drawn.document_sha256 in done.signatures[0].words
    end_agreement(database, people["olga"], "cis-spinal", AgreementKind.DATA_USE)
    assert (states(database), held_through(database)) == ([SigningState.ENDED], None)


@ON_ONE_ENGINE
def test_the_document_can_be_made_again_from_what_is_kept(
    drawn: DrawnAgreement, database: Database, settings: Settings, people: dict[str, Person]
) -> None:
    with database.read() as connection:
        kept = drawn_agreements(connection, "cis-spinal")[0]
    assert sha256_bytes(render(kept.facts, load_wording("open"))) == drawn.document_sha256
    assert sha256_bytes(document_for(database, settings, people["ravi"], "cis-spinal", 1)) == drawn.document_sha256
    about = kept.facts.substance
    assert {one.username for one in about.team} == {"lena", "rosa"}
    assert {one.name for one in about.tables[0].variables} == {"gender", "age", "spinal_cord_mri", "converted"}


@ON_ONE_ENGINE
def test_a_file_that_was_changed_on_disk_is_neither_given_nor_signed(
    drawn: DrawnAgreement, database: Database, settings: Settings, people: dict[str, Person]
) -> None:
    path = settings.agreements / drawn.document_sha256
    path.write_bytes(path.read_bytes() + b"% and one more duty")
    for act in (
        lambda: document_for(database, settings, people["ravi"], "cis-spinal", 1),
        lambda: signed_by(database, settings, people["ravi"], drawn),
    ):
        with pytest.raises(DocumentDamaged, match="is not the one that was recorded"):
            act()
    path.unlink()
    with pytest.raises(DocumentDamaged, match="can not be read"):
        document_for(database, settings, people["ravi"], "cis-spinal", 1)
    assert states(database) == [SigningState.DRAFTED]


ACTS = {
    (SigningState.DRAFTED, "ravi"): {SigningAction.SIGN},
    (SigningState.SIGNED, "dora"): {SigningAction.COUNTERSIGN},
    (SigningState.DRAFTED, "olga"): {SigningAction.WITHDRAW},
    (SigningState.SIGNED, "olga"): {SigningAction.WITHDRAW},
    (SigningState.IN_FORCE, "olga"): {SigningAction.END},
}
"""All that anybody may do with it, state by state; what is not here is refused."""


@ON_ONE_ENGINE
def test_who_may_do_what_in_which_state(
    drawn: DrawnAgreement, database: Database, settings: Settings, people: dict[str, Person]
) -> None:
    for state, username in product(SigningState, people):
        moved = replace(drawn, state=state)
        found = {action for action in SigningAction if can_step(moved, action, people[username])}
        assert found == ACTS.get((state, "olga" if username == "otto" else username), set()), (state, username)
    assert {(step.state, step.action) for step in TRANSITIONS} == {
        (s, a) for (s, _), acts in ACTS.items() for a in acts
    }


@ON_ONE_ENGINE
def test_nobody_signs_in_anothers_turn_or_place(
    drawn: DrawnAgreement, database: Database, settings: Settings, people: dict[str, Person]
) -> None:
    for username in ("dora", "olga", "dirk", "lena", "anna"):
        with pytest.raises(SigningRefused, match="waits for the signature of Ravi"):
            signed_by(database, settings, people[username], drawn)
    for username in ("rosa", "carl", "dana"):
        with pytest.raises(NotFound, match=r"no agreement cis-spinal\.1 here for you"):
            signed_by(database, settings, people[username], drawn)
    signed_by(database, settings, people["ravi"], drawn)
    with pytest.raises(SigningRefused, match="waits for the signature of Dora"):
        signed_by(database, settings, people["ravi"], drawn)
    with database.read() as connection:
        assert len(connection.execute(select(agreement_signature)).all()) == 1


@ON_ONE_ENGINE
def test_a_signature_takes_the_name_the_tick_and_the_document_that_was_shown(
    drawn: DrawnAgreement, database: Database, settings: Settings, people: dict[str, Person]
) -> None:
    ravi, shown = people["ravi"], drawn.document_sha256
    for typed, refused, said in (
        (SignedByTyping("R.", True, shown), SigningRejected, "as it stands on your account: Ravi"),
        (SignedByTyping("Ravi", False, shown), SigningRejected, "Tick that you have read it"),
        (SignedByTyping("Ravi", True, "0" * 64), AgreementMoved, "another document"),
    ):
        with pytest.raises(refused, match=said):
            sign(database, settings, ravi, "cis-spinal", 1, typed)
    assert sign(database, settings, ravi, "cis-spinal", 1, SignedByTyping(" Ravi ", True, shown)).signatures


@ON_ONE_ENGINE
def test_somebody_who_comes_to_be_of_operations_does_not_sign_for_the_applicant(
    drawn: DrawnAgreement, database: Database, settings: Settings, people: dict[str, Person]
) -> None:
    confirm_role(database, people["otto"], propose_role(database, people["olga"], "ravi", Role.OPS).id)
    with pytest.raises(SigningRefused):
        signed_by(database, settings, person_by_username(database, "ravi"), drawn)


@ON_ONE_ENGINE
def test_a_project_that_changed_asks_for_another_agreement(
    drawn: DrawnAgreement, database: Database, settings: Settings, people: dict[str, Person]
) -> None:
    remove_member(database, people["olga"], "cis-spinal", "rosa")
    with pytest.raises(AgreementMoved, match=r"is not what it was when agreement cis-spinal\.1 was drawn up"):
        signed_by(database, settings, people["ravi"], drawn)
    with pytest.raises(AgreementMoved, match="is not settled yet"):
        drawn_up(database, settings, people)
    withdraw(database, people["otto"], "cis-spinal", 1)
    second = drawn_up(database, settings, people)
    signed_by(database, settings, people["ravi"], second)
    signed_by(database, settings, people["dora"], second)
    assert states(database) == [SigningState.WITHDRAWN, SigningState.IN_FORCE]


@ON_ONE_ENGINE
def test_one_that_comes_into_force_takes_the_place_of_the_one_before(
    drawn: DrawnAgreement, database: Database, settings: Settings, people: dict[str, Person], clock: HandClock
) -> None:
    for one in (drawn, None):
        agreement = one or drawn_up(database, settings, people)
        signed_by(database, settings, people["ravi"], agreement)
        signed_by(database, settings, people["dora"], agreement)
        clock.turn(minutes=1)
    assert states(database) == [SigningState.ENDED, SigningState.IN_FORCE]
    with database.read() as connection:
        assert [one.ended_at is None for one in agreements_of(connection, "cis-spinal")] == [False, True]


@ON_ONE_ENGINE
@pytest.mark.parametrize(
    ("signatory", "countersignatory", "said"),
    [
        ("olga", "dora", "olga is of operations"),
        ("dora", "dora", "Two people sign"),
        ("ravi", "anna", "anna does not sign for a resource"),
        ("ravi", "lena", "lena does not sign for a resource"),
    ],
)
def test_who_is_not_named_to_sign(
    drawn: DrawnAgreement,
    database: Database,
    settings: Settings,
    people: dict[str, Person],
    signatory: str,
    countersignatory: str,
    said: str,
) -> None:
    withdraw(database, people["olga"], "cis-spinal", 1)
    with pytest.raises(SigningRejected, match=said):
        draw_up(database, settings, people["olga"], "cis-spinal", signatory, countersignatory)


@ON_ONE_ENGINE
def test_operations_alone_draw_up_and_withdraw(
    drawn: DrawnAgreement, database: Database, settings: Settings, people: dict[str, Person]
) -> None:
    for username in ("lena", "dirk", "dana"):
        with pytest.raises(Refused):
            draw_up(database, settings, people[username], "cis-spinal", "ravi", "dora")
    with pytest.raises(SigningRefused):
        withdraw(database, people["dora"], "cis-spinal", 1)
    withdraw(database, people["olga"], "cis-spinal", 1)
    with pytest.raises(AgreementMoved, match="is withdrawn"):
        withdraw(database, people["olga"], "cis-spinal", 1)


@ON_ONE_ENGINE
def test_who_sees_it_and_to_whom_it_is_not_there(
    drawn: DrawnAgreement, database: Database, people: dict[str, Person]
) -> None:
    with database.read() as connection:
        for username in ("ravi", "dora", "lena", "olga", "dirk", "anna"):
            assert agreement_for(connection, people[username], "cis-spinal", 1) == drawn
        for username in ("rosa", "carl", "dana"):
            with pytest.raises(NotFound, match=r"There is no agreement cis-spinal\.1 here for you"):
                agreement_for(connection, people[username], "cis-spinal", 1)


@ON_ONE_ENGINE
def test_each_is_told_by_mail_when_it_is_their_turn(
    drawn: DrawnAgreement, database: Database, settings: Settings, people: dict[str, Person]
) -> None:
    signed_by(database, settings, people["ravi"], drawn)
    signed_by(database, settings, people["dora"], drawn)
    with database.read() as connection:
        keys = {(one.key, one.recipient) for one in find_effects(connection, most=100) if "agreement" in one.key}
    assert keys == {
        ("agreement:cis-spinal.1:drafted", "ravi"),
        ("agreement:cis-spinal.1:signed", "dora"),
        ("agreement:cis-spinal.1:in_force", "lena"),
    }


AT = "2026-06-01T10:00:00.000000Z"
SHA = "(SELECT document_sha256 FROM drawn_agreement)"
SIGNATURE = "INSERT INTO agreement_signature VALUES ('cis-spinal', 1, '{}', '{}', 'R', 'I sign.', {}, '" + AT + "')"
ANOTHER = (
    "INSERT INTO drawn_agreement VALUES ('cis-spinal', {number}, '{state}', '" + AT + "', '2026-12-31', '{{}}', "
    "'x', 'y', '{signatory}', '{countersignatory}', 'olga', '" + AT + "')"
)
PAPER = f"INSERT INTO agreement VALUES ('cis-spinal', 'data_use', '{AT}', '2026-12-31', 'R', {SHA}, 'olga', NULL)"


class World:
    """An agreement that waits for its first signature, and hands that bring it further."""

    def __init__(
        self, database: Database, settings: Settings, people: dict[str, Person], drawn: DrawnAgreement
    ) -> None:
        self.database, self.settings, self.people, self.drawn = database, settings, people, drawn

    def stay(self) -> None:
        pass

    def withdraw(self) -> None:
        withdraw(self.database, self.people["olga"], "cis-spinal", 1)

    def sign(self) -> None:
        signed_by(self.database, self.settings, self.people["ravi"], self.drawn)

    def make_operations(self) -> None:
        proposed = propose_role(self.database, self.people["olga"], "ravi", Role.OPS)
        confirm_role(self.database, self.people["otto"], proposed.id)


def another(**changes: object) -> str:
    fields = {"number": 2, "state": "drafted", "signatory": "ravi", "countersignatory": "dora"}
    return ANOTHER.format(**{**fields, **changes})


ATTACKS = [
    Attack("drawn_agreement", "birth", "born in force", another(state="in_force"), World.withdraw),
    Attack("drawn_agreement", "birth", "a number left out", another(number=7), World.withdraw),
    Attack("drawn_agreement", "one_open", "a second beside one that waits", another(), World.stay),
    Attack("drawn_agreement", "signers", "operations for the applicant", another(signatory="olga"), World.withdraw),
    Attack("drawn_agreement", "signers", "the team for the resource", another(countersignatory="rosa"), World.withdraw),
    Attack("drawn_agreement", "state", "brought back", "UPDATE drawn_agreement SET state = 'drafted'", World.withdraw),
    Attack("drawn_agreement", "signed", "signed by nobody", "UPDATE drawn_agreement SET state = 'signed'", World.stay),
    Attack("drawn_agreement", "signed", "in force by one", "UPDATE drawn_agreement SET state = 'in_force'", World.sign),
    Attack("agreement_signature", "turn", "before its turn", SIGNATURE.format("resource", "dora", SHA), World.stay),
    Attack("agreement_signature", "turn", "by another", SIGNATURE.format("applicant", "lena", SHA), World.stay),
    Attack("agreement_signature", "turn", "other bytes", SIGNATURE.format("applicant", "ravi", "'y'"), World.stay),
    Attack(
        "agreement_signature",
        "not_operations",
        "operations for the applicant",
        SIGNATURE.format("applicant", "ravi", SHA),
        World.make_operations,
    ),
    Attack("agreement", "both_signed", "held by one signature", PAPER, World.sign),
]


@pytest.mark.parametrize("attack", ATTACKS, ids=str)
def test_the_wall_holds_and_without_it_the_attack_works(
    drawn: DrawnAgreement,
    database: Database,
    owned_database: Database,
    settings: Settings,
    people: dict[str, Person],
    attack: Attack,
) -> None:
    attack.prepare(World(database, settings, people, drawn))
    check_wall(owned_database, attack)


def test_every_wall_is_attacked() -> None:
    attacked = {(attack.table, attack.guard) for attack in ATTACKS}
    assert walls_of(["drawn_agreement", "agreement_signature"]) <= attacked
