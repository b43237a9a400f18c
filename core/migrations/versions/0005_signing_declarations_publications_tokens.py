"""Agreements signed here, declarations, a second factor, publications, tokens; amendments are applications."""

import json

import sqlalchemy as sa
from alembic import op

from core import database
from core.migrations import drop_guards, put_guards_in_place

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the database from the version before to this one.

    An amendment that waited for one member's word stays as it was asked for: it is applied for anew.
    """
    drop_guards(op.get_bind())
    op.create_table(
        "declaration_text",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=31), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("kept_at", database.UtcDateTime(length=27), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_declaration_text")),
    )
    op.create_table(
        "api_token",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("username", sa.String(length=31), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("scope", sa.String(length=5), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("made_at", database.UtcDateTime(length=27), nullable=False),
        sa.Column("last_used_at", database.UtcDateTime(length=27), nullable=True),
        sa.Column("ended_at", database.UtcDateTime(length=27), nullable=True),
        sa.Column("second_factor", sa.Boolean(), nullable=False),
        sa.CheckConstraint("scope IN ('read', 'write')", name=op.f("ck_api_token_scope")),
        sa.CheckConstraint("days BETWEEN 1 AND 30", name=op.f("ck_api_token_days")),
        sa.ForeignKeyConstraint(["username"], ["person.username"], name=op.f("fk_api_token_username")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_token")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_api_token_token_hash")),
    )
    op.create_index(op.f("ix_api_token_username"), "api_token", ["username"], unique=False)
    op.create_table(
        "person_declaration",
        sa.Column("username", sa.String(length=31), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("declared_at", database.UtcDateTime(length=27), nullable=False),
        sa.ForeignKeyConstraint(["sha256"], ["declaration_text.sha256"], name=op.f("fk_person_declaration_sha256")),
        sa.ForeignKeyConstraint(["username"], ["person.username"], name=op.f("fk_person_declaration_username")),
        sa.PrimaryKeyConstraint("username", "sha256", "declared_at", name=op.f("pk_person_declaration")),
    )
    op.create_table(
        "drawn_agreement",
        sa.Column("project_id", sa.String(length=31), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("state_since", database.UtcDateTime(length=27), nullable=False),
        sa.Column("through", sa.Date(), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("substance_sha256", sa.String(length=64), nullable=False),
        sa.Column("document_sha256", sa.String(length=64), nullable=False),
        sa.Column("signatory", sa.String(length=31), nullable=False),
        sa.Column("countersignatory", sa.String(length=31), nullable=False),
        sa.Column("drawn_by", sa.String(length=31), nullable=False),
        sa.Column("drawn_at", database.UtcDateTime(length=27), nullable=False),
        sa.CheckConstraint("signatory <> countersignatory", name=op.f("ck_drawn_agreement_two_people")),
        sa.ForeignKeyConstraint(
            ["countersignatory"], ["person.username"], name=op.f("fk_drawn_agreement_countersignatory")
        ),
        sa.ForeignKeyConstraint(["drawn_by"], ["person.username"], name=op.f("fk_drawn_agreement_drawn_by")),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_drawn_agreement_project_id")),
        sa.ForeignKeyConstraint(["signatory"], ["person.username"], name=op.f("fk_drawn_agreement_signatory")),
        sa.PrimaryKeyConstraint("project_id", "number", name=op.f("pk_drawn_agreement")),
    )
    op.create_index(op.f("ix_drawn_agreement_countersignatory"), "drawn_agreement", ["countersignatory"], unique=False)
    op.create_index(op.f("ix_drawn_agreement_document_sha256"), "drawn_agreement", ["document_sha256"], unique=False)
    op.create_index(op.f("ix_drawn_agreement_signatory"), "drawn_agreement", ["signatory"], unique=False)
    op.create_table(
        "publication",
        sa.Column("project_id", sa.String(length=31), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=31), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("planned_for", sa.Date(), nullable=True),
        sa.Column("recorded_by", sa.String(length=31), nullable=False),
        sa.Column("recorded_at", database.UtcDateTime(length=27), nullable=False),
        sa.Column("manuscript", sa.String(length=500), nullable=True),
        sa.Column("shown_on", sa.Date(), nullable=True),
        sa.Column("venue", sa.String(length=200), nullable=True),
        sa.Column("submitted_on", sa.Date(), nullable=True),
        sa.Column("link", sa.String(length=500), nullable=True),
        sa.Column("published_on", sa.Date(), nullable=True),
        sa.Column("acknowledges", sa.Boolean(), nullable=True),
        sa.Column("lay_summary", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('article', 'preprint', 'conference contribution', 'thesis', 'software or model')",
            name=op.f("ck_publication_kind"),
        ),
        sa.CheckConstraint(
            "state <> 'published' OR (link IS NOT NULL AND published_on IS NOT NULL AND acknowledges IS NOT NULL)",
            name=op.f("ck_publication_published"),
        ),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_publication_project_id")),
        sa.ForeignKeyConstraint(["recorded_by"], ["person.username"], name=op.f("fk_publication_recorded_by")),
        sa.PrimaryKeyConstraint("project_id", "number", name=op.f("pk_publication")),
    )
    op.create_table(
        "report",
        sa.Column("project_id", sa.String(length=31), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("written_by", sa.String(length=31), nullable=False),
        sa.Column("written_at", database.UtcDateTime(length=27), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_report_project_id")),
        sa.ForeignKeyConstraint(["written_by"], ["person.username"], name=op.f("fk_report_written_by")),
        sa.PrimaryKeyConstraint("project_id", "number", name=op.f("pk_report")),
    )
    op.create_table(
        "agreement_signature",
        sa.Column("project_id", sa.String(length=31), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("party", sa.String(length=10), nullable=False),
        sa.Column("username", sa.String(length=31), nullable=False),
        sa.Column("typed_name", sa.String(length=200), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("document_sha256", sa.String(length=64), nullable=False),
        sa.Column("signed_at", database.UtcDateTime(length=27), nullable=False),
        sa.CheckConstraint("party IN ('applicant', 'resource')", name=op.f("ck_agreement_signature_party")),
        sa.ForeignKeyConstraint(
            ["project_id", "number"],
            ["drawn_agreement.project_id", "drawn_agreement.number"],
            name=op.f("fk_agreement_signature_project_id"),
        ),
        sa.ForeignKeyConstraint(["username"], ["person.username"], name=op.f("fk_agreement_signature_username")),
        sa.PrimaryKeyConstraint("project_id", "number", "party", name=op.f("pk_agreement_signature")),
    )
    op.create_table(
        "used_output",
        sa.Column("project_id", sa.String(length=31), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("request_id", sa.String(length=16), nullable=False),
        sa.Column("named_by", sa.String(length=31), nullable=False),
        sa.Column("named_at", database.UtcDateTime(length=27), nullable=False),
        sa.ForeignKeyConstraint(["named_by"], ["person.username"], name=op.f("fk_used_output_named_by")),
        sa.ForeignKeyConstraint(
            ["project_id", "number"],
            ["publication.project_id", "publication.number"],
            name=op.f("fk_used_output_project_id"),
        ),
        sa.PrimaryKeyConstraint("project_id", "number", "request_id", name=op.f("pk_used_output")),
    )
    op.add_column("amendment", sa.Column("application", sa.Integer(), server_default="0", nullable=False))
    op.drop_index("uq_amendment_waits", table_name="amendment")
    is_open = sa.text("number > 0 AND state IN ('appealed', 'draft', 'returned', 'submitted')")
    op.create_index(
        "uq_application_open",
        "application",
        ["project_id"],
        unique=True,
        sqlite_where=is_open,
        postgresql_where=is_open,
    )
    op.add_column("body_decision", sa.Column("lapsed", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.execute(
        "ALTER TABLE invoice ADD COLUMN paid_by VARCHAR(31) CONSTRAINT fk_invoice_paid_by REFERENCES person (username)"
    )
    op.add_column("project", sa.Column("fee", sa.String(length=11), server_default="contract", nullable=False))
    op.add_column("session", sa.Column("second_factor", sa.Boolean(), server_default=sa.false(), nullable=False))
    _settle_fees(op.get_bind())
    put_guards_in_place(op.get_bind(), revision)


def _settle_fees(connection: sa.Connection) -> None:
    """Write down how each project is paid for, as it was worked out anew at every use until now."""
    projects = "SELECT id, rules_sha256 FROM project WHERE rules_sha256 <> ''"
    for project_id, sha256 in connection.execute(sa.text(projects)).all():
        told = {"fee": _fee(connection, project_id, sha256), "project": project_id}
        connection.execute(sa.text("UPDATE project SET fee = :fee WHERE id = :project"), told)


def _fee(connection: sa.Connection, project_id: str, rules_sha256: str) -> str:
    """Return the fee of the sector that pays most; a contract is none once two members exempted a project from it."""
    of = {"project": project_id, "rules": rules_sha256}
    rules = connection.execute(sa.text("SELECT content FROM resource_rules WHERE sha256 = :rules"), of).scalar_one()
    asked = "SELECT content FROM submission WHERE project_id = :project AND number = 0 ORDER BY round DESC LIMIT 1"
    team = json.loads(connection.execute(sa.text(asked), of).scalar_one())["team"]
    fees = json.loads(rules)["fees"]
    pays = ("contract", "per_project", "none")
    most = min(fees.values(), key=pays.index)
    fee = min((fees.get(member["sector"], most) for member in team), key=pays.index)
    words = "SELECT count(*) FROM exemption_word WHERE project_id = :project AND rule = 'contract' AND granted"
    exempt = connection.execute(sa.text(words), of).scalar_one() >= _WORDS_NEEDED
    return "none" if fee == "contract" and exempt else fee


_WORDS_NEEDED = 2
