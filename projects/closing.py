"""Close a project: first its state, so that nobody gets in, then its data and the key of its pseudonyms."""

from sqlalchemy import update

from core.database import Database
from core.people.models import Person
from core.secrets import destroy_secret
from core.settings import Settings
from data_catalog.cut import delete_cut
from projects import tables
from projects.activation import key_name
from projects.models import Project, ProjectState
from projects.policy import Action, check_close_again, check_transition, check_version
from projects.records import change_state, find_project


def close_project(
    database: Database, settings: Settings, actor: Person, project_id: str, version: str | None = None
) -> Project:
    """End a project for good; its cuts and its key are deleted, and the audit log says which.

    The state changes first and alone: after a crash the project is closed, and closing it again deletes what is left.
    Where nothing is left, nothing is done. Raises StaleProject where the project is no longer what `version` was of.
    """
    with database.read() as connection:
        found = find_project(connection, project_id)
    check_version(found, version)
    if found.state is ProjectState.CLOSED:
        check_close_again(actor)
        if not _is_left(found, settings):
            return found
    else:
        with database.write(actor) as tx:
            found = find_project(tx.connection, project_id)
            check_version(found, version)
            change_state(tx, found, Action.CLOSE, check_transition(found, Action.CLOSE, actor))
    _delete_data(database, settings, actor, found)
    with database.read() as connection:
        return find_project(connection, project_id)


def _is_left(project: Project, settings: Settings) -> bool:
    files = (settings.cuts / project.id, settings.keys / key_name(project.id))
    return project.cut is not None or any(path.exists() for path in files)


def _delete_data(database: Database, settings: Settings, actor: Person, project: Project) -> None:
    """Delete the key, then every cut, then say so: a cut without its key can not be linked to anybody's identifier."""
    destroy_secret(settings, key_name(project.id))
    delete_cut(settings.cuts / project.id)
    kept = (tables.cut.c.project_id == project.id, tables.cut.c.deleted_at.is_(None))
    numbers = [cut.number for cut in project.cuts if cut.deleted_at is None]
    with database.write(actor) as tx:
        tx.execute(update(tables.cut).where(*kept).values(deleted_at=tx.now))
        tx.record("projects:cut:delete", f"project:{project.id}", {"cuts": numbers, "key": "deleted"})
