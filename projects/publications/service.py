"""What a team does with its publications: record, take a step, name outputs, sum up; and report to its resource."""

from collections.abc import Collection

from sqlalchemy import insert, update

from core.database import Database, Transaction
from core.errors import InvalidInput
from core.people.models import Person
from projects.models import Project
from projects.publications.errors import PublicationRejected
from projects.publications.mails import tell_shown
from projects.publications.models import NewPublication, Publication, PublicationState, Report, StepFacts
from projects.publications.policy import FACTS, PublicationStep, check_step, check_summary, check_team
from projects.publications.records import find_publication, insert_output, publications_of, reports_of
from projects.publications.tables import publication, report
from projects.records import find_project

LONGEST_TEXT = 4000
"""Characters of a report or a summary."""


def record_publication(database: Database, actor: Person, project_id: str, planned: NewPublication) -> Publication:
    """Record a publication that a team plans; raises ActionRefused for somebody who is not of the team."""
    with database.write(actor) as tx:
        _project(tx, actor, project_id)
        number = 1 + len(publications_of(tx.connection, project_id))
        said = {**planned.model_dump(), "state": PublicationState.PLANNED}
        made = {"recorded_by": actor.username, "recorded_at": tx.now}
        tx.execute(insert(publication).values(project_id=project_id, number=number, **said, **made))
        _record(tx, project_id, "record", number)
        return find_publication(tx.connection, project_id, number)


def take_step(
    database: Database, actor: Person, project_id: str, number: int, step: PublicationStep, facts: StepFacts
) -> Publication:
    """Say what has happened to a publication; that it is shown is told to the resource's committee by mail.

    Raises PublicationSettled where the step is not open, PublicationRejected for a day that has not come.
    """
    if not isinstance(facts, FACTS[step]):
        raise TypeError(f"{step} says {FACTS[step].__name__}, not {type(facts).__name__}.")
    with database.write(actor) as tx:
        project = _project(tx, actor, project_id)
        found = find_publication(tx.connection, project_id, number)
        to = check_step(found, step, facts, tx.now.date())
        shown = {"shown_on": tx.now.date()} if step is PublicationStep.SHOW else {}
        _change(tx, found, state=to, **facts.model_dump(), **shown)
        _record(tx, project_id, step, number, before=found.state, after=to)
        after = find_publication(tx.connection, project_id, number)
        if step is PublicationStep.SHOW:
            tell_shown(tx, project, after)
        return after


def sum_up(database: Database, actor: Person, project_id: str, number: int, words: str) -> Publication:
    """Say in plain words what a published result means; it is shown on the register of projects."""
    with database.write(actor) as tx:
        _project(tx, actor, project_id)
        found = find_publication(tx.connection, project_id, number)
        check_summary(found)
        _change(tx, found, lay_summary=_text(words))
        _record(tx, project_id, "summarise", number)
        return find_publication(tx.connection, project_id, number)


def name_outputs(
    database: Database, actor: Person, project_id: str, number: int, named: Collection[str], released: Collection[str]
) -> Publication:
    """Say which released outputs a publication uses, by the ids of their release requests; what was named stays named.

    `released` are the ids of the project's released requests, as output checking has them; raises PublicationRejected
    for any other.
    """
    with database.write(actor) as tx:
        _project(tx, actor, project_id)
        found = find_publication(tx.connection, project_id, number)
        if set(named) - set(released):
            raise PublicationRejected([f"only released outputs of {project_id} can be named"])
        added = sorted(set(named) - set(found.outputs))
        for request_id in added:
            insert_output(tx, found, request_id, actor.username)
        _record(tx, project_id, "name_outputs", number, requests=added)
        return find_publication(tx.connection, project_id, number)


def write_report(database: Database, actor: Person, project_id: str, words: str) -> Report:
    """Tell the resource what came of a project; a report stays as it was written."""
    with database.write(actor) as tx:
        _project(tx, actor, project_id)
        number = 1 + len(reports_of(tx.connection, project_id))
        written = {"words": _text(words), "written_by": actor.username, "written_at": tx.now}
        tx.execute(insert(report).values(project_id=project_id, number=number, **written))
        tx.record("projects:report:write", f"project:{project_id}", {"report": number})
        return reports_of(tx.connection, project_id)[-1]


def _project(tx: Transaction, actor: Person, project_id: str) -> Project:
    project = find_project(tx.connection, project_id)
    check_team(project, actor)
    return project


def _change(tx: Transaction, of: Publication, **values: object) -> None:
    this = (publication.c.project_id == of.project_id, publication.c.number == of.number)
    tx.execute(update(publication).where(*this).values(**values))


def _record(tx: Transaction, project_id: str, action: str, number: int, **detail: object) -> None:
    tx.record(f"projects:publication:{action}", f"project:{project_id}", {"publication": number, **detail})


def _text(words: str) -> str:
    text = words.strip().replace("\r\n", "\n")
    if not text or len(text) > LONGEST_TEXT:
        raise InvalidInput(f"Write between one and {LONGEST_TEXT} characters.", "Nothing was saved.")
    return text
