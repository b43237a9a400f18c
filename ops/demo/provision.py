"""Everything the demo needs in its control database and vault, made through the services people use, and only once."""

from datetime import date
from pathlib import Path

from core.database import Database
from core.errors import NotFound
from core.people.models import Person
from core.people.service import (
    add_person,
    bootstrap_ops,
    confirm_role,
    pending_grants,
    person_by_username,
    propose_role,
)
from core.settings import Settings
from data_catalog.mapping.models import MAPPINGS, load_mapping
from data_catalog.mapping.service import publish_source
from data_catalog.published.service import publish_numbers
from data_catalog.service import ingest_dataset, newest_editions
from data_catalog.sources.delivery import make_delivery
from data_catalog.synthetic import write_synthetic_sources
from ops.activation import activate
from ops.commands.synth import SCANS, SOURCES, TRIALS, write_source, write_source_scans
from ops.demo.cast import CAST, DAC, DATA_MANAGER, FIRST_OPS, SECOND_OPS, TEAM, Part
from ops.demo.provider import pass_through
from ops.login import sign_in
from ops.numbers import edition_stands
from ops.show import step
from projects.agreements.models import AgreementKind
from projects.agreements.of_project import issue_invoice, record_agreement, record_payment
from projects.agreements.records import agreements_of, invoices
from projects.applications.models import ApplicationFile, load_application_file
from projects.applications.records import find_application
from projects.applications.service import apply_from_file
from projects.committee.models import Word
from projects.committee.policy import bodies_asked
from projects.committee.service import cast_vote, declare_interest, give_seat, seats
from projects.declarations.service import asked_of, declare
from projects.models import ProjectState
from projects.resource_rules.models import Call, ResourceRules, load_rules
from projects.resource_rules.service import all_in_force, confirm_rules, propose_rules, rules_in_force
from projects.service import project
from projects.training.service import record_training, trainings_for

HERE = Path(__file__).parent
DECLARATIONS = HERE.parents[1] / "data_catalog" / "datasets"
OPEN_RECORDS = HERE.parents[2] / "shared" / "data"
DATASETS = ("cis_cohort", "edss_visits")
SHARE = 0.01
"""How much of the two resources' full size the demo draws: seconds, where all of it takes minutes."""

RULES_FILES = tuple(sorted((HERE.parents[1] / "projects" / "resource_rules").glob("*.toml")))
DEMO_OPENS, DEMO_CLOSES = date(2026, 9, 1), date(2029, 12, 31)
"""When the demo's invented call of MS CIDR is open: the real one closed on 17 June 2026."""

COURSE, TRAINED_ON = "data-protection", date(2026, 1, 1)

PROJECT_FILE = HERE / "cis-spinal.toml"
PROJECT_FILES = (PROJECT_FILE, HERE / "cord-scans.toml")


def ensure_people(settings: Settings, database: Database) -> None:
    """Add the cast and give their roles, the checkers' by two ops people."""
    if not _known(database, FIRST_OPS.username):
        bootstrap_ops(database, FIRST_OPS.person(settings))
    first = _signed_in(settings, database, FIRST_OPS)
    proposed = {(grant.username, grant.role) for grant in pending_grants(database, first)}
    for part in CAST:
        if not _known(database, part.username):
            add_person(database, first, part.person(settings))
        for role in set(part.roles) - person_by_username(database, part.username).roles:
            if (part.username, role) not in proposed:
                propose_role(database, first, part.username, role)
    waiting = pending_grants(database, first)
    if waiting:
        second = _signed_in(settings, database, SECOND_OPS)
        for grant in waiting:
            confirm_role(database, second, grant.id)


def ensure_data(settings: Settings, database: Database) -> None:
    """Publish an edition of each of the demo's datasets that has none."""
    for dataset in DATASETS:
        _ensure_dataset(settings, database, dataset)


def _ensure_dataset(settings: Settings, database: Database, dataset: str) -> None:
    if any(edition.dataset == dataset for edition in newest_editions(database)):
        return
    sources, synthetic = OPEN_RECORDS / dataset, False
    if not sources.exists():
        sources, synthetic = settings.state / "synthetic" / dataset, True
        write_synthetic_sources(dataset, sources)
    kind = "synthetic records" if synthetic else "open records"
    with step(f"Dataset {dataset}: reading, checking and publishing {kind}"):
        actor = _signed_in(settings, database, DATA_MANAGER)
        declaration = DECLARATIONS / f"{dataset}.toml"
        with edition_stands(ingest_dataset(database, settings, actor, declaration, sources, synthetic=synthetic)):
            publish_numbers(database, settings, actor, dataset)


def ensure_sources(settings: Settings, database: Database) -> None:
    """Publish a small synthetic edition of each source of the two resources that has none, the trials' with scans."""
    published = {e.dataset for e in newest_editions(database) if e.dataset != TRIALS or e.declaration.scans}
    for source in SOURCES:
        if source not in published:
            with step(f"Source {source}: drawing, mapping and publishing synthetic records"):
                _publish_source(settings, database, source)


def _publish_source(settings: Settings, database: Database, source: str) -> None:
    folder, mapping = settings.state / "synthetic" / source, MAPPINGS / f"{source}.toml"
    scans = settings.state / "synthetic" / SCANS if source == TRIALS else None
    if not folder.exists():
        write_source(source, folder, SHARE)
        make_delivery(folder, "the demo", database.clock(), load_mapping(mapping).files)
    if scans and not scans.exists():
        write_source_scans(scans, SHARE)
    actor = _signed_in(settings, database, DATA_MANAGER)
    edition, _ = publish_source(database, settings, actor, mapping, folder, lambda begun: None, scans=scans)
    with edition_stands(edition):
        publish_numbers(database, settings, actor, source)


def ensure_rules(settings: Settings, database: Database) -> None:
    """Put every resource's rules in force, those with calls with a later one that is invented, and give seats."""
    for file in RULES_FILES:
        rules = with_invented_call(load_rules(file))
        with database.read() as connection:
            in_force = any(one.rules.resource == rules.resource for one in all_in_force(connection))
        if not in_force:
            proposed = propose_rules(database, _signed_in(settings, database, FIRST_OPS), rules)
            confirm_rules(database, _signed_in(settings, database, DAC[0]), rules.resource, proposed.number)
        _ensure_seats(settings, database, rules)


def with_invented_call(rules: ResourceRules) -> ResourceRules:
    """Return a resource's rules with a later call beside those that are closed, labelled as invented."""
    if not rules.calls:
        return rules
    invented = Call(
        name="The demo’s call, invented", opens=DEMO_OPENS, closes=DEMO_CLOSES, time_zone="UTC", invented=True
    )
    return rules.model_copy(update={"calls": (*rules.calls, invented)})


def _ensure_seats(settings: Settings, database: Database, rules: ResourceRules) -> None:
    taken = set(seats(database))
    actor = _signed_in(settings, database, FIRST_OPS)
    for body in rules.bodies:
        for part in DAC:
            if (rules.resource, body.id, part.username) not in taken:
                give_seat(database, actor, rules.resource, body.id, part.username)


def ensure_people_rights(settings: Settings, database: Database) -> None:
    """Have the team hold what the rules ask of people: a training, invented like the team, and its declarations."""
    actor = _signed_in(settings, database, FIRST_OPS)
    for part in TEAM:
        _ensure_declared(settings, database, part)
        if not trainings_for(database, actor, part.username):
            days = {"passed_on": TRAINED_ON, "through": DEMO_CLOSES}
            record_training(database, actor, part.username, COURSE, **days, evidence="invented")


def _ensure_declared(settings: Settings, database: Database, part: Part) -> None:
    with database.read() as connection:
        lacking = [one.declaration for one in asked_of(connection, part.username) if one.through is None]
    for declaration in lacking:
        declare(database, _signed_in(settings, database, part), declaration.sha256)


def ensure_projects(settings: Settings, database: Database) -> None:
    """Bring the demo's projects from their applications to their first notebooks."""
    for file in PROJECT_FILES:
        _ensure_project(settings, database, load_application_file(file))


def _ensure_project(settings: Settings, database: Database, file: ApplicationFile) -> None:
    try:
        state = project(database, file.id).state
    except NotFound:
        apply_from_file(database, _signed_in(settings, database, TEAM[0]), file)
        _vote(settings, database, file)
        state = ProjectState.APPROVED
    if state is ProjectState.APPROVED:
        _ensure_settled(settings, database, file)
        with step(f"Project {file.id}: making its cut, views and network"):
            activate(settings, database, _signed_in(settings, database, FIRST_OPS), file.id)


def _ensure_settled(settings: Settings, database: Database, file: ApplicationFile) -> None:
    """Record the agreement and the fee that MS CIDR's rules ask for, both invented."""
    if file.signatory is None:
        return
    actor = _signed_in(settings, database, FIRST_OPS)
    with database.read() as connection:
        agreed, asked = agreements_of(connection, file.id), invoices(connection, file.id)
    if not agreed:
        document = settings.state / "invented-agreement.txt"
        document.write_text("An invented agreement of the demo's: nobody signed anything.\n")
        record_agreement(
            database,
            settings,
            actor,
            file.id,
            AgreementKind.DATA_USE,
            through=file.ends,
            signatory=file.signatory.name,
            document=document,
        )
    if not asked:
        made = issue_invoice(database, actor, file.id, amount=150_000, currency="EUR", due_on=file.starts)
        record_payment(
            database, _signed_in(settings, database, SECOND_OPS), made.number, paid_on=file.starts, reference="invented"
        )


def _vote(settings: Settings, database: Database, file: ApplicationFile) -> None:
    with database.read() as connection:
        bodies = bodies_asked(find_application(connection, file.id), rules_in_force(connection, file.resource).rules)
    for body in bodies:
        for part in DAC[: body.quorum]:
            member = _signed_in(settings, database, part)
            declare_interest(database, member, file.id, conflict=False)
            cast_vote(database, member, file.id, body.id, Word.APPROVE)


def _known(database: Database, username: str) -> Person | None:
    try:
        return person_by_username(database, username)
    except NotFound:
        return None


def _signed_in(settings: Settings, database: Database, part: Part) -> Person:
    person, _ = sign_in(settings, database, open_page=lambda address: pass_through(settings, part.username, address))
    return person
