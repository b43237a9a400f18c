"""Projects whose resource asks for what comes of them; invented rules on top of those of open records."""

from datetime import date

from core.database import Database
from core.people.models import Person
from core.settings import Settings
from projects.models import Project
from projects.publications.models import NewPublication, Publication, PublicationKind, Published, Shown, Submitted
from projects.publications.policy import PublicationStep
from projects.publications.service import record_publication, take_step
from projects.resource_rules.models import AskedOfTeams
from projects.resource_rules.service import confirm_rules, propose_rules, rules_in_force
from tests.support.catalog import activate, application_file, approved_project, ready

ASKED = AskedOfTeams(
    acknowledgement="We thank the people whose data these are.",
    citation="Open records, invented.",
    shown_days_before=30,
    summary_days_after=60,
    annual_report=True,
    remind_after_days=(180, 365),
)
ARTICLE = NewPublication(kind=PublicationKind.ARTICLE, title="Lesions and conversion", planned_for=date(2026, 9, 1))
SHOWN = Shown(manuscript="https://files.example.org/manuscript.pdf")
SUBMITTED = Submitted(venue="Journal of Examples", submitted_on=date(2026, 6, 1))
PUBLISHED = Published(link="https://doi.org/10.1000/182", published_on=date(2026, 6, 1), acknowledges=True)


def asking_project(database: Database, settings: Settings, people: dict[str, Person], project_id: str) -> Project:
    """An active project on the cohort, which was taken in, under rules that ask for all there is to ask."""
    ready(database, people)
    with database.read() as connection:
        rules = rules_in_force(connection, "open").rules.model_copy(update={"teams": ASKED})
    confirm_rules(database, people["dirk"], "open", propose_rules(database, people["olga"], rules).number)
    file = application_file(id=project_id, starts=date(2025, 1, 1))
    approved_project(database, people, file)
    return activate(database, settings, people["olga"], project_id)


def published(database: Database, actor: Person, project_id: str, title: str = ARTICLE.title) -> Publication:
    """A publication that was recorded and is published, without having been shown."""
    planned = ARTICLE.model_copy(update={"title": title})
    number = record_publication(database, actor, project_id, planned).number
    return take_step(database, actor, project_id, number, PublicationStep.PUBLISH, PUBLISHED)
