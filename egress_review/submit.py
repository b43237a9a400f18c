"""What a team does: ask for files to be released, look at what the checks say beforehand, withdraw."""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from core import canonical
from core.database import Database, Transaction
from core.files import sha256_bytes
from core.people.models import Person
from core.people.service import person_by_username
from core.settings import Settings
from egress_review import mails, records
from egress_review.appetite import RiskAppetite, load_appetite
from egress_review.checks.cut import CutUnreadable, read_cut_facts
from egress_review.checks.engine import run_checks
from egress_review.checks.models import CutFacts, Finding, HeldFile
from egress_review.errors import no_such_request
from egress_review.manifest import Manifest, check_sizes
from egress_review.models import Action, ReleaseRequest, RequestFile, State
from egress_review.normalise import normalise
from egress_review.policy import check_act, check_room
from egress_review.records import FindingRow, RoundRow
from egress_review.resources import forbids_drug_comparison
from egress_review.store import ContentStore
from projects.access import check_access, check_access_in
from projects.models import Access

RunChecks = Callable[[HeldFile, CutFacts, RiskAppetite], tuple[Finding, ...]]

NOT_CHECKED = Finding("engine", "any", "not_checked", "No check could look at this file; a person must.")


@dataclass(frozen=True)
class CheckedFile:
    """One submitted file with what the checks say of it."""

    name: str
    sha256: str
    bytes: int
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class Receipt:
    """What was acknowledged: the request and its files are held and will not be lost."""

    id: str
    state: State
    received_at: datetime
    files: tuple[CheckedFile, ...]


@dataclass(frozen=True)
class Submission:
    """What arrived: who asks for which project, what they say, and the bytes in the same order."""

    access: Access
    manifest: Manifest
    contents: tuple[bytes, ...]

    @property
    def bytes(self) -> int:
        """Size of the files together."""
        return sum(len(content) for content in self.contents)


def submit(database: Database, settings: Settings, submission: Submission, run: RunChecks = run_checks) -> Receipt:
    """Hold files for review as a new request, or as a new round of a returned one, and say what the checks found.

    Access is checked anew, and once more in the one transaction that makes a request of it: uploads and checks take
    time. Bytes are held before that transaction, so what is acknowledged is there, and what is refused leaves no
    trace in the control database.
    """
    author = _author(database, settings, submission)
    with database.read() as connection:
        _check_may_submit(connection, settings, submission, author, database.clock())
    appetite = load_appetite()
    submission, said = _written_again(settings, submission)
    checked = _check_files(database, settings, submission, said, appetite, run)
    row, findings = _hold(settings, submission, checked, appetite)
    with database.write(author) as tx:
        check_access_in(tx.connection, author.username, submission.access.project_id, tx.now)
        before = _check_may_submit(tx.connection, settings, submission, author, tx.now)
        request = _write(tx, submission, before, row, checked, findings)
    return Receipt(request.id, request.state, request.submitted_at, checked)


def preflight(
    database: Database, settings: Settings, submission: Submission, run: RunChecks = run_checks
) -> tuple[CheckedFile, ...]:
    """Say what the checks find in files without holding anything; the log has how many and how large."""
    author = _author(database, settings, submission)
    submission, said = _written_again(settings, submission)
    checked = _check_files(database, settings, submission, said, load_appetite(), run)
    with database.write(author) as tx:
        size = {"files": len(checked), "bytes": submission.bytes}
        tx.record("egress_review:request:preflight", f"project:{submission.access.project_id}", size)
    return checked


def withdraw(database: Database, access: Access, request_id: str) -> ReleaseRequest:
    """Take one's own request back before it is released."""
    person = person_by_username(database, access.username)
    with database.write(person) as tx:
        request = _in_project(tx.connection, access, request_id)
        state = check_act(request, person, Action.WITHDRAW)
        records.insert_decision(tx, request, Action.WITHDRAW)
        records.move(tx, request.id, state, request.round)
        tx.record("egress_review:request:withdraw", f"request:{request.id}", {"round": request.round})
        withdrawn = records.find_request(tx.connection, request.id)
        mails.tell(tx, withdrawn)
        return withdrawn


def _author(database: Database, settings: Settings, submission: Submission) -> Person:
    access = check_access(database, submission.access.username, submission.access.project_id)
    check_sizes(settings, submission.manifest, [len(content) for content in submission.contents])
    return person_by_username(database, access.username)


def _in_project(connection: Connection, access: Access, request_id: str) -> ReleaseRequest:
    request = records.find_request(connection, request_id)
    if request.project_id != access.project_id:
        raise no_such_request()
    return request


def _check_may_submit(
    connection: Connection, settings: Settings, submission: Submission, author: Person, now: datetime
) -> ReleaseRequest | None:
    """Return the request this is a new round of, if any, or raise what stands against submitting now."""
    access, replaces = submission.access, submission.manifest.replaces
    held, today = records.held_by_project(connection, access.project_id, now - timedelta(days=1))
    check_room(held, settings.submission_max_held, today + submission.bytes, settings.submission_max_daily_bytes)
    if replaces is None:
        return None
    request = _in_project(connection, access, replaces)
    check_act(request, author, Action.SUBMIT)
    return request


def _written_again(settings: Settings, submission: Submission) -> tuple[Submission, list[tuple[Finding, ...]]]:
    """Put the form in which each file is held in its place; say of each what became of it."""
    notes = zip(submission.manifest.files, submission.contents, strict=True)
    files, said = zip(*(normalise(HeldFile(note.name, content)) for note, content in notes), strict=True)
    written = replace(submission, contents=tuple(file.content for file in files))
    check_sizes(settings, written.manifest, [len(content) for content in written.contents])
    return written, list(said)


def _check_files(
    database: Database,
    settings: Settings,
    submission: Submission,
    said: Sequence[tuple[Finding, ...]],
    appetite: RiskAppetite,
    run: RunChecks,
) -> tuple[CheckedFile, ...]:
    notes = zip(submission.manifest.files, submission.contents, strict=True)
    files = [HeldFile(note.name, content) for note, content in notes]
    try:
        cut = read_cut_facts(submission.access.cut_path(settings))
        cut = replace(cut, forbids_drug_comparison=forbids_drug_comparison(database, cut))
        findings = [run(file, cut, appetite) or (NOT_CHECKED,) for file in files]
    except CutUnreadable:
        findings = [(NOT_CHECKED,)] * len(files)
    return tuple(
        CheckedFile(file.name, sha256_bytes(file.content), len(file.content), words + found)
        for file, words, found in zip(files, said, findings, strict=True)
    )


def _hold(
    settings: Settings, submission: Submission, checked: Sequence[CheckedFile], appetite: RiskAppetite
) -> tuple[dict[str, Any], list[FindingRow]]:
    """Hold every byte and every word of a round; return what its row says of them, and its findings' rows."""
    store = ContentStore(settings.hold)
    for content in submission.contents:
        store.put(content)
    facts = {
        "cut_sha256": submission.access.cut_sha256,
        "appetite_version": appetite.version,
        "appetite_sha256": store.put(canonical.dumps(appetite.model_dump(mode="json"))),
        "text_ref": store.put_note(submission.manifest.model_dump(include={"description", "files"})),
    }
    return facts, [row for number, file in enumerate(checked, 1) for row in _hold_findings(store, number, file)]


def _hold_findings(store: ContentStore, number: int, file: CheckedFile) -> list[FindingRow]:
    ref = store.put_note({"findings": [{"message": f.message, "details": list(f.details)} for f in file.findings]})
    return [
        FindingRow(number, place, found.check, found.risk, found.status, ref)
        for place, found in enumerate(file.findings)
    ]


def _write(
    tx: Transaction,
    submission: Submission,
    before: ReleaseRequest | None,
    facts: Mapping[str, Any],
    checked: Sequence[CheckedFile],
    findings: Sequence[FindingRow],
) -> ReleaseRequest:
    request_id, round_ = (before.id, before.round + 1) if before else (secrets.token_hex(8), 1)
    if before is None:
        records.insert_request(tx, request_id, submission.access.project_id, submission.access.username)
    files = [RequestFile(number, file.sha256, file.bytes) for number, file in enumerate(checked, 1)]
    records.insert_round(tx, request_id, RoundRow(round=round_, submitted_at=tx.now, **facts), files, findings)
    records.move(tx, request_id, State.SUBMITTED, round_)
    request = records.find_request(tx.connection, request_id)
    mails.tell(tx, request)
    detail = {"project": request.project_id, "round": round_, "files": len(files), "bytes": request.bytes}
    tx.record("egress_review:request:submit", f"request:{request_id}", {**detail, "version": request.version})
    return request
