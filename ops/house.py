"""Every room, imported: with it, every table, guard, permission and mail there is."""

import core.audit.tables
import core.outbox.permissions
import core.outbox.tables
import core.people.permissions
import core.people.tables
import core.tokens.tables
import data_catalog.permissions
import data_catalog.tables
import egress_review.mails
import egress_review.permissions
import egress_review.tables
import hub.tables
import projects.agreements.permissions
import projects.agreements.signing.mails
import projects.agreements.signing.tables
import projects.agreements.tables
import projects.closeout.permissions
import projects.closeout.tables
import projects.committee.permissions
import projects.committee.tables
import projects.declarations.tables
import projects.permissions
import projects.publications.mails
import projects.publications.tables
import projects.resource_rules.permissions
import projects.resource_rules.tables
import projects.tables
import projects.training.permissions
import projects.training.tables
import projects.warnings

__all__ = ["core", "data_catalog", "egress_review", "hub", "projects"]
