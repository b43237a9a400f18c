"""Mails to the team of a closed project: close-out begins, it is done and what is kept until when, that ends soon."""

from datetime import UTC, date, datetime, time, timedelta

from core.database import Transaction
from core.outbox.service import queue_mail
from core.outbox.templates import Template, register
from projects.closeout.models import Archive
from projects.gates import WARN_DAYS
from projects.models import Project

BEGUN = Template(
    "projects:closeout:begin",
    "$project is closed",
    "$title\n\nThe project is closed: nobody of the team gets in any more, and notebooks that run are ended.\n\n"
    "What follows goes on by itself. The team's folder is archived; then the cuts, the key of the pseudonyms, the home "
    "folders and the team's folder are deleted. What was released stays: you can download it as before. Another mail "
    "says when it is done, and until when the archive is kept.\n\n$link",
    ("project", "title", "link"),
)
ENDED = Template(
    "projects:closeout:end",
    "$project: close-out is done",
    "$title\n\nAll that was to be deleted is gone, and the signed proof of it is on the project's page.\n\n$archive\n\n"
    "What was released stays: you can download it as before.\n\n$link",
    ("project", "title", "archive", "link"),
)
ARCHIVE_ENDS = Template(
    "projects:archive:ends",
    "$project: its archive is kept through $day",
    "$title\n\nThe archive of the team's folder is kept through $day; after that day operations delete it. What you "
    "still need of it they bring to a new project, if you ask before; it is not downloaded.\n\n$link",
    ("project", "title", "day", "link"),
)
for _template in (BEGUN, ENDED, ARCHIVE_ENDS):
    register(_template)


def tell_begun(tx: Transaction, project: Project) -> None:
    """Tell the team that their project is closed, and what follows."""
    queue_mail(tx, f"closeout:{project.id}:begin", list(project.team), BEGUN.name, _fields(project))


def tell_ended(tx: Transaction, project: Project, archive: Archive | None) -> None:
    """Tell the team that close-out is done and until when the archive is kept, now and again before its last day."""
    fields = _fields(project) | {"archive": _kept(archive)}
    queue_mail(tx, f"closeout:{project.id}:end", list(project.team), ENDED.name, fields)
    if archive:
        _remind(tx, project, archive.through)


def _remind(tx: Transaction, project: Project, through: date) -> None:
    fields = _fields(project) | {"day": _said(through)}
    for days in WARN_DAYS:
        due = datetime.combine(through - timedelta(days=days), time(), UTC)
        if due > tx.now:
            key = f"archive:{project.id}:ends:{days}"
            queue_mail(tx, key, list(project.team), ARCHIVE_ENDS.name, fields, due_at=due)


def _kept(archive: Archive | None) -> str:
    if archive is None:
        return "The team had no folder, so there is no archive."
    kept = f"The archive of the team's folder is kept through {_said(archive.through)}."
    return f"{kept} What you need of it operations bring to a new project."


def _fields(project: Project) -> dict[str, str]:
    return {"project": project.id, "title": project.title, "link": f"/projects/{project.id}"}


def _said(day: date) -> str:
    return f"{day:%-d %B %Y}"
