"""The tables of declarations and of the texts that were declared, and the walls behind them: both only grow."""

from sqlalchemy import Column, ForeignKey, String, Table, Text

from core.database import UtcDateTime, metadata
from core.guards import append_only

declaration_text = Table(
    "declaration_text",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("id", String(31), nullable=False),
    Column("title", String(200), nullable=False),
    Column("text", Text, nullable=False),
    Column("kept_at", UtcDateTime, nullable=False),
)

person_declaration = Table(
    "person_declaration",
    metadata,
    Column("username", String(31), ForeignKey("person.username"), primary_key=True),
    Column("sha256", String(64), ForeignKey("declaration_text.sha256"), primary_key=True),
    Column("declared_at", UtcDateTime, primary_key=True),
)

append_only(declaration_text)
append_only(person_declaration)
