"""Applications."""

import sqlalchemy as sa
from alembic import op

from core import database
from core.migrations import drop_guards, put_guards_in_place

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the database from the version before to this one.

    Every project now has its application. One that waited for the committee is closed: it is applied for anew.
    """
    drop_guards(op.get_bind())
    op.create_table(
        "affiliation",
        sa.Column("username", sa.String(length=31), nullable=False),
        sa.Column("since", database.UtcDateTime(length=27), nullable=False),
        sa.Column("organisation", sa.String(length=200), nullable=False),
        sa.Column("sector", sa.String(length=20), nullable=False),
        sa.Column("recorded_by", sa.String(length=31), nullable=False),
        sa.CheckConstraint("recorded_by <> username", name=op.f("ck_affiliation_not_by_oneself")),
        sa.ForeignKeyConstraint(["recorded_by"], ["person.username"], name=op.f("fk_affiliation_recorded_by")),
        sa.ForeignKeyConstraint(["username"], ["person.username"], name=op.f("fk_affiliation_username")),
        sa.PrimaryKeyConstraint("username", "since", name=op.f("pk_affiliation")),
    )
    op.create_table(
        "application",
        sa.Column("project_id", sa.String(length=31), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("resource", sa.String(length=63), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("state_since", database.UtcDateTime(length=27), nullable=False),
        sa.Column("created_by", sa.String(length=31), nullable=False),
        sa.Column("created_at", database.UtcDateTime(length=27), nullable=False),
        sa.ForeignKeyConstraint(["created_by"], ["person.username"], name=op.f("fk_application_created_by")),
        sa.PrimaryKeyConstraint("project_id", "number", name=op.f("pk_application")),
    )
    op.create_table(
        "contract",
        sa.Column("id", sa.String(length=31), nullable=False),
        sa.Column("resource", sa.String(length=63), nullable=False),
        sa.Column("organisation", sa.String(length=200), nullable=False),
        sa.Column("starts", sa.Date(), nullable=False),
        sa.Column("ends", sa.Date(), nullable=False),
        sa.Column("signatory", sa.String(length=200), nullable=False),
        sa.Column("document_sha256", sa.String(length=64), nullable=False),
        sa.Column("recorded_by", sa.String(length=31), nullable=False),
        sa.Column("recorded_at", database.UtcDateTime(length=27), nullable=False),
        sa.CheckConstraint("ends > starts", name=op.f("ck_contract_days")),
        sa.ForeignKeyConstraint(["recorded_by"], ["person.username"], name=op.f("fk_contract_recorded_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contract")),
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("recipient", sa.String(length=31), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("created_at", database.UtcDateTime(length=27), nullable=False),
        sa.Column("due_at", database.UtcDateTime(length=27), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", database.UtcDateTime(length=27), nullable=False),
        sa.Column("leased_until", database.UtcDateTime(length=27), nullable=True),
        sa.Column("last_failure", sa.String(length=80), nullable=True),
        sa.Column("done_at", database.UtcDateTime(length=27), nullable=True),
        sa.Column("given_up_at", database.UtcDateTime(length=27), nullable=True),
        sa.Column("cancelled_at", database.UtcDateTime(length=27), nullable=True),
        sa.CheckConstraint("kind = 'mail'", name=op.f("ck_outbox_kind")),
        sa.CheckConstraint("attempts > 0 OR done_at IS NULL", name=op.f("ck_outbox_done_by_trying")),
        sa.CheckConstraint("attempts >= 0", name=op.f("ck_outbox_attempts")),
        sa.CheckConstraint(
            "done_at IS NULL OR given_up_at IS NULL AND cancelled_at IS NULL", name=op.f("ck_outbox_done")
        ),
        sa.CheckConstraint("given_up_at IS NULL OR cancelled_at IS NULL", name=op.f("ck_outbox_given_up")),
        sa.ForeignKeyConstraint(["recipient"], ["person.username"], name=op.f("fk_outbox_recipient")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
    )
    op.create_index(op.f("ix_outbox_next_attempt_at"), "outbox", ["next_attempt_at"], unique=False)
    op.create_index(
        "uq_outbox_once",
        "outbox",
        ["key", "recipient"],
        unique=True,
        sqlite_where=sa.text("cancelled_at IS NULL"),
        postgresql_where=sa.text("cancelled_at IS NULL"),
    )
    op.create_table(
        "resource_rules",
        sa.Column("resource", sa.String(length=63), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("proposed_by", sa.String(length=31), nullable=False),
        sa.Column("proposed_at", database.UtcDateTime(length=27), nullable=False),
        sa.Column("confirmed_by", sa.String(length=31), nullable=True),
        sa.Column("confirmed_at", database.UtcDateTime(length=27), nullable=True),
        sa.CheckConstraint("(confirmed_by IS NULL) = (confirmed_at IS NULL)", name=op.f("ck_resource_rules_confirmed")),
        sa.CheckConstraint(
            "confirmed_by IS NULL OR confirmed_by <> proposed_by", name=op.f("ck_resource_rules_not_by_oneself")
        ),
        sa.ForeignKeyConstraint(["confirmed_by"], ["person.username"], name=op.f("fk_resource_rules_confirmed_by")),
        sa.ForeignKeyConstraint(["proposed_by"], ["person.username"], name=op.f("fk_resource_rules_proposed_by")),
        sa.PrimaryKeyConstraint("resource", "number", name=op.f("pk_resource_rules")),
    )
    op.create_index(op.f("ix_resource_rules_sha256"), "resource_rules", ["sha256"], unique=False)
    op.create_table(
        "seat",
        sa.Column("resource", sa.String(length=63), nullable=False),
        sa.Column("body", sa.String(length=63), nullable=False),
        sa.Column("username", sa.String(length=31), nullable=False),
        sa.Column("given_at", database.UtcDateTime(length=27), nullable=False),
        sa.Column("given_by", sa.String(length=31), nullable=False),
        sa.Column("ended_at", database.UtcDateTime(length=27), nullable=True),
        sa.CheckConstraint("given_by <> username", name=op.f("ck_seat_not_by_oneself")),
        sa.ForeignKeyConstraint(["given_by"], ["person.username"], name=op.f("fk_seat_given_by")),
        sa.ForeignKeyConstraint(["username"], ["person.username"], name=op.f("fk_seat_username")),
        sa.PrimaryKeyConstraint("resource", "body", "username", "given_at", name=op.f("pk_seat")),
    )
    op.create_table(
        "training",
        sa.Column("username", sa.String(length=31), nullable=False),
        sa.Column("course", sa.String(length=31), nullable=False),
        sa.Column("recorded_at", database.UtcDateTime(length=27), nullable=False),
        sa.Column("passed_on", sa.Date(), nullable=False),
        sa.Column("through", sa.Date(), nullable=False),
        sa.Column("evidence", sa.String(length=200), nullable=False),
        sa.Column("recorded_by", sa.String(length=31), nullable=False),
        sa.Column("revoked_at", database.UtcDateTime(length=27), nullable=True),
        sa.CheckConstraint("recorded_by <> username", name=op.f("ck_training_not_by_oneself")),
        sa.CheckConstraint("through >= passed_on", name=op.f("ck_training_days")),
        sa.ForeignKeyConstraint(["recorded_by"], ["person.username"], name=op.f("fk_training_recorded_by")),
        sa.ForeignKeyConstraint(["username"], ["person.username"], name=op.f("fk_training_username")),
        sa.PrimaryKeyConstraint("username", "course", "recorded_at", name=op.f("pk_training")),
    )
    op.create_table(
        "agreement",
        sa.Column("project_id", sa.String(length=31), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("recorded_at", database.UtcDateTime(length=27), nullable=False),
        sa.Column("through", sa.Date(), nullable=False),
        sa.Column("signatory", sa.String(length=200), nullable=False),
        sa.Column("document_sha256", sa.String(length=64), nullable=False),
        sa.Column("recorded_by", sa.String(length=31), nullable=False),
        sa.Column("ended_at", database.UtcDateTime(length=27), nullable=True),
        sa.CheckConstraint("kind IN ('data_use', 'commercial')", name=op.f("ck_agreement_kind")),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_agreement_project_id")),
        sa.ForeignKeyConstraint(["recorded_by"], ["person.username"], name=op.f("fk_agreement_recorded_by")),
        sa.PrimaryKeyConstraint("project_id", "kind", "recorded_at", name=op.f("pk_agreement")),
    )
    op.create_table(
        "closeout_step",
        sa.Column("project_id", sa.String(length=31), nullable=False),
        sa.Column("step", sa.String(length=20), nullable=False),
        sa.Column("at", database.UtcDateTime(length=27), nullable=False),
        sa.Column("taken_by", sa.String(length=80), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "step IN ('servers_ended', 'listed', 'archived', 'deleted', 'network_removed', 'proven', 'archive_purged')",
            name=op.f("ck_closeout_step_step"),
        ),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_closeout_step_project_id")),
        sa.PrimaryKeyConstraint("project_id", "step", name=op.f("pk_closeout_step")),
    )
    op.create_table(
        "contract_project",
        sa.Column("project_id", sa.String(length=31), nullable=False),
        sa.Column("since", database.UtcDateTime(length=27), nullable=False),
        sa.Column("contract_id", sa.String(length=31), nullable=False),
        sa.Column("added_by", sa.String(length=31), nullable=False),
        sa.ForeignKeyConstraint(["added_by"], ["person.username"], name=op.f("fk_contract_project_added_by")),
        sa.ForeignKeyConstraint(["contract_id"], ["contract.id"], name=op.f("fk_contract_project_contract_id")),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_contract_project_project_id")),
        sa.PrimaryKeyConstraint("project_id", "since", name=op.f("pk_contract_project")),
    )
    op.create_index(op.f("ix_contract_project_contract_id"), "contract_project", ["contract_id"], unique=False)
    op.create_table(
        "draft_answer",
        sa.Column("project_id", sa.String(length=31), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("field", sa.String(length=40), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("saved_by", sa.String(length=31), nullable=False),
        sa.Column("saved_at", database.UtcDateTime(length=27), nullable=False),
        sa.CheckConstraint("version >= 1", name=op.f("ck_draft_answer_version")),
        sa.ForeignKeyConstraint(
            ["project_id", "number"],
            ["application.project_id", "application.number"],
            name=op.f("fk_draft_answer_project_id"),
        ),
        sa.ForeignKeyConstraint(["saved_by"], ["person.username"], name=op.f("fk_draft_answer_saved_by")),
        sa.PrimaryKeyConstraint("project_id", "number", "field", name=op.f("pk_draft_answer")),
    )
    op.create_table(
        "exemption_request",
        sa.Column("project_id", sa.String(length=31), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("rule", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("asked_by", sa.String(length=31), nullable=False),
        sa.Column("asked_at", database.UtcDateTime(length=27), nullable=False),
        sa.ForeignKeyConstraint(["asked_by"], ["person.username"], name=op.f("fk_exemption_request_asked_by")),
        sa.ForeignKeyConstraint(
            ["project_id", "number"],
            ["application.project_id", "application.number"],
            name=op.f("fk_exemption_request_project_id"),
        ),
        sa.PrimaryKeyConstraint("project_id", "number", "rule", name=op.f("pk_exemption_request")),
    )
    op.create_table(
        "interest",
        sa.Column("project_id", sa.String(length=31), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("username", sa.String(length=31), nullable=False),
        sa.Column("declared_at", database.UtcDateTime(length=27), nullable=False),
        sa.Column("conflict", sa.Boolean(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id", "number"],
            ["application.project_id", "application.number"],
            name=op.f("fk_interest_project_id"),
        ),
        sa.ForeignKeyConstraint(["username"], ["person.username"], name=op.f("fk_interest_username")),
        sa.PrimaryKeyConstraint("project_id", "number", "username", "declared_at", name=op.f("pk_interest")),
    )
    op.create_table(
        "invoice",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("project_id", sa.String(length=31), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("issued_by", sa.String(length=31), nullable=False),
        sa.Column("issued_at", database.UtcDateTime(length=27), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("paid_on", sa.Date(), nullable=True),
        sa.Column("reference", sa.String(length=200), nullable=True),
        sa.CheckConstraint(
            "(state = 'paid') = (paid_on IS NOT NULL AND reference IS NOT NULL)", name=op.f("ck_invoice_paid")
        ),
        sa.CheckConstraint("amount > 0", name=op.f("ck_invoice_amount")),
        sa.ForeignKeyConstraint(["issued_by"], ["person.username"], name=op.f("fk_invoice_issued_by")),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_invoice_project_id")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_invoice")),
    )
    op.create_index(op.f("ix_invoice_project_id"), "invoice", ["project_id"], unique=False)
    op.create_table(
        "submission",
        sa.Column("project_id", sa.String(length=31), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("round", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("rules_sha256", sa.String(length=64), nullable=False),
        sa.Column("verdicts", sa.Text(), nullable=False),
        sa.Column("submitted_by", sa.String(length=31), nullable=False),
        sa.Column("submitted_at", database.UtcDateTime(length=27), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id", "number"],
            ["application.project_id", "application.number"],
            name=op.f("fk_submission_project_id"),
        ),
        sa.ForeignKeyConstraint(["submitted_by"], ["person.username"], name=op.f("fk_submission_submitted_by")),
        sa.PrimaryKeyConstraint("project_id", "number", "round", name=op.f("pk_submission")),
    )
    op.create_table(
        "appeal",
        sa.Column("project_id", sa.String(length=31), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("round", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("appealed_by", sa.String(length=31), nullable=False),
        sa.Column("appealed_at", database.UtcDateTime(length=27), nullable=False),
        sa.ForeignKeyConstraint(["appealed_by"], ["person.username"], name=op.f("fk_appeal_appealed_by")),
        sa.ForeignKeyConstraint(
            ["project_id", "number", "round"],
            ["submission.project_id", "submission.number", "submission.round"],
            name=op.f("fk_appeal_project_id"),
        ),
        sa.PrimaryKeyConstraint("project_id", "number", "round", name=op.f("pk_appeal")),
    )
    op.create_table(
        "body_decision",
        sa.Column("project_id", sa.String(length=31), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("round", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("is_appeal", sa.Boolean(), nullable=False),
        sa.Column("body", sa.String(length=63), nullable=False),
        sa.Column("approved", sa.Boolean(), nullable=False),
        sa.Column("decided_at", database.UtcDateTime(length=27), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id", "number", "round"],
            ["submission.project_id", "submission.number", "submission.round"],
            name=op.f("fk_body_decision_project_id"),
        ),
        sa.PrimaryKeyConstraint("project_id", "number", "round", "is_appeal", "body", name=op.f("pk_body_decision")),
    )
    op.create_table(
        "dac_vote",
        sa.Column("project_id", sa.String(length=31), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("round", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("is_appeal", sa.Boolean(), nullable=False),
        sa.Column("body", sa.String(length=63), nullable=False),
        sa.Column("username", sa.String(length=31), nullable=False),
        sa.Column("word", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("conditions", sa.Text(), nullable=False),
        sa.Column("voted_at", database.UtcDateTime(length=27), nullable=False),
        sa.CheckConstraint("word IN ('approve', 'decline')", name=op.f("ck_dac_vote_word")),
        sa.ForeignKeyConstraint(
            ["project_id", "number", "round"],
            ["submission.project_id", "submission.number", "submission.round"],
            name=op.f("fk_dac_vote_project_id"),
        ),
        sa.ForeignKeyConstraint(["username"], ["person.username"], name=op.f("fk_dac_vote_username")),
        sa.PrimaryKeyConstraint(
            "project_id", "number", "round", "is_appeal", "body", "username", name=op.f("pk_dac_vote")
        ),
    )
    op.create_table(
        "exemption_word",
        sa.Column("project_id", sa.String(length=31), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("rule", sa.String(length=20), nullable=False),
        sa.Column("username", sa.String(length=31), nullable=False),
        sa.Column("granted", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("said_at", database.UtcDateTime(length=27), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id", "number", "rule"],
            ["exemption_request.project_id", "exemption_request.number", "exemption_request.rule"],
            name=op.f("fk_exemption_word_project_id"),
        ),
        sa.ForeignKeyConstraint(["username"], ["person.username"], name=op.f("fk_exemption_word_username")),
        sa.PrimaryKeyConstraint("project_id", "number", "rule", "username", name=op.f("pk_exemption_word")),
    )
    op.create_table(
        "return_note",
        sa.Column("project_id", sa.String(length=31), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("round", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("returned_by", sa.String(length=31), nullable=False),
        sa.Column("returned_at", database.UtcDateTime(length=27), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id", "number", "round"],
            ["submission.project_id", "submission.number", "submission.round"],
            name=op.f("fk_return_note_project_id"),
        ),
        sa.ForeignKeyConstraint(["returned_by"], ["person.username"], name=op.f("fk_return_note_returned_by")),
        sa.PrimaryKeyConstraint("project_id", "number", "round", name=op.f("pk_return_note")),
    )
    op.create_table(
        "declined_variable",
        sa.Column("project_id", sa.String(length=31), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("round", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("is_appeal", sa.Boolean(), nullable=False),
        sa.Column("body", sa.String(length=63), nullable=False),
        sa.Column("username", sa.String(length=31), nullable=False),
        sa.Column("variable", sa.String(length=200), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id", "number", "round", "is_appeal", "body", "username"],
            [
                "dac_vote.project_id",
                "dac_vote.number",
                "dac_vote.round",
                "dac_vote.is_appeal",
                "dac_vote.body",
                "dac_vote.username",
            ],
            name=op.f("fk_declined_variable_project_id"),
        ),
        sa.PrimaryKeyConstraint(
            "project_id",
            "number",
            "round",
            "is_appeal",
            "body",
            "username",
            "variable",
            name=op.f("pk_declined_variable"),
        ),
    )
    op.add_column("project", sa.Column("resource", sa.String(length=63), server_default="open", nullable=False))
    op.add_column("project", sa.Column("rules_sha256", sa.String(length=64), server_default="", nullable=False))
    op.add_column("project", sa.Column("commercial", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("project", sa.Column("ethics_through", sa.Date(), nullable=True))
    op.add_column("project", sa.Column("conditions", sa.Text(), server_default="", nullable=False))
    op.add_column("project", sa.Column("lay_summary", sa.Text(), server_default="", nullable=False))
    op.execute("UPDATE project SET state = 'closed' WHERE state = 'proposed'")
    op.execute(
        "INSERT INTO application (project_id, number, resource, state, state_since, created_by, created_at) "
        "SELECT id, 0, 'open', CASE WHEN approved_by IS NULL THEN 'withdrawn' ELSE 'approved' END, "
        "coalesce(approved_at, created_at), created_by, created_at FROM project"
    )
    put_guards_in_place(op.get_bind(), revision)
