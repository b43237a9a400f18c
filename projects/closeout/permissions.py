"""Who may end what close-out kept; who may close a project is said by the projects' own table of states."""

from core.people.models import Role
from core.permissions import register

PURGE_ARCHIVE = "projects:archive:purge"

register({PURGE_ARCHIVE: {Role.OPS}})
