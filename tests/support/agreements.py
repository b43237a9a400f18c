"""A data use agreement from its drawing up on: ravi signs for the applicant, dora for the resource."""

from core.database import Database
from core.people.models import Person
from core.settings import Settings
from projects.agreements.signing.models import DrawnAgreement, SignedByTyping
from projects.agreements.signing.service import draw_up, sign


def drawn_up(
    database: Database, settings: Settings, people: dict[str, Person], project_id: str = "cis-spinal"
) -> DrawnAgreement:
    """An agreement that waits for ravi, who is in no team."""
    return draw_up(database, settings, people["olga"], project_id, "ravi", "dora")


def signed_by(database: Database, settings: Settings, person: Person, drawn: DrawnAgreement) -> DrawnAgreement:
    """The same agreement with one more signature, as it is typed in the portal."""
    typed = SignedByTyping(person.name, True, drawn.document_sha256)
    return sign(database, settings, person, drawn.project_id, drawn.number, typed)
