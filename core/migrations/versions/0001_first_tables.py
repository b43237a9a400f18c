"""First tables."""

import sqlalchemy as sa
from alembic import op

from core import database
from core.migrations import put_guards_in_place

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the database from the version before to this one."""
    op.create_table(
        "audit_event",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", database.UtcDateTime(length=27), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("action", sa.String(length=80), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("prev", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.CheckConstraint("seq >= 0", name=op.f("ck_audit_event_seq")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit_event")),
        sa.UniqueConstraint("hash", name=op.f("uq_audit_event_hash")),
        sa.UniqueConstraint("prev", name=op.f("uq_audit_event_prev")),
    )
    op.create_index(op.f("ix_audit_event_subject"), "audit_event", ["subject"], unique=False)
    op.create_table(
        "person",
        sa.Column("username", sa.String(length=31), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("issuer", sa.String(length=254), nullable=False),
        sa.Column("subject", sa.String(length=254), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", database.UtcDateTime(length=27), nullable=False),
        sa.PrimaryKeyConstraint("username", name=op.f("pk_person")),
        sa.UniqueConstraint("issuer", "subject", name="uq_person_subject"),
    )
    op.create_table(
        "edition",
        sa.Column("dataset_id", sa.String(length=63), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("declaration", sa.Text(), nullable=False),
        sa.Column("manifest_sha256", sa.String(length=64), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("synthetic", sa.Boolean(), nullable=False),
        sa.Column("published_by", sa.String(length=31), nullable=False),
        sa.Column("published_at", database.UtcDateTime(length=27), nullable=False),
        sa.CheckConstraint("number >= 1", name=op.f("ck_edition_number")),
        sa.ForeignKeyConstraint(["published_by"], ["person.username"], name=op.f("fk_edition_published_by")),
        sa.PrimaryKeyConstraint("dataset_id", "number", name=op.f("pk_edition")),
    )
    op.create_table(
        "project",
        sa.Column("id", sa.String(length=31), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("starts", sa.Date(), nullable=False),
        sa.Column("ends", sa.Date(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("created_by", sa.String(length=31), nullable=False),
        sa.Column("created_at", database.UtcDateTime(length=27), nullable=False),
        sa.Column("approved_by", sa.String(length=31), nullable=True),
        sa.Column("approved_at", database.UtcDateTime(length=27), nullable=True),
        sa.Column("subnet", sa.String(length=18), nullable=True),
        sa.CheckConstraint(
            "state IN ('proposed', 'closed') OR approved_by IS NOT NULL", name=op.f("ck_project_approved")
        ),
        sa.CheckConstraint("approved_by IS NULL OR approved_by <> created_by", name=op.f("ck_project_not_by_oneself")),
        sa.CheckConstraint("ends >= starts", name=op.f("ck_project_dates")),
        sa.ForeignKeyConstraint(["approved_by"], ["person.username"], name=op.f("fk_project_approved_by")),
        sa.ForeignKeyConstraint(["created_by"], ["person.username"], name=op.f("fk_project_created_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_project")),
        sa.UniqueConstraint("subnet", name=op.f("uq_project_subnet")),
    )
    op.create_table(
        "role_grant",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("username", sa.String(length=31), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("proposed_by", sa.String(length=31), nullable=False),
        sa.Column("proposed_at", database.UtcDateTime(length=27), nullable=False),
        sa.Column("confirmed_by", sa.String(length=31), nullable=True),
        sa.Column("confirmed_at", database.UtcDateTime(length=27), nullable=True),
        sa.Column("revoked_by", sa.String(length=31), nullable=True),
        sa.Column("revoked_at", database.UtcDateTime(length=27), nullable=True),
        sa.CheckConstraint(
            "confirmed_by IS NULL OR confirmed_by <> username", name=op.f("ck_role_grant_not_by_oneself")
        ),
        sa.ForeignKeyConstraint(["username"], ["person.username"], name=op.f("fk_role_grant_username")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_role_grant")),
    )
    op.create_index(op.f("ix_role_grant_username"), "role_grant", ["username"], unique=False)
    op.create_table(
        "session",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("username", sa.String(length=31), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("opened_at", database.UtcDateTime(length=27), nullable=False),
        sa.Column("expires_at", database.UtcDateTime(length=27), nullable=False),
        sa.Column("ended_at", database.UtcDateTime(length=27), nullable=True),
        sa.ForeignKeyConstraint(["username"], ["person.username"], name=op.f("fk_session_username")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_session")),
    )
    op.create_index(op.f("ix_session_username"), "session", ["username"], unique=False)
    op.create_table(
        "approved_table",
        sa.Column("project_id", sa.String(length=31), nullable=False),
        sa.Column("dataset_id", sa.String(length=63), nullable=False),
        sa.Column("table_id", sa.String(length=63), nullable=False),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column("row_filter", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["dataset_id", "edition"],
            ["edition.dataset_id", "edition.number"],
            name=op.f("fk_approved_table_dataset_id"),
        ),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_approved_table_project_id")),
        sa.PrimaryKeyConstraint("project_id", "dataset_id", "table_id", name=op.f("pk_approved_table")),
    )
    op.create_table(
        "cut",
        sa.Column("project_id", sa.String(length=31), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("made_by", sa.String(length=31), nullable=False),
        sa.Column("made_at", database.UtcDateTime(length=27), nullable=False),
        sa.Column("manifest_sha256", sa.String(length=64), nullable=False),
        sa.Column("synthetic", sa.Boolean(), nullable=False),
        sa.Column("deleted_at", database.UtcDateTime(length=27), nullable=True),
        sa.CheckConstraint("number >= 1", name=op.f("ck_cut_number")),
        sa.ForeignKeyConstraint(["made_by"], ["person.username"], name=op.f("fk_cut_made_by")),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_cut_project_id")),
        sa.PrimaryKeyConstraint("project_id", "number", name=op.f("pk_cut")),
    )
    op.create_table(
        "membership",
        sa.Column("project_id", sa.String(length=31), nullable=False),
        sa.Column("username", sa.String(length=31), nullable=False),
        sa.Column("joined_at", database.UtcDateTime(length=27), nullable=False),
        sa.Column("role", sa.String(length=10), nullable=False),
        sa.Column("left_at", database.UtcDateTime(length=27), nullable=True),
        sa.CheckConstraint("role IN ('lead', 'researcher')", name=op.f("ck_membership_role")),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_membership_project_id")),
        sa.ForeignKeyConstraint(["username"], ["person.username"], name=op.f("fk_membership_username")),
        sa.PrimaryKeyConstraint("project_id", "username", "joined_at", name=op.f("pk_membership")),
    )
    op.create_index(
        "uq_membership_now",
        "membership",
        ["project_id", "username"],
        unique=True,
        sqlite_where=sa.text("left_at IS NULL"),
        postgresql_where=sa.text("left_at IS NULL"),
    )
    op.create_table(
        "notebook_server",
        sa.Column("username", sa.String(length=31), nullable=False),
        sa.Column("project_id", sa.String(length=31), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("changed_at", database.UtcDateTime(length=27), nullable=False),
        sa.CheckConstraint(
            "state IN ('starting', 'running', 'stopping', 'stopped')", name=op.f("ck_notebook_server_state")
        ),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_notebook_server_project_id")),
        sa.ForeignKeyConstraint(["username"], ["person.username"], name=op.f("fk_notebook_server_username")),
        sa.PrimaryKeyConstraint("username", "project_id", name=op.f("pk_notebook_server")),
    )
    op.create_table(
        "release_request",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("project_id", sa.String(length=31), nullable=False),
        sa.Column("author", sa.String(length=31), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("created_at", database.UtcDateTime(length=27), nullable=False),
        sa.CheckConstraint(
            "state IN ('draft', 'submitted', 'partly_reviewed', 'reviewed', 'approved', 'released', 'returned', 'rejected', 'withdrawn')",
            name=op.f("ck_release_request_state"),
        ),
        sa.ForeignKeyConstraint(["author"], ["person.username"], name=op.f("fk_release_request_author")),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_release_request_project_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_release_request")),
    )
    op.create_index(op.f("ix_release_request_project_id"), "release_request", ["project_id"], unique=False)
    op.create_index(op.f("ix_release_request_state"), "release_request", ["state"], unique=False)
    op.create_table(
        "approved_variable",
        sa.Column("project_id", sa.String(length=31), nullable=False),
        sa.Column("dataset_id", sa.String(length=63), nullable=False),
        sa.Column("table_id", sa.String(length=63), nullable=False),
        sa.Column("variable", sa.String(length=63), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id", "dataset_id", "table_id"],
            ["approved_table.project_id", "approved_table.dataset_id", "approved_table.table_id"],
            name=op.f("fk_approved_variable_project_id"),
        ),
        sa.PrimaryKeyConstraint("project_id", "dataset_id", "table_id", "variable", name=op.f("pk_approved_variable")),
    )
    op.create_table(
        "release_round",
        sa.Column("request_id", sa.String(length=16), nullable=False),
        sa.Column("round", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("submitted_at", database.UtcDateTime(length=27), nullable=False),
        sa.Column("cut_sha256", sa.String(length=64), nullable=False),
        sa.Column("appetite_version", sa.String(length=31), nullable=False),
        sa.Column("appetite_sha256", sa.String(length=64), nullable=False),
        sa.Column("text_ref", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["request_id"], ["release_request.id"], name=op.f("fk_release_round_request_id")),
        sa.PrimaryKeyConstraint("request_id", "round", name=op.f("pk_release_round")),
    )
    op.create_index(op.f("ix_release_round_submitted_at"), "release_round", ["submitted_at"], unique=False)
    op.create_table(
        "comment",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("request_id", sa.String(length=16), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("file_number", sa.Integer(), nullable=True),
        sa.Column("author", sa.String(length=31), nullable=False),
        sa.Column("audience", sa.String(length=8), nullable=False),
        sa.Column("at", database.UtcDateTime(length=27), nullable=False),
        sa.Column("text_ref", sa.String(length=64), nullable=False),
        sa.CheckConstraint("audience IN ('checkers', 'team')", name=op.f("ck_comment_audience")),
        sa.ForeignKeyConstraint(["author"], ["person.username"], name=op.f("fk_comment_author")),
        sa.ForeignKeyConstraint(
            ["request_id", "round"],
            ["release_round.request_id", "release_round.round"],
            name=op.f("fk_comment_request_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_comment")),
    )
    op.create_table(
        "decision",
        sa.Column("request_id", sa.String(length=16), nullable=False),
        sa.Column("round", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("action", sa.String(length=8), nullable=False),
        sa.Column("decided_by", sa.String(length=80), nullable=False),
        sa.Column("at", database.UtcDateTime(length=27), nullable=False),
        sa.CheckConstraint(
            "action IN ('submit', 'review', 'approve', 'return', 'reject', 'release', 'withdraw')",
            name=op.f("ck_decision_action"),
        ),
        sa.ForeignKeyConstraint(
            ["request_id", "round"],
            ["release_round.request_id", "release_round.round"],
            name=op.f("fk_decision_request_id"),
        ),
        sa.PrimaryKeyConstraint("request_id", "round", "action", name=op.f("pk_decision")),
    )
    op.create_table(
        "request_file",
        sa.Column("request_id", sa.String(length=16), nullable=False),
        sa.Column("round", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("bytes", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["request_id", "round"],
            ["release_round.request_id", "release_round.round"],
            name=op.f("fk_request_file_request_id"),
        ),
        sa.PrimaryKeyConstraint("request_id", "round", "number", name=op.f("pk_request_file")),
    )
    op.create_table(
        "finding",
        sa.Column("request_id", sa.String(length=16), nullable=False),
        sa.Column("round", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("file_number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("check_name", sa.String(length=40), nullable=False),
        sa.Column("risk", sa.String(length=40), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("text_ref", sa.String(length=64), nullable=False),
        sa.CheckConstraint("status IN ('pass', 'fail', 'review', 'not_checked')", name=op.f("ck_finding_status")),
        sa.ForeignKeyConstraint(
            ["request_id", "round", "file_number"],
            ["request_file.request_id", "request_file.round", "request_file.number"],
            name=op.f("fk_finding_request_id"),
        ),
        sa.PrimaryKeyConstraint("request_id", "round", "file_number", "number", name=op.f("pk_finding")),
    )
    op.create_table(
        "vote",
        sa.Column("request_id", sa.String(length=16), nullable=False),
        sa.Column("round", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("file_number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("checker", sa.String(length=31), nullable=False),
        sa.Column("verdict", sa.String(length=8), nullable=False),
        sa.Column("at", database.UtcDateTime(length=27), nullable=False),
        sa.CheckConstraint("verdict IN ('approve', 'change', 'reject')", name=op.f("ck_vote_verdict")),
        sa.ForeignKeyConstraint(["checker"], ["person.username"], name=op.f("fk_vote_checker")),
        sa.ForeignKeyConstraint(
            ["request_id", "round", "file_number"],
            ["request_file.request_id", "request_file.round", "request_file.number"],
            name=op.f("fk_vote_request_id"),
        ),
        sa.PrimaryKeyConstraint("request_id", "round", "file_number", "checker", name=op.f("pk_vote")),
    )
    put_guards_in_place(op.get_bind(), revision)
