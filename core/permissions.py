"""Who may do what: permissions are named `room:thing:action` and held by roles."""

from collections.abc import Mapping, Set

from core.errors import Refused
from core.people.models import Person, Role

_held_by: dict[str, frozenset[Role]] = {}


def register(permissions: Mapping[str, Set[Role]]) -> None:
    """Add a room's permissions to the house's one list; raises ValueError for a name taken or malformed."""
    for name, roles in permissions.items():
        if name.count(":") != 2 or _held_by.get(name, roles) != roles:
            raise ValueError(f"{name!r} is no new permission of the form room:thing:action.")
        _held_by[name] = frozenset(roles)


def all_permissions() -> dict[str, frozenset[Role]]:
    """Return every permission with the roles that hold it, in order of name."""
    return dict(sorted(_held_by.items()))


def may(person: Person, permission: str) -> bool:
    """Tell whether a person holds a permission; an unknown one is held by nobody."""
    return person.active and bool(person.roles & _held_by.get(permission, frozenset()))


def check_may(person: Person, permission: str) -> None:
    """Raise Refused where the person does not hold the permission, naming the roles that do."""
    if not may(person, permission):
        roles = " or ".join(sorted(_held_by.get(permission, frozenset()))) or "nobody"
        raise Refused(f"{person.username} may not do this ({permission}).", f"It takes the role {roles}.")
