"""Datasets, cuts and projects for tests, on the open records or on synthetic ones of their shape."""

from datetime import date
from ipaddress import IPv4Network
from pathlib import Path

import duckdb
import pytest

from core.database import Database
from core.files import ensure_folder
from core.people.models import Person
from core.people.sessions import open_session
from core.settings import Settings
from data_catalog.editions import EditionManifest
from data_catalog.models import DATASETS
from data_catalog.service import ingest_dataset
from data_catalog.synthetic import write_synthetic_sources
from projects.agreements.models import AgreementKind
from projects.agreements.of_project import issue_invoice, record_agreement, record_payment
from projects.applications.models import Application, ApplicationFile
from projects.applications.records import find_application
from projects.applications.service import (
    amend_from_file,
    apply_from_file,
    check_application,
    submit_application,
)
from projects.committee.models import Word
from projects.committee.policy import bodies_asked
from projects.committee.service import cast_vote, declare_interest, give_seat
from projects.declarations.service import asked_of, declare
from projects.models import Project, TeamRole
from projects.resource_rules.models import AskedOfPeople, load_rules
from projects.resource_rules.service import all_in_force, confirm_rules, propose_rules, rules_in_force
from projects.service import activate_project, project
from projects.training.service import record_training

ON_ONE_ENGINE = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
"""For tests of what never enters the control database: rows, values, files."""

RULES = Path(__file__).parents[2] / "projects" / "resource_rules"

OPEN_RECORDS = Path(__file__).parents[3] / "shared" / "data"


def sources_of(dataset_id: str, beside: Path) -> Path:
    """The open records where they are, else synthetic ones."""
    if (OPEN_RECORDS / dataset_id).is_dir():
        return OPEN_RECORDS / dataset_id
    write_synthetic_sources(dataset_id, beside / dataset_id)
    return beside / dataset_id


def ingest(database: Database, settings: Settings, manager: Person, dataset_id: str, beside: Path) -> EditionManifest:
    """Take in one of the datasets that come with Myelin."""
    declaration = DATASETS / f"{dataset_id}.toml"
    return ingest_dataset(database, settings, manager, declaration, sources_of(dataset_id, beside))


def application_file(**changes: object) -> ApplicationFile:
    """An application for the cohort, led by lena with rosa, to be used throughout 2026."""
    academic = {"organisation": "University of Examples", "sector": "academic"}
    fields: dict[str, object] = {
        "id": "cis-spinal",
        "resource": "open",
        "title": "Spinal cord lesions and conversion",
        "question": "Whether spinal cord lesions go with conversion.",
        "lay_summary": "Who goes on to have multiple sclerosis after a first episode?",
        "about_ms": True,
        "purposes": ["retrospective analysis"],
        "compares_drugs": False,
        "population": "Adults after a first episode.",
        "funding": "None.",
        "commercial": False,
        "outputs_plan": "Tables for an article.",
        "starts": date(2026, 1, 1),
        "ends": date(2026, 12, 31),
        "team": [{"username": "lena", "role": "lead"}, {"username": "rosa", "role": "researcher"}],
        "datasets": {"cis_cohort": {"patients": {"variables": ["gender", "age", "spinal_cord_mri", "converted"]}}},
    }
    fields |= changes
    fields["team"] = [{**academic, **member} for member in fields["team"]]  # type: ignore[attr-defined]
    tables = [f"{dataset}.{table}" for dataset, asked in fields["datasets"].items() for table in asked]  # type: ignore[attr-defined]
    return ApplicationFile.model_validate(
        {"reasons": dict.fromkeys(tables, "It is what the question is about."), **fields}
    )


def ready(database: Database, people: dict[str, Person]) -> None:
    """Put the rules of every resource in force, and give both members of the committee every seat, once."""
    with database.read() as connection:
        if all_in_force(connection):
            return
    for path in sorted(RULES.glob("*.toml")):
        rules = load_rules(path)
        confirm_rules(database, people["dirk"], rules.resource, propose_rules(database, people["olga"], rules).number)
        for body in rules.bodies:
            for member in ("dirk", "dora"):
                give_seat(database, people["olga"], rules.resource, body.id, member)


def declared(database: Database, people: dict[str, Person], *usernames: str) -> None:
    """Have people make every declaration they are asked for."""
    for username in usernames:
        with database.read() as connection:
            asked = asked_of(connection, username)
        for one in asked:
            declare(database, people[username], one.declaration.sha256)


def demand_training(database: Database, people: dict[str, Person], course: str = "data-protection") -> None:
    """Put rules of open records in force that ask everybody in a team for a training."""
    ready(database, people)
    with database.read() as connection:
        rules = rules_in_force(connection, "open").rules
    asked = rules.model_copy(update={"people": AskedOfPeople(courses=(course,))})
    confirm_rules(database, people["dirk"], "open", propose_rules(database, people["olga"], asked).number)


def trained(database: Database, people: dict[str, Person], *usernames: str) -> None:
    """Record the training that the resources ask for, through 2027."""
    days = {"passed_on": date(2026, 1, 1), "through": date(2027, 12, 31)}
    for username in usernames:
        record_training(database, people["olga"], username, "data-protection", **days, evidence="invented")


def rightful(database: Database, people: dict[str, Person], *usernames: str) -> None:
    """Have people hold all that the resources ask of them, and be signed in to the hub, with a second factor."""
    trained(database, people, *usernames)
    declared(database, people, *usernames)
    for username in usernames:
        open_session(database, people[username], "hub", hours=24 * 400, second_factor=True)


def settled(database: Database, settings: Settings, people: dict[str, Person], project_id: str) -> None:
    """Record the data use agreement of a project as signed, and its fee as paid; both invented."""
    document = ensure_folder(settings.state) / "signed.pdf"
    document.write_bytes(b"%PDF-1.7 signed, an invented agreement")
    signed = {"through": date(2028, 12, 31), "signatory": "S. Amann", "document": document}
    record_agreement(database, settings, people["olga"], project_id, AgreementKind.DATA_USE, **signed)  # type: ignore[arg-type]
    asked = {"currency": "EUR", "due_on": date(2026, 12, 31)}
    number = issue_invoice(database, people["olga"], project_id, amount=150_000, **asked).number  # type: ignore[arg-type]
    record_payment(database, people["otto"], number, paid_on=date(2026, 6, 1), reference="invented")


def applied(database: Database, people: dict[str, Person], file: ApplicationFile | None = None) -> Application:
    """An application as its first lead submits it, both members having declared that they have no conflict."""
    ready(database, people)
    file = file or application_file()
    lead = next(member.username for member in file.team if member.role is TeamRole.LEAD)
    application = apply_from_file(database, people[lead], file)
    for member in ("dirk", "dora"):
        declare_interest(database, people[member], file.id, conflict=False)
    return application


def submitted(database: Database, actor: Person, project_id: str, number: int = 0) -> Application:
    """Submit a draft as somebody does who has read it as it is."""
    file = check_application(database, actor, project_id, number).file
    return submit_application(database, actor, project_id, number, read=file.sha256 if file else "")


def approved_project(database: Database, people: dict[str, Person], file: ApplicationFile | None = None) -> Project:
    """A project as the committee approved it, by as many votes as each of its bodies asks for."""
    file = file or application_file()
    applied(database, people, file)
    with database.read() as connection:
        application = find_application(connection, file.id)
    decided(database, people, application)
    return project(database, file.id)


def decided(database: Database, people: dict[str, Person], application: Application, word: Word = Word.APPROVE) -> None:
    """Both members of the committee vote alike for every body that is asked, as many of them as it takes."""
    with database.read() as connection:
        bodies = bodies_asked(application, rules_in_force(connection, application.resource).rules)
    key = (application.project_id, application.number)
    for body in bodies:
        for member in ("dirk", "dora")[: body.quorum]:
            cast_vote(database, people[member], key[0], body.id, word, reason="So it is.", number=key[1])


def amendment_file(**changes: object) -> ApplicationFile:
    """An amendment of that project: schooling in place of the lesions, of adults."""
    asked = {
        "cis_cohort": {
            "patients": {"variables": ["gender", "age", "schooling", "converted"], "row_filter": "age >= 18"}
        }
    }
    return application_file(**{"amendment_reason": "Schooling may explain it.", "datasets": asked, **changes})


def amendment(database: Database, people: dict[str, Person], file: ApplicationFile | None = None) -> Application:
    """An amendment as lena, who leads the project, submits it, both members having declared to have no conflict."""
    application = amend_from_file(database, people["lena"], file or amendment_file())
    for member in ("dirk", "dora"):
        declare_interest(database, people[member], application.project_id, conflict=False, number=application.number)
    return application


def amended(database: Database, people: dict[str, Person], file: ApplicationFile | None = None) -> Project:
    """The project with an amendment that the committee approved; its cut is not made."""
    application = amendment(database, people, file)
    decided(database, people, application)
    return project(database, application.project_id)


def empty_views(cut: Path) -> None:
    """Stand where the notebook image makes the views: for tests of everything around them."""
    duckdb.connect(cut / "project.duckdb").close()


def no_network(project_id: str, subnet: IPv4Network) -> None:
    """Stand where Docker makes the network: for tests of everything around it."""


def activate(database: Database, settings: Settings, actor: Person, project_id: str) -> Project:
    """Activate a project without Docker."""
    return activate_project(database, settings, actor, project_id, make_views=empty_views, make_network=no_network)


def active_project(
    database: Database, settings: Settings, people: dict[str, Person], beside: Path, **changes: object
) -> Project:
    """The cohort taken in, and a project on it from its file to its cut."""
    ingest(database, settings, people["dana"], "cis_cohort", beside)
    file = application_file(**changes)
    approved_project(database, people, file)
    return activate(database, settings, people["olga"], file.id)
