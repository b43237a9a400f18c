"""Whether every signed document is kept as it was recorded: each is hashed anew."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from core.database import Database
from core.people.models import Person
from core.permissions import check_may
from core.settings import Settings
from projects.agreements import permissions
from projects.agreements.errors import DocumentDamaged
from projects.agreements.records import agreements_of, all_contracts
from projects.agreements.signing.records import drawn_agreements
from projects.agreements.store import kept


@dataclass(frozen=True)
class VerifiedDocuments:
    """How many documents were hashed, and what is the matter with those that are not what was recorded."""

    hashed: int
    damaged: Mapping[str, str]
    """What it belongs to, such as "contract acme-1" → what is wrong."""


def verify_documents(database: Database, settings: Settings, actor: Person) -> VerifiedDocuments:
    """Hash every document of contracts and agreements anew, and name those that are gone or changed."""
    check_may(actor, permissions.CONTRACT_READ)
    with database.read() as connection:
        recorded = list(_recorded(connection))
    damaged: dict[str, str] = {}
    for belongs_to, sha256 in recorded:
        try:
            kept(settings, sha256)
        except DocumentDamaged as damage:
            damaged[belongs_to] = damage.message
    return VerifiedDocuments(len(recorded), damaged)


def _recorded(connection: Connection) -> Iterator[tuple[str, str]]:
    drawn = {one.document_sha256: one for one in drawn_agreements(connection)}
    yield from ((f"contract {one.id}", one.document_sha256) for one in all_contracts(connection))
    yield from ((f"agreement {one.id}", sha256) for sha256, one in drawn.items())
    for one in agreements_of(connection):
        if one.document_sha256 not in drawn:
            yield f"{one.kind.in_words} agreement of {one.project_id}, {one.recorded_at:%Y-%m-%d}", one.document_sha256
