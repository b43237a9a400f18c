"""Every room, imported: with it, every table, guard and permission there is."""

import core.audit.tables
import core.people.permissions
import data_catalog.permissions
import egress_review.permissions
import egress_review.tables
import hub.tables
import projects.permissions

__all__ = ["core", "data_catalog", "egress_review", "hub", "projects"]
