"""The demo's people, all invented: who they are, and which roles they come to hold."""

from dataclasses import dataclass

from core.people.models import Person, Role
from core.settings import Settings


@dataclass(frozen=True)
class Part:
    """One person of the demo; the sign-in provider's subject is the user name."""

    username: str
    name: str
    does: str
    roles: tuple[Role, ...] = ()

    def person(self, settings: Settings) -> Person:
        """Return the person as somebody new to the installation."""
        return Person(self.username, self.name, f"{self.username}@example.org", settings.oidc_issuer, self.username)


FIRST_OPS = Part("olga", "Olga Berg", "ops: runs the installation", (Role.OPS,))
SECOND_OPS = Part("otto", "Otto Lind", "ops: confirms what takes two people", (Role.OPS,))
DATA_MANAGER = Part("dana", "Dana Novak", "data manager: takes data in", (Role.DATA_MANAGER,))
DAC = (
    Part("dirk", "Dirk Holm", "data access committee: decides on applications", (Role.DAC_MEMBER,)),
    Part("dora", "Dora Lind", "data access committee: decides on applications", (Role.DAC_MEMBER,)),
)
CHECKERS = (
    Part("chris", "Chris Moreau", "output checker", (Role.CHECKER,)),
    Part("chloe", "Chloe Rossi", "output checker", (Role.CHECKER,)),
)
AUDITOR = Part("anna", "Anna Keller", "auditor: reads the audit log", (Role.AUDITOR,))
TEAM = (
    Part("lena", "Lena Dahl", "researcher, leads the demo project"),
    Part("rosa", "Rosa Marin", "researcher in the demo project"),
)
CAST = (*TEAM, *CHECKERS, FIRST_OPS, SECOND_OPS, DATA_MANAGER, *DAC, AUDITOR)
