"""The steps of a close-out, what each leaves on record, and the deletion proof: immutable values."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict


class Step(StrEnum):
    """What close-out does, in this order."""

    SERVERS = "servers_ended"
    LISTED = "listed"
    ARCHIVED = "archived"
    DELETED = "deleted"
    NETWORK = "network_removed"
    PROVEN = "proven"
    PURGED = "archive_purged"


WORDS: Mapping[Step, str] = {
    Step.SERVERS: "Every server of the project has ended",
    Step.LISTED: "What there is was listed, with sizes and hashes",
    Step.ARCHIVED: "The team’s folder was archived, read-only",
    Step.DELETED: "Key, cuts, home folders and team folder were deleted",
    Step.NETWORK: "The project’s network was removed",
    Step.PROVEN: "All that was looked for, found gone, and the proof signed",
    Step.PURGED: "The archive was deleted after its last day",
}
"""What is so once a step is on record."""

ORDER = tuple(Step)
UNTIL_PROOF = ORDER[: ORDER.index(Step.PROVEN) + 1]
"""The steps close-out takes by itself; the archive's end is ordered by a person."""


class _Facts(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class NoFacts(_Facts):
    """Of a step that says all by having been taken."""


class DeletedFile(_Facts):
    """One file of a cut, as its manifest has it."""

    path: str
    sha256: str
    bytes: int


class ListedCut(_Facts):
    """One cut: what its manifest, whose hash the database has, says of it."""

    number: int
    made_at: datetime
    synthetic: bool
    manifest_sha256: str
    files: tuple[DeletedFile, ...] = ()
    scans: Mapping[str, int] = {}
    """Dataset → how many scans were exposed in it."""
    not_verified: str = ""
    """Why its files can not be named, where they can't."""


class DeletedCut(ListedCut):
    """A cut whose folder was looked for and is gone."""

    deleted_at: datetime


class Key(_Facts):
    """The key of a project's pseudonyms, by its name and by what tells it from others and does not give it away."""

    name: str
    fingerprint: str


class Home(_Facts):
    """A person's own folder in a project: how much was in it."""

    username: str
    files: int
    bytes: int


class Inventory(_Facts):
    """What there was of a project before anything of it was deleted."""

    cuts: tuple[ListedCut, ...]
    key: Key | None
    homes: tuple[Home, ...]
    team_files: int
    team_bytes: int


class Archive(_Facts):
    """The team's folder as one file: its name below the archive folder, and the last day it is kept."""

    name: str
    sha256: str
    bytes: int
    files: int
    left_out: Mapping[str, int]
    """Why → how many things of the folder are not in it."""
    through: date


class ArchiveStep(_Facts):
    """The archive, or none where the team had no folder."""

    archive: Archive | None


class ProofFile(_Facts):
    """The signed proof: its name below the folder of proofs, and its SHA-256."""

    name: str
    sha256: str


class ReleasedOutput(_Facts):
    """An output that was released and stays: the request and file number it is known by, hash and size."""

    request: str
    file: int
    sha256: str
    bytes: int
    verified: bool
    """Whether its bytes were read and have this hash."""


class Remains(_Facts):
    """What of a project stays, by design."""

    released: tuple[ReleasedOutput, ...]
    held_files: int
    held_bytes: int
    archive: Archive | None
    by_design: tuple[str, ...]


class Said(_Facts):
    """Who did something, as the audit log names them, and when."""

    by: str
    at: datetime


class NotVerified(_Facts):
    """Something the proof can not speak for, and why."""

    what: str
    why: str


class Proof(_Facts):
    """A deletion proof: what was looked for and is gone, what remains by design, and what it can not speak for."""

    project: str
    title: str
    first_day: date
    last_day: date
    closed: Said
    written: Said
    myelin: str
    """The version of Myelin that wrote it."""
    cuts: tuple[DeletedCut, ...]
    key: Key | None
    homes: tuple[Home, ...]
    team_files: int
    team_bytes: int
    network: str | None
    """The block of addresses, which no other project gets."""
    remains: Remains
    not_verified: tuple[NotVerified, ...]


@dataclass(frozen=True)
class StepTaken:
    """A step of a project's close-out on record."""

    project_id: str
    step: Step
    at: datetime
    by: str
    facts: Mapping[str, Any]


@dataclass(frozen=True)
class CloseOut:
    """Where the close-out of a project stands."""

    project_id: str
    taken: tuple[StepTaken, ...]

    def facts(self, step: Step) -> Mapping[str, Any] | None:
        """Return what a step left on record; nothing where it was not taken."""
        return next((one.facts for one in self.taken if one.step is step), None)

    def has(self, step: Step) -> bool:
        """Tell whether a step was taken."""
        return self.facts(step) is not None

    @property
    def inventory(self) -> Inventory | None:
        """What there was, once it was listed."""
        facts = self.facts(Step.LISTED)
        return None if facts is None else Inventory.model_validate(facts)

    @property
    def archive(self) -> Archive | None:
        """The archive, where one was made."""
        facts = self.facts(Step.ARCHIVED)
        return None if facts is None else ArchiveStep.model_validate(facts).archive

    @property
    def kept_archive(self) -> Archive | None:
        """The archive, where one was made and is not purged."""
        return None if self.has(Step.PURGED) else self.archive

    @property
    def proof(self) -> ProofFile | None:
        """The signed proof, once it is written."""
        facts = self.facts(Step.PROVEN)
        return None if facts is None else ProofFile.model_validate(facts)

    def is_to_purge(self, today: date) -> bool:
        """Tell whether its archive is there past its last day."""
        return self.kept_archive is not None and today > self.kept_archive.through
