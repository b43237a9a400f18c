"""A project that stands ready for release requests: active, with a team, a network and a cut on disk."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from ipaddress import IPv4Address

import polars as pl
from sqlalchemy import insert, update

from core.database import Database
from core.people.models import Person
from core.settings import Settings
from egress_review import release as release_room
from egress_review import review as review_room
from egress_review import submit as submit_room
from egress_review.checks.models import CutFacts, Finding, HeldFile
from egress_review.manifest import Manifest
from egress_review.models import ReleaseRequest, State, Verdict
from egress_review.records import find_request
from egress_review.submit import Receipt, RunChecks, Submission
from projects import tables
from projects.access import check_access
from projects.models import Access
from tests.support.projects import insert_project

PROJECT, OTHER_PROJECT = "cis-spinal", "ms-other"
TEAMS = {PROJECT: {"lena": "lead", "rosa": "researcher"}, OTHER_PROJECT: {"ravi": "lead"}}


def pseudonym(number: int) -> str:
    """The pseudonym of the n-th person in every test project's cut."""
    return "P" + base64.b32encode(number.to_bytes(10)).decode()


def looks_fine(file: HeldFile, cut: CutFacts, appetite: object) -> tuple[Finding, ...]:
    """Stand in for the checks where a test is about what happens around them."""
    return (Finding("counts", "low count", "pass", f"{file.name}: every cell has enough people."),)


@dataclass(frozen=True)
class World:
    """The installation a test plays in."""

    database: Database
    settings: Settings
    people: Mapping[str, Person]

    def access(self, username: str = "rosa", project_id: str = PROJECT) -> Access:
        return check_access(self.database, username, project_id)

    def peer(self, project_id: str = PROJECT) -> IPv4Address:
        return self.access(next(iter(TEAMS[project_id])), project_id).subnet[2]

    def submit(
        self,
        files: Mapping[str, bytes] | None = None,
        *,
        by: str = "rosa",
        project_id: str = PROJECT,
        replaces: str | None = None,
        run: RunChecks = looks_fine,
    ) -> Receipt:
        files = {"table.csv": b"group,people\na,12\nb,31\n"} if files is None else files
        notes = tuple({"name": name, "context": f"What {name} shows.", "code": "con.sql(...)"} for name in files)
        words = {"description": "Conversion by lesions.", "replaces": replaces, "files": notes}
        submission = Submission(self.access(by, project_id), Manifest.model_validate(words), tuple(files.values()))
        return submit_room.submit(self.database, self.settings, submission, run)

    def request(self, request_id: str) -> ReleaseRequest:
        with self.database.read() as connection:
            return find_request(connection, request_id)

    def review(self, request_id: str, checker: str, verdict: Verdict = Verdict.APPROVE) -> ReleaseRequest:
        request = self.request(request_id)
        verdicts = {file.number: verdict for file in request.files}
        args = (self.database, self.settings, self.people[checker], request_id, request.version, verdicts)
        return review_room.review(*args)

    def approve(self, request_id: str, checker: str = "chris") -> ReleaseRequest:
        version = self.request(request_id).version
        return review_room.approve(self.database, self.settings, self.people[checker], request_id, version)

    def return_to_team(self, request_id: str, reason: str = "Cell b is small.") -> ReleaseRequest:
        args = (self.database, self.settings, self.people["chris"], request_id, self.request(request_id).version)
        return review_room.return_to_team(*args, reason)

    def reject(self, request_id: str, reason: str = "These are rows.") -> ReleaseRequest:
        args = (self.database, self.settings, self.people["chris"], request_id, self.request(request_id).version)
        return review_room.reject(*args, reason)

    def withdraw(self, request_id: str, by: str = "rosa") -> ReleaseRequest:
        return submit_room.withdraw(self.database, self.access(by), request_id)

    def release(self, request_id: str, checker: str = "chris") -> ReleaseRequest:
        version = self.request(request_id).version
        return release_room.release(self.database, self.settings, self.people[checker], request_id, version)

    def bring_to(self, state: State, files: Mapping[str, bytes] | None = None) -> str:
        """Take a new request the shortest way to a state, and return its id."""
        request_id = self.submit(files).id
        checkers = {State.SUBMITTED: (), State.PARTLY_REVIEWED: ("chris",)}.get(state, ("chris", "chloe"))
        for checker in checkers:
            self.review(request_id, checker)
        if state in (State.APPROVED, State.RELEASED):
            self.approve(request_id)
        last = {
            State.RELEASED: self.release,
            State.RETURNED: self.return_to_team,
            State.REJECTED: self.reject,
            State.WITHDRAWN: self.withdraw,
        }
        if state in last:
            last[state](request_id)
        return request_id


def build_world(database: Database, settings: Settings, people: Mapping[str, Person]) -> World:
    """Set up two active projects in an installation that has its people."""
    for project_id, subnet in zip(TEAMS, settings.network_pool.subnets(new_prefix=26), strict=False):
        _add_project(database, settings, people, project_id, str(subnet))
    return World(database, settings, people)


def _add_project(
    database: Database, settings: Settings, people: Mapping[str, Person], project_id: str, subnet: str
) -> None:
    mine = tables.project.c.id == project_id
    with database.write(people["olga"]) as tx:
        insert_project(tx, project_id, "olga", "dirk", date(2026, 1, 1), date(2036, 1, 1), subnet=subnet)
        for username, role in TEAMS[project_id].items():
            member = {"project_id": project_id, "username": username, "role": role, "joined_at": tx.now}
            tx.execute(insert(tables.membership).values(member))
        cut = {"project_id": project_id, "number": 1, "made_by": "olga", "made_at": tx.now, "synthetic": True}
        tx.execute(insert(tables.cut).values(**cut, manifest_sha256="a" * 64))
        tx.execute(update(tables.project).where(mine).values(state="active"))
        tx.record("projects:project:activate", f"project:{project_id}")
    folder = settings.cuts / project_id / "1" / "cis_cohort"
    folder.mkdir(parents=True)
    rows = {"pseudonym": [pseudonym(number) for number in range(40)], "age": [20 + number for number in range(40)]}
    pl.DataFrame(rows).write_parquet(folder / "patients.parquet")
