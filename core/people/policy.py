"""Rules about people and roles: facts in, verdict or refusal out."""

from collections.abc import Set

from core.errors import Refused
from core.people.models import Person, Role, RoleGrant

TWO_PEOPLE_GRANT = frozenset({Role.CHECKER})
"""Roles that take effect only when a second person confirms them."""

KEPT_APART = (
    frozenset({Role.OPS, Role.CHECKER}),
    frozenset({Role.OPS, Role.DAC_MEMBER}),
    frozenset({Role.OPS, Role.AUDITOR}),
)
"""Roles no one person may hold together: who runs the house neither decides, reviews nor audits."""


def check_active(person: Person) -> None:
    """Refuse somebody whose account is closed."""
    if not person.active:
        raise Refused("This account is closed.", "Ask operations if that is a mistake.")


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
