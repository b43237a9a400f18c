"""The table of published editions; patient data never enter the control database, declarations do."""

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, ForeignKey, Integer, String, Table, Text

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
