"""Rules about projects: facts in, verdict or refusal out. The one table of states is here."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from core.people.models import Person, Role
from projects.errors import AccessRefused, ActionRefused, StaleProject, StepNotOpen
from projects.models import Project, ProjectInUse, ProjectState, TeamRole


class Action(StrEnum):
    """A step that moves a project from one state to another."""

    ACTIVATE = "activate"
    SUSPEND = "suspend"
    RESUME = "resume"
    CLOSE = "close"


@dataclass(frozen=True)
class Transition:
    """From this state, this action by one of these roles leads there."""

    state: ProjectState
    action: Action
    roles: frozenset[Role]
    to: ProjectState


_DAC = frozenset({Role.DAC_MEMBER})
_OPS = frozenset({Role.OPS})

TRANSITIONS = (
    Transition(ProjectState.APPROVED, Action.ACTIVATE, _OPS, ProjectState.ACTIVE),
    Transition(ProjectState.APPROVED, Action.CLOSE, _OPS | _DAC, ProjectState.CLOSED),
    Transition(ProjectState.ACTIVE, Action.SUSPEND, _OPS | _DAC, ProjectState.SUSPENDED),
    Transition(ProjectState.ACTIVE, Action.CLOSE, _OPS | _DAC, ProjectState.CLOSED),
    Transition(ProjectState.SUSPENDED, Action.RESUME, _DAC, ProjectState.ACTIVE),
    Transition(ProjectState.SUSPENDED, Action.CLOSE, _OPS | _DAC, ProjectState.CLOSED),
)
"""Every step there is. Whoever said yes says yes again: ops can stop a project, only the committee resumes it."""

RUNNING = frozenset({ProjectState.ACTIVE, ProjectState.SUSPENDED})
"""States in which a project has its cut: what it sees changes by an amendment and a cut beside the old one."""

JUDGED = frozenset({Action.RESUME})
"""Actions that are a judgement on the project, and so not for its own people."""


def roles_for(action: Action) -> frozenset[Role]:
    """Return the roles that may take an action in one state or another."""
    return frozenset[Role]().union(*(step.roles for step in TRANSITIONS if step.action is action))


def check_transition(project: Project, action: Action, actor: Person) -> ProjectState:
    """Return the state an action leads to; raises StepNotOpen where it is not open here, ActionRefused where it is
    not for this person.
    """
    step = next((step for step in TRANSITIONS if (step.state, step.action) == (project.state, action)), None)
    if step is None:
        raise StepNotOpen(f"{project.id} is {project.state}: {action} is not open.", _open_actions(project.state))
    if not actor.active or not actor.roles & step.roles:
        raise _wrong_role(actor, action, step.roles)
    if action in JUDGED:
        _check_apart(project, actor)
    return step.to


def can_transition(project: Project, action: Action, actor: Person) -> bool:
    """Tell whether this person may take this action on the project now."""
    try:
        check_transition(project, action, actor)
    except (ActionRefused, StepNotOpen):
        return False
    return True


def check_version(project: Project, version: str | None) -> None:
    """Refuse a decision made on something other than what is there now; one on what there is has no version."""
    if version not in (None, project.version):
        raise StaleProject(
            f"{project.id} has changed since you opened it.", "Open it again and look at what is there now."
        )


def check_begin_amendment(project: Project, actor: Person) -> None:
    """Refuse an amendment of a project that has no cut, and anybody but its leads."""
    check_runs(project)
    if not actor.active or project.team.get(actor.username) is not TeamRole.LEAD:
        raise ActionRefused(f"{actor.username} does not lead {project.id}.", "Its leads apply for amendments.")


def can_begin_amendment(project: Project, actor: Person) -> bool:
    """Tell whether check_begin_amendment would let this pass."""
    try:
        check_begin_amendment(project, actor)
    except (ActionRefused, StepNotOpen):
        return False
    return True


def check_decide_amendment(project: Project, actor: Person) -> None:
    """Refuse an amendment of a project that has no cut, and the vote that decides it to the project's own people."""
    check_runs(project)
    _check_apart(project, actor)


def check_runs(project: Project) -> None:
    """Refuse to amend a project that has no cut, or not any more."""
    if project.state is ProjectState.CLOSED:
        raise StepNotOpen(f"{project.id} is closed: it can not change any more.", "Apply for a new project.")
    if project.state not in RUNNING:
        raise StepNotOpen(f"{project.id} is {project.state}.", "Amendments are for projects that have their cut.")


def check_not_closed(project: Project) -> None:
    """Refuse to make anything anew of a project that is over."""
    if project.state is ProjectState.CLOSED:
        raise StepNotOpen(f"{project.id} is closed: no cut of it is made any more.", "Propose a new project.")


def check_close_out(actor: Person) -> None:
    """Refuse anybody but those who may close a project to go on with the close-out of a closed one."""
    if not actor.active or not actor.roles & roles_for(Action.CLOSE):
        raise _wrong_role(actor, Action.CLOSE, roles_for(Action.CLOSE))


def check_add_member(project: Project, username: str, actor: Person) -> None:
    """Refuse a new member of a closed project, one who is in already, and anybody who judges the project."""
    if project.state is ProjectState.CLOSED:
        raise StepNotOpen(f"{project.id} is closed.", "Its team can not change.")
    if project.is_member(username):
        raise ActionRefused(f"{username} is in the team of {project.id} already.")
    if username in {actor.username, *project.judges}:
        raise ActionRefused(f"{username} judges {project.id} and can not be in its team.", "Choose somebody else.")
    _check_apart(project, actor)


def check_remove_member(project: Project, username: str) -> None:
    """Refuse to take somebody out of a team they are not in."""
    if not project.is_member(username):
        raise ActionRefused(f"{username} is not in the team of {project.id}.")


def check_use(project: ProjectInUse, person: Person, today: date) -> None:
    """Refuse a person the use of a project unless all holds: an open account, a place in the team, and an active
    project within its dates that has its cut.
    """
    if not person.active:
        raise AccessRefused("This account is closed.", "Ask operations if that is a mistake.")
    if not project.is_member(person.username):
        raise not_in_team(project.id)
    if project.state is not ProjectState.ACTIVE:
        raise AccessRefused(f"{project.id} is {project.state}, not active.", "Ask operations what it waits for.")
    if today < project.starts:
        raise AccessRefused(f"{project.id} starts on {project.starts}.", "Come back that day.")
    if today > project.ends:
        raise AccessRefused(f"{project.id} ended on {project.ends}.", "Its lead can ask for more time: an amendment.")
    if project.cut is None or project.subnet is None:
        raise AccessRefused(f"{project.id} has no data to show.", "Ask operations to look at it.")


def not_in_team(project_id: str) -> AccessRefused:
    """Return the one refusal for a project that is not there and one that is not this person's."""
    return AccessRefused(f"You are not in the team of a project {project_id}.", "Its lead can ask for you to be added.")


def _check_apart(project: Project, actor: Person) -> None:
    if actor.username == project.created_by:
        raise ActionRefused("Nobody judges a project they proposed.", "Ask another DAC member.")
    if any(actor.username == member.username for member in project.memberships):
        raise ActionRefused("Nobody judges a project whose team they are or were in.", "Ask another DAC member.")


def _wrong_role(actor: Person, action: StrEnum, roles: frozenset[Role]) -> ActionRefused:
    hint = f"It takes the role {' or '.join(sorted(roles))}."
    return ActionRefused(f"{actor.username} may not {action} a project.", hint)


def _open_actions(state: ProjectState) -> str:
    actions = [str(step.action) for step in TRANSITIONS if step.state is state]
    return f"Open now: {', '.join(actions)}." if actions else "Nothing is open any more."
