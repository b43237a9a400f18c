"""Rules about people and roles: facts in, verdict or refusal out."""

from collections.abc import Iterable, Mapping, Set

from core.errors import InvalidInput, Refused
from core.people.models import Person, Role, RoleGrant
from core.settings import MAIL_ADDRESS

TWO_PEOPLE_GRANT = frozenset({Role.CHECKER, Role.OPS, Role.DAC_MEMBER})
"""Roles that take effect only when a second person confirms them: with any of them alone, one ops person could make
the people who let data in or out. The first ops person names the second alone, once, on record."""

KEPT_APART: Mapping[frozenset[Role], str] = {
    frozenset({Role.OPS, Role.CHECKER}): "who runs the house does not review what leaves it",
    frozenset({Role.OPS, Role.DAC_MEMBER}): "who runs the house does not decide who may use the data",
    frozenset({Role.OPS, Role.AUDITOR}): "who runs the house does not audit it",
    frozenset({Role.DAC_MEMBER, Role.CHECKER}): "who lets data in does not let them out",
}
"""Roles no one person may hold together, and why."""

WHAT_ROLES_DO: Mapping[Role, str] = {
    Role.OPS: "runs the house: people, trainings, agreements, activation. Decides, reviews and releases nothing.",
    Role.DATA_MANAGER: "takes in what sources deliver, publishes editions and their numbers, carries out withdrawals.",
    Role.DAC_MEMBER: "decides on applications and amendments; says the second word on rules and roles.",
    Role.CHECKER: "reviews outputs, decides on them and releases them.",
    Role.AUDITOR: "reads the audit log, every project and the ledger. Changes nothing.",
}

LONGEST = {"name": 200, "mail address": 254, "issuer": 254, "subject": 254}
"""Characters of what an account says of a person."""

RESERVED_NAMES = frozenset({"new", "grants"})
"""User names nobody has: pages beside those of people are called so."""


def check_active(person: Person) -> None:
    """Refuse somebody whose account is closed."""
    if not person.active:
        raise Refused("This account is closed.", "Ask operations if that is a mistake.")


def check_add_person(new: Person, known: Iterable[Person]) -> None:
    """Refuse a second account of one person, naming the first: one user name, one subject, one mail address.

    Raises InvalidInput where a name, mail address, issuer or subject is missing or the user name is reserved.
    """
    _check_complete(new)
    for other in known:
        account = other.username if other.active else f"{other.username}, which is closed"
        hint = f"One person has one account: {'use' if other.active else 'reopen'} that one."
        if other.username == new.username:
            raise Refused(f"There already is somebody called {new.username}.", "Choose another user name.")
        if (other.issuer, other.subject) == (new.issuer, new.subject):
            raise Refused(f"This subject belongs to the account {account}.", hint)
        if other.email.casefold() == new.email.casefold():
            raise Refused(f"This mail address belongs to the account {account}.", hint)


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


def check_propose_role(
    proposer: Person, username: str, role: Role, held: Set[Role], waiting: Set[Role] = frozenset()
) -> None:
    """Refuse a role for oneself, one held or proposed (`waiting`) already, and roles that are kept apart."""
    if proposer.username == username:
        raise Refused("Nobody can give themselves a role.", "Ask another ops person.")
    if role in held:
        raise Refused(f"{username} already holds the role {role}.")
    if role in waiting:
        raise Refused(f"The role {role} is proposed for {username} already.", "A second person confirms it.")
    for pair, reason in KEPT_APART.items():
        if role in pair and pair & held:
            other = next(iter(pair & held))
            raise Refused(
                f"{role} and {other} are kept apart, and {username} is {other}: {reason}.", f"Revoke {other} first."
            )


def kept_apart_from(role: Role) -> dict[Role, str]:
    """Return the roles nobody holds together with this one, and why."""
    return {other: reason for pair, reason in KEPT_APART.items() if role in pair for other in pair - {role}}


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


def _check_complete(new: Person) -> None:
    if new.username in RESERVED_NAMES:
        raise InvalidInput(f"Nobody can be called {new.username}: a page has that name.", "Choose another user name.")
    said = {"name": new.name, "mail address": new.email, "issuer": new.issuer, "subject": new.subject}
    for what, words in said.items():
        if not words.strip():
            raise InvalidInput(f"The {what} is missing.", "The sign-in provider knows people by issuer and subject.")
        if len(words) > LONGEST[what]:
            raise InvalidInput(f"The {what} is too long.", f"It has up to {LONGEST[what]} characters.")
    if not MAIL_ADDRESS.fullmatch(new.email):
        raise InvalidInput("No mail can be sent to this address.", "Write it like name@organisation.org.")
