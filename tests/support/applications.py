"""Applications, votes and people as values, for rules that need no database."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

from core.people.models import Person, Role
from projects.applications.models import Application, ApplicationFile, ApplicationState, Submission
from projects.committee.models import BodyDecision, Deliberation, Interest, Round, Vote, Word
from tests.conftest import person
from tests.support.catalog import application_file

AT = datetime(2026, 6, 1, 10, tzinfo=UTC)


def member(username: str, *, active: bool = True, role: Role = Role.DAC_MEMBER) -> Person:
    """Somebody with a role, of the committee where nothing else is said."""
    return replace(person(username), roles=frozenset({role}), active=active)


def an_application(state: ApplicationState, file: ApplicationFile | None = None, since: datetime = AT) -> Application:
    """An application by lena, submitted once unless it is a draft."""
    file = file or application_file()
    submitted = Submission(1, file, file.sha256, "x", (), "lena", AT)
    submissions = () if state is ApplicationState.DRAFT else (submitted,)
    return Application("cis-spinal", 0, file.resource, state, since, "lena", AT, {}, submissions)


def a_vote(
    username: str, word: Word, body: str = "house", declined: Mapping[str, str] | None = None, reason: str = "Because."
) -> Vote:
    """A member's vote."""
    return Vote(body, username, word, reason, "", AT, declined or {})


def deliberating(
    *votes: Vote,
    conflicts: Mapping[str, bool],
    decisions: tuple[BodyDecision, ...] = (),
    earlier_voters: frozenset[str] = frozenset(),
    is_appeal: bool = False,
) -> Deliberation:
    """A round in which members declared whether they have a conflict of interest, and voted."""
    interests = {name: Interest(name, conflict, "", AT) for name, conflict in conflicts.items()}
    return Deliberation(Round(1, is_appeal), interests, votes, decisions, earlier_voters=earlier_voters)
