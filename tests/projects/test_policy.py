"""The state table, all of it: every state, every action, every role."""

from dataclasses import replace
from datetime import UTC, date, datetime
from ipaddress import IPv4Network

import pytest

from core.errors import Refused
from core.people.models import Person, Role
from core.permissions import all_permissions
from projects import permissions
from projects.errors import AccessRefused, ActionRefused, StepNotOpen
from projects.models import Cut, Fee, Membership, Project, ProjectState, TeamRole
from projects.policy import TRANSITIONS, Action, can_transition, check_add_member, check_transition, check_use

WHEN = datetime(2026, 6, 1, tzinfo=UTC)

TABLE = {
    ("approved", "activate", "ops"): "active",
    ("approved", "close", "dac_member"): "closed",
    ("approved", "close", "ops"): "closed",
    ("active", "suspend", "dac_member"): "suspended",
    ("active", "suspend", "ops"): "suspended",
    ("active", "close", "dac_member"): "closed",
    ("active", "close", "ops"): "closed",
    ("suspended", "resume", "dac_member"): "active",
    ("suspended", "close", "dac_member"): "closed",
    ("suspended", "close", "ops"): "closed",
}
"""What may be done, written out by hand; whatever is not here is refused."""

EVERYTHING = [(state, action, role) for state in ProjectState for action in Action for role in (*Role, None)]


def someone(username: str, *roles: Role, active: bool = True) -> Person:
    return Person(username, username, f"{username}@example.org", "issuer", username, active, frozenset(roles))


def a_project(state: ProjectState = ProjectState.APPROVED, *team: str) -> Project:
    members = tuple(Membership("p", username, TeamRole.LEAD, WHEN) for username in team or ("lena",))
    cut = Cut("p", 1, "olga", WHEN, "0" * 64, synthetic=False)
    return Project(
        id="p",
        title="A project",
        purpose="A purpose",
        starts=date(2026, 1, 1),
        ends=date(2026, 12, 31),
        state=state,
        resource="open",
        rules_sha256="0" * 64,
        fee=Fee.NONE,
        commercial=False,
        ethics_through=None,
        conditions="",
        lay_summary="A summary",
        created_by="olga",
        created_at=WHEN,
        approved_by="dirk",
        approved_at=WHEN,
        subnet=IPv4Network("10.77.0.0/26"),
        memberships=members,
        first_tables=(),
        cuts=(cut,),
    )


@pytest.mark.parametrize(("state", "action", "role"), EVERYTHING)
def test_every_row_of_the_table(state: ProjectState, action: Action, role: Role | None) -> None:
    actor = someone("donna", *([role] if role else []))
    expected = TABLE.get((state, action, role)) if role else None
    assert can_transition(a_project(state), action, actor) is (expected is not None)
    if expected:
        assert check_transition(a_project(state), action, actor) == expected


def test_the_table_in_the_code_has_these_rows_and_no_others() -> None:
    rows = {(step.state, step.action, role): step.to for step in TRANSITIONS for role in step.roles}
    assert rows == TABLE


def test_nothing_leads_out_of_closed() -> None:
    assert not any(step.state is ProjectState.CLOSED for step in TRANSITIONS)


def test_a_judgement_is_not_for_the_projects_own_people() -> None:
    action, project = Action.RESUME, a_project(ProjectState.SUSPENDED)
    dirk = someone("dirk", Role.DAC_MEMBER)
    left = Membership("p", "dirk", TeamRole.RESEARCHER, WHEN, left_at=WHEN)
    assert can_transition(project, action, dirk)
    assert not can_transition(replace(project, created_by="dirk"), action, dirk)
    assert not can_transition(a_project(project.state, "lena", "dirk"), action, dirk)
    assert not can_transition(replace(project, memberships=(*project.memberships, left)), action, dirk)


def test_a_closed_account_can_do_nothing() -> None:
    gone = someone("dirk", Role.DAC_MEMBER, active=False)
    assert not can_transition(a_project(), Action.CLOSE, gone)


def test_a_refusal_says_what_is_open_instead() -> None:
    with pytest.raises(StepNotOpen, match=r"p is closed: resume is not open\. Nothing is open any more\."):
        check_transition(a_project(ProjectState.CLOSED), Action.RESUME, someone("dirk", Role.DAC_MEMBER))
    with pytest.raises(StepNotOpen, match=r"Open now: suspend, close\."):
        check_transition(a_project(ProjectState.ACTIVE), Action.RESUME, someone("dirk", Role.DAC_MEMBER))
    with pytest.raises(ActionRefused, match=r"dirk may not activate a project\. It takes the role ops\."):
        check_transition(a_project(), Action.ACTIVATE, someone("dirk", Role.DAC_MEMBER))


NOT_ADDED = {
    "in a closed project": (a_project(ProjectState.CLOSED), "ravi", "donna"),
    "who is in already": (a_project(), "lena", "donna"),
    "who approved it": (a_project(), "dirk", "donna"),
    "who adds themselves": (a_project(), "donna", "donna"),
    "by somebody of the team": (a_project(ProjectState.ACTIVE, "lena", "donna"), "ravi", "donna"),
}


@pytest.mark.parametrize(("project", "username", "by"), NOT_ADDED.values(), ids=NOT_ADDED)
def test_nobody_is_added(project: Project, username: str, by: str) -> None:
    with pytest.raises(Refused):
        check_add_member(project, username, someone(by, Role.DAC_MEMBER))


@pytest.mark.parametrize("lacks", [{"cuts": ()}, {"subnet": None}], ids=["cut", "network"])
def test_an_active_project_that_lacks_something_is_not_used(lacks: dict[str, object]) -> None:
    active = a_project(ProjectState.ACTIVE)
    check_use(active, someone("lena"), WHEN.date())
    with pytest.raises(AccessRefused, match="p has no data to show"):
        check_use(replace(active, **lacks), someone("lena"), WHEN.date())  # type: ignore[arg-type]


def test_permissions_name_the_tables_roles() -> None:
    held = all_permissions()
    for action in Action:
        roles = {role for step in TRANSITIONS if step.action is action for role in step.roles}
        assert held[f"projects:project:{action}"] == roles
    assert held[permissions.ACTIVATE] == {Role.OPS}
