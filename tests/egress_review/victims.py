"""Processes that are killed: the real service, in a child of a server that has everything imported already."""

import signal
from multiprocessing.connection import Connection

from core.database import Database
from core.errors import MyelinError
from core.people.models import SystemActor
from core.people.service import person_by_username
from core.settings import Settings
from egress_review.api import make_app
from egress_review.records import find_request
from egress_review.release import release
from egress_review.server import make_server
from tests.egress_review.world import PROJECT, looks_fine


def _rosa(_token: str) -> tuple[str, str]:
    """Stand in for the hub: who submits is not what dies here."""
    return "rosa", PROJECT


def serve_submissions(url: str, settings: Settings) -> None:
    """Serve the egress API until killed."""
    make_server(make_app(Database(url), settings, _rosa, looks_fine), settings).run()


def release_all(url: str, settings: Settings, request_ids: list[str], report: Connection) -> None:
    """Release requests one after the other, say which are out, and wait to be killed."""
    database = Database(url)
    checker = person_by_username(database, "chris")
    report.send("ready")
    for request_id in request_ids:
        with database.read() as connection:
            version = find_request(connection, request_id).version
        try:
            release(database, settings, checker, request_id, version)
        except MyelinError:
            continue
        report.send(request_id)
    report.send("done")
    signal.pause()


def append_events(url: str, writer: int, events: int, start: object) -> None:
    """Write events to the log as fast as the database lets several do so at once."""
    database = Database(url)
    start.wait()  # type: ignore[attr-defined]
    for number in range(events):
        with database.write(SystemActor("worker")) as tx:
            tx.record("core:log:append", f"writer:{writer}", {"number": number})
    database.close()
