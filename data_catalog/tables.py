"""The tables of published editions and numbers; patient data never enter the control database, declarations do."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    Table,
    Text,
)

from core.database import UtcDateTime, metadata
from core.guards import append_only

edition = Table(
    "edition",
    metadata,
    Column("dataset_id", String(63), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("declaration", Text, nullable=False),
    Column("manifest_sha256", String(64), nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("synthetic", Boolean, nullable=False),
    Column("published_by", String(31), ForeignKey("person.username"), nullable=False),
    Column("published_at", UtcDateTime, nullable=False),
    CheckConstraint("number >= 1", name="number"),
)

append_only(edition)

published_number = Table(
    "published_number",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("dataset_id", String(63), nullable=False),
    Column("edition", Integer, nullable=False),
    Column("kind", String(15), nullable=False),
    Column("subject", String(127), nullable=False),
    Column("predicate", Text, nullable=False),
    Column("statistic", String(63), nullable=False),
    Column("value", String(15), nullable=False),
    Column("rule", String(31), nullable=False),
    Column("published_at", UtcDateTime, nullable=False),
    Column("published_by", String(31), ForeignKey("person.username"), nullable=False),
    ForeignKeyConstraint(["dataset_id", "edition"], ["edition.dataset_id", "edition.number"]),
    Index("ix_published_number_place", "dataset_id", "edition", "kind", "subject"),
)

append_only(published_number)
