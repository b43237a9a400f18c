"""Rules about people and roles: facts in, verdict or refusal out."""

from collections.abc import Set

from core.errors import Refused
from core.people.models import Person, Role, RoleGrant

TWO_PEOPLE_GRANT = frozenset({Role.CHECKER, Role.OPS, Role.DAC_MEMBER})
"""Roles that take effect only when a second person confirms them: with any of them alone, one ops person could make
the people who let data in or out. The first ops person names the second alone, once, on record."""

KEPT_APART = (
    frozenset({Role.OPS, Role.CHECKER}),
    frozenset({Role.OPS, Role.DAC_MEMBER}),
    frozenset({Role.OPS, Role.AUDITOR}),
    frozenset({Role.DAC_MEMBER, Role.CHECKER}),
)
"""Roles no one person may hold together: who runs the house neither decides, reviews nor audits, and who lets data
in does not let them out."""


def check_active(person: Person) -> None:
    """Refuse somebody whose account is closed."""
    if not person.active:
        raise Refused("This account is closed.", "Ask operations if that is a mistake.")


def check_close_person(actor: Person, person: Person, active_ops: Set[str]) -> None:
    """Refuse one's own account, one that is closed already, and the last ops person's; `active_ops` are user names."""
    if actor.username == person.username:
        raise Refused("Nobody closes their own account.", "Ask another ops person.")
    if not person.active:
        raise Refused(f"The account of {person.username} is closed already.")
    _check_ops_remain(person, active_ops)


def check_reopen_person(actor: Person, person: Person) -> None:
    """Refuse one's own account, and one that is open."""
    if actor.username == person.username:
        raise Refused("Nobody reopens their own account.", "Ask another ops person.")
    if person.active:
        raise Refused(f"The account of {person.username} is open.")


def check_revoke_role(actor: Person, person: Person, role: Role, active_ops: Set[str]) -> None:
    """Refuse a role of one's own, and ops of the last ops person; `active_ops` are user names."""
    if actor.username == person.username:
        raise Refused("Nobody takes a role from themselves.", "Ask another ops person.")
    if role is Role.OPS:
        _check_ops_remain(person, active_ops)


def check_propose_role(proposer: Person, username: str, role: Role, held: Set[Role]) -> None:
    """Refuse a role for oneself, a role already held, and roles that are kept apart."""
    if proposer.username == username:
        raise Refused("Nobody can give themselves a role.", "Ask another ops person.")
    if role in held:
        raise Refused(f"{username} already holds the role {role}.")
    for pair in KEPT_APART:
        if role in pair and pair & held:
            other = next(iter(pair & held))
            raise Refused(f"{role} and {other} are kept apart, and {username} is {other}.", f"Revoke {other} first.")


def needs_second_word(role: Role, ops_ever: int) -> bool:
    """Tell whether a grant waits for a second person, given how many ops grants were ever confirmed."""
    first_names_second = role is Role.OPS and ops_ever == 1
    return role in TWO_PEOPLE_GRANT and not first_names_second


def check_confirm_role(confirmer: Person, grant: RoleGrant) -> None:
    """Refuse a second word by the proposer or by the person the role is for, and a grant already settled."""
    if grant.confirmed_at or grant.revoked_at:
        raise Refused("This grant is already settled.")
    if confirmer.username in (grant.proposed_by, grant.username):
        raise Refused("A second person confirms this role.", "Not the one who proposed it, nor the one it is for.")


def can_confirm_role(confirmer: Person, grant: RoleGrant) -> bool:
    """Tell whether check_confirm_role would let this pass."""
    try:
        check_confirm_role(confirmer, grant)
    except Refused:
        return False
    return True


def _check_ops_remain(person: Person, active_ops: Set[str]) -> None:
    if active_ops == {person.username}:
        raise Refused(f"{person.username} is the last ops person.", "Give somebody else the role first.")
