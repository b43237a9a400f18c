"""The pre-check: what of a draft can be read, what is missing, and what the rules say of it so far.

The same code runs while somebody writes and when they submit.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import Connection

from core.errors import NotFound
from core.forms import in_words
from core.people.models import Sector
from core.people.service import find_person
from data_catalog.editions import find_edition
from data_catalog.errors import EditionNotFound
from data_catalog.models import DatasetDeclaration
from projects.applications.models import Answer, ApplicationFile
from projects.changes import changes
from projects.data_requests import problems_of_request
from projects.resource_rules.models import Contract, Facts, ResourceRules, RuleId, Verdict
from projects.resource_rules.policy import judge


@dataclass(frozen=True)
class Standing:
    """What is known of an application beside what it says."""

    at: datetime
    before: ApplicationFile | None = None
    """What the project it amends is approved for; None for a new project."""
    editions: Mapping[str, int] = field(default_factory=dict)
    """Dataset → the edition that the project it amends works on."""
    judges: frozenset[str] = frozenset()
    """Who voted or decided on the project it amends."""
    recorded_sectors: Mapping[str, Sector] = field(default_factory=dict)
    contracts: Mapping[str, Contract] = field(default_factory=dict)
    exempt: frozenset[RuleId] = frozenset()


@dataclass(frozen=True)
class Problem:
    """Something that is missing or can not be read, and in which field."""

    field: str
    message: str

    def __str__(self) -> str:
        return f"{self.field}: {self.message}" if self.field else self.message


@dataclass(frozen=True)
class Check:
    """What the pre-check found."""

    file: ApplicationFile | None
    """The application, once every answer can be read."""
    problems: tuple[Problem, ...]
    verdicts: tuple[Verdict, ...]

    @property
    def refusals(self) -> tuple[Verdict, ...]:
        """What stops it."""
        return tuple(one for one in self.verdicts if one.weight == "refuses")

    @property
    def unanswered(self) -> tuple[Verdict, ...]:
        """What waits for an answer."""
        return tuple(one for one in self.verdicts if one.weight == "asks" and not one.answered)

    @property
    def sha256(self) -> str | None:
        """The hash it would be submitted under, once every answer can be read."""
        return self.file.sha256 if self.file else None

    @property
    def is_free(self) -> bool:
        """Whether it can be submitted."""
        return not (self.problems or self.refusals or self.unanswered)


def check(
    connection: Connection, project_id: str, answers: Mapping[str, Answer], rules: ResourceRules, standing: Standing
) -> Check:
    """Return what of a draft can be read, what is missing, and what the rules say of it."""
    answers = {name: answer for name, answer in answers.items() if answer.value != "null"}  # emptied: not answered
    said, problems = _read(answers)
    verdicts = judge(_facts(said, standing), rules, _declarations(connection, said, standing))
    file, of_the_whole = _whole(project_id, rules, answers) if not problems else (None, [])
    problems += of_the_whole
    if file:
        problems += _unknown(connection, file, rules, standing)
        problems += _of_the_amendment(file, standing) if standing.before else ()
    return Check(file, tuple(problems), verdicts)


def _read(answers: Mapping[str, Answer]) -> tuple[dict[str, Any], list[Problem]]:
    said: dict[str, Any] = {}
    problems: list[Problem] = []
    for name, adapter in _ADAPTERS.items():
        if name not in answers:
            if ApplicationFile.model_fields[name].is_required():
                problems.append(Problem(name, "is not answered yet"))
            continue
        try:
            said[name] = adapter.validate_json(answers[name].value)
        except ValidationError as error:
            problems += [Problem(name, message.removeprefix(": ")) for message in in_words(error, "")]
    return said, problems


def _whole(
    project_id: str, rules: ResourceRules, answers: Mapping[str, Answer]
) -> tuple[ApplicationFile | None, list[Problem]]:
    given = ", ".join(f'"{name}": {answers[name].value}' for name in _ADAPTERS if name in answers)
    text = f'{{"id": "{project_id}", "resource": "{rules.resource}", {given}}}'
    try:
        return ApplicationFile.model_validate_json(text), []
    except ValidationError as error:
        return None, [Problem("", message) for message in in_words(error, "the application")]


def _unknown(
    connection: Connection, file: ApplicationFile, rules: ResourceRules, standing: Standing
) -> Iterator[Problem]:
    for member in file.team:
        try:
            known = find_person(connection, member.username).active
        except NotFound:
            known = False
        if not known:
            message = f"{member.username} has no open account here; operations open one."
            yield Problem("team", message)
    bound = {} if file.newest_editions else standing.editions
    yield from (Problem("datasets", message) for message in problems_of_request(connection, file, bound))
    yield from (Problem("reasons", f"say what {name} is needed for") for name in file.unreasoned)
    if rules.data_use_agreement and file.signatory is None:
        yield Problem("signatory", f"{rules.label} asks for a data use agreement: say who signs it")


def _of_the_amendment(file: ApplicationFile, standing: Standing) -> Iterator[Problem]:
    assert standing.before is not None
    if not file.amendment_reason.strip():
        yield Problem("amendment_reason", "say why the project needs it")
    if file.starts != standing.before.starts:
        yield Problem("starts", f"stays {standing.before.starts}: the project has begun")
    for name in sorted({member.username for member in file.team} & standing.judges):
        yield Problem("team", f"{name} has judged this project and can not be in its team")
    if not _changes(standing.before, file):
        yield Problem("", "nothing changes: the project is approved for exactly this")


def _changes(before: ApplicationFile, after: ApplicationFile) -> bool:
    own = {"amendment_reason": "", "reasons": {}, "answers": {}}
    return bool(changes(_in_order(before).model_copy(update=own), _in_order(after).model_copy(update=own)))


def _in_order(file: ApplicationFile) -> ApplicationFile:
    """Return a file with its team and its variables in order, which say nothing."""
    datasets = {
        dataset: {
            name: asked.model_copy(update={"variables": tuple(sorted(asked.variables))})
            for name, asked in sorted(tables.items())
        }
        for dataset, tables in file.datasets.items()
    }
    team = tuple(sorted(file.team, key=lambda member: member.username))
    return file.model_copy(update={"datasets": datasets, "team": team})


def _facts(said: Mapping[str, Any], standing: Standing) -> Facts:
    team = said.get("team") or ()
    texts = {name: said[name] for name in _TEXTS if said.get(name)}
    texts |= {f"reasons.{name}": text for name, text in (said.get("reasons") or {}).items()}
    return Facts(
        at=standing.at,
        is_amendment=standing.before is not None,
        sectors={member.username: member.sector for member in team},
        organisations=frozenset(member.organisation for member in team),
        recorded_sectors=standing.recorded_sectors,
        about_ms=said.get("about_ms"),
        purposes=frozenset(said.get("purposes") or ()),
        compares_drugs=said.get("compares_drugs"),
        commercial=said.get("commercial"),
        texts=texts,
        answers=said.get("answers"),
        starts=said.get("starts"),
        ends=said.get("ends"),
        ethics=said.get("ethics"),
        contract=standing.contracts.get(said.get("contract") or ""),
        tables=said.get("datasets"),
        exempt=standing.exempt,
    )


def _declarations(connection: Connection, said: Mapping[str, Any], standing: Standing) -> dict[str, DatasetDeclaration]:
    bound = {} if said.get("newest_editions") else standing.editions
    found = {}
    for dataset_id in said.get("datasets") or {}:
        try:
            found[dataset_id] = find_edition(connection, dataset_id, bound.get(dataset_id)).declaration
        except EditionNotFound:
            continue
    return found


_TEXTS = ("title", "question", "population", "outputs_plan", "lay_summary", "commercial_interest")

_ADAPTERS: dict[str, TypeAdapter[Any]] = {
    name: TypeAdapter(Annotated[field_.annotation, field_])  # type: ignore[arg-type]
    for name, field_ in ApplicationFile.model_fields.items()
    if name not in ("id", "resource")
}
