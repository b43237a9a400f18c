"""Ask how many people a cohort has, and read what was answered."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, func, select

from core.database import Database
from core.people.models import Person
from core.secrets import ensure_secret
from core.settings import Settings
from data_catalog.cohort import cohort_query
from data_catalog.editions import Edition, edition_sources, find_edition, read_manifest
from data_catalog.engine import engine, work_folder
from data_catalog.feasibility.fields import read_question
from data_catalog.feasibility.policy import DAY, RULE, YEAR, Spent, answered, check_budget
from data_catalog.published.ledger import Kind, Place, enter
from data_catalog.published.marginals import Number
from data_catalog.tables import published_number as ledger

SUBJECT = "cohort"
STATISTIC = "people, with noise"
_KEY = "feasibility"


@dataclass(frozen=True)
class Answer:
    """One question and its answer, as they stand on the ledger."""

    dataset: str
    edition: int
    question: str
    value: str
    at: datetime
    asker: str


def ask(database: Database, settings: Settings, asker: Person, dataset_id: str, form: Mapping[str, str]) -> str:
    """Answer how many people of a dataset's newest edition a form describes; the answer goes on the ledger.

    What anybody has asked before is answered the same and costs the house nothing. Raises BudgetSpent,
    InvalidInput, FilterRefused, EditionNotFound, EditionBroken.
    """
    with database.read() as connection:
        found = find_edition(connection, dataset_id)
        question = read_question(found.declaration, form)
        known = _known(connection, found, question)
        if known is not None and _asked_by(connection, found, question, asker):
            return known
        _check(connection, found, asker, database.clock(), is_new=known is None)
    if known is None:
        # The key and everything the noise depends on but the count: no second answer to one question exists.
        key = ensure_secret(settings, _KEY)
        known = answered(_count(settings, found, question), key, f"{found.dataset}/{found.number}: {question}")
    with database.write(asker) as tx:
        _check(tx.connection, found, asker, tx.now, is_new=_known(tx.connection, found, question) is None)
        enter(tx, asker, Place(found.dataset, found.number), Kind.FEASIBILITY, [_entry(question, known)], RULE)
        tx.record("data_catalog:feasibility:answer", _subject(found))
    return known


def answers(database: Database, dataset_id: str) -> tuple[Answer, ...]:
    """Return every question asked of a dataset's newest edition with its answer, the newest first, each once."""
    with database.read() as connection:
        found = find_edition(connection, dataset_id)
        columns = ledger.c
        query = (
            select(columns.predicate, columns.value, columns.published_at, columns.published_by)
            .where(columns.dataset_id == found.dataset, columns.edition == found.number, _IS_FEASIBILITY)
            .order_by(columns.published_at)
        )
        first: dict[str, Answer] = {}
        for question, value, at, asker in connection.execute(query):
            first.setdefault(question, Answer(found.dataset, found.number, question, value, at, asker))
    return tuple(reversed(first.values()))


def spent_on(database: Database, dataset_id: str, asker: Person) -> Spent:
    """Return how many questions were asked of a dataset, and how many of them by this person."""
    with database.read() as connection:
        return _spent(connection, dataset_id, asker, database.clock())


_IS_FEASIBILITY = ledger.c.kind == Kind.FEASIBILITY


def _check(connection: Connection, found: Edition, asker: Person, now: datetime, *, is_new: bool) -> None:
    spent = _spent(connection, found.dataset, asker, now)
    check_budget(spent if is_new else Spent(spent.today, spent.by_asker, 0))


def _spent(connection: Connection, dataset_id: str, asker: Person, now: datetime) -> Spent:
    columns = ledger.c
    mine, this_dataset = columns.published_by == asker.username, columns.dataset_id == dataset_id
    this_year = columns.published_at > now - YEAR

    def number(*conditions: ColumnElement[bool]) -> int:
        asked = select(columns.dataset_id, columns.edition, columns.predicate).distinct()
        matching = asked.where(_IS_FEASIBILITY, *conditions).subquery()
        return connection.execute(select(func.count()).select_from(matching)).scalar_one()

    return Spent(
        today=number(mine, columns.published_at > now - DAY),
        by_asker=number(mine, this_dataset, this_year),
        together=number(this_dataset, this_year),
    )


def _known(connection: Connection, found: Edition, question: str) -> str | None:
    query = select(ledger.c.value).where(*_about(found, question))
    return connection.execute(query).scalars().first()


def _asked_by(connection: Connection, found: Edition, question: str, asker: Person) -> bool:
    query = select(ledger.c.id).where(*_about(found, question), ledger.c.published_by == asker.username)
    return connection.execute(query).first() is not None


def _about(found: Edition, question: str) -> tuple[ColumnElement[bool], ...]:
    columns = ledger.c
    is_edition = (columns.dataset_id == found.dataset, columns.edition == found.number)
    return (*is_edition, _IS_FEASIBILITY, columns.predicate == question)


def _count(settings: Settings, found: Edition, question: str) -> int:
    sources = edition_sources(read_manifest(settings, found), found.folder(settings))
    people = cohort_query(question, found.declaration, sources)
    with work_folder(settings.vault) as work, engine(work) as duck:
        row = duck.execute(f"SELECT count(*) FROM (SELECT DISTINCT * FROM ({people}))").fetchone()
    assert row is not None
    return int(row[0])


def _entry(question: str, value: str) -> Number:
    return Number(SUBJECT, question, STATISTIC, value)


def _subject(found: Edition) -> str:
    return f"edition:{found.dataset}/{found.number}"
