"""Exemptions from a rule: asked for by those who apply, granted by two members of the committee, on record.

The authorisation of a commercial use is one of these: it is what the rule asks for.
"""

from sqlalchemy import insert

from core.database import Database
from core.errors import InvalidInput
from core.people.models import Person
from projects.applications.errors import NotOpen, NotYours
from projects.applications.models import Application, Exemption
from projects.applications.policy import WRITABLE, Party, check_party
from projects.applications.records import find_application
from projects.applications.service import application_in
from projects.applications.tables import exemption_request, exemption_word
from projects.resource_rules.models import RuleId


def ask_exemption(
    database: Database, actor: Person, project_id: str, rule: RuleId, reason: str, number: int = 0
) -> Exemption:
    """Ask the committee to exempt a draft from a rule; it sees the draft from then on."""
    with database.write(actor) as tx:
        found = application_in(tx.connection, actor, project_id, number)
        check_party(found, Party.APPLICANT, actor)
        if found.state not in WRITABLE:
            raise NotOpen(
                f"{found.id} is {found.state}.", "Exemptions are asked for before an application is submitted."
            )
        if found.exemption(rule):
            raise NotOpen(f"An exemption from the rule {rule} was asked for already.", "The committee says yes or no.")
        if not reason.strip():
            raise InvalidInput("Say why: the committee decides on your reason.")
        key = {"project_id": project_id, "number": number, "rule": rule}
        asked = {"reason": reason.strip()[:4000], "asked_by": actor.username, "asked_at": tx.now}
        tx.execute(insert(exemption_request).values(**key, **asked))
        tx.record("projects:exemption:ask", f"application:{found.id}", {"rule": rule})
        return _find(find_application(tx.connection, project_id, number), rule)


def answer_exemption(
    database: Database, actor: Person, project_id: str, rule: RuleId, *, granted: bool, reason: str, number: int = 0
) -> Exemption:
    """Say one member's word on an exemption: it takes two to grant it, and one to refuse it."""
    with database.write(actor) as tx:
        found = application_in(tx.connection, actor, project_id, number)
        check_party(found, Party.COMMITTEE, actor)
        exemption = _find(found, rule)
        if exemption.settled:
            raise NotOpen("This exemption is settled.")
        if actor.username in {word.username for word in exemption.words}:
            raise NotYours("You have said your word on this exemption.", "It takes a second member.")
        if not reason.strip():
            raise InvalidInput("Give a reason: it is kept with the exemption.")
        key = {"project_id": project_id, "number": number, "rule": rule, "username": actor.username}
        tx.execute(insert(exemption_word).values(**key, granted=granted, reason=reason.strip()[:4000], said_at=tx.now))
        said = {"rule": rule, "granted": granted}
        tx.record("projects:exemption:answer", f"application:{found.id}", said)
        return _find(find_application(tx.connection, project_id, number), rule)


def _find(application: Application, rule: RuleId) -> Exemption:
    exemption = application.exemption(rule)
    if exemption is None:
        raise NotOpen(f"No exemption from the rule {rule} was asked for.")
    return exemption
