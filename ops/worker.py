"""What runs by itself: servers that lost their right end, closed projects are closed out, the log is checkpointed, mail
is sent.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from threading import Event, Thread

import structlog

from core.audit.service import write_checkpoint
from core.database import Database
from core.errors import MyelinError, Unavailable
from core.outbox.delivery import deliver_due
from core.settings import Settings
from hub.reconcile import Watch
from ops import house  # noqa: F401  (every mail there is)
from ops.closing import close_out_all
from projects.publications.mails import remind_of_obligations
from projects.warnings import warn_of_lapses

RECONCILE_SECONDS = 2.0
CHECKPOINT_SECONDS = 60.0
OUTBOX_SECONDS = 5.0
CLOSE_OUT_SECONDS = 5.0
WARNING_SECONDS = 600.0
LOOK_SECONDS = 1.0
"""How soon it is noticed that a duty is done no more."""

log = structlog.get_logger()


@dataclass(frozen=True)
class Duty:
    """Something done again and again, in a thread of its own, so that a slow one keeps no other waiting."""

    name: str
    seconds: float
    do: Callable[[], object]

    def keep_doing(self, stop: Event) -> None:
        """Do it at its pace until told to stop; whatever goes wrong in one turn is logged and tried at the next."""
        while True:
            try:
                self.do()
            except Exception as error:  # noqa: BLE001  (a server must not outlive its right by a defect in one turn)
                with suppress(Exception):  # nor because the disk of the log is full
                    self._log_failure(error)
            if stop.wait(self.seconds):
                return

    def _log_failure(self, error: Exception) -> None:
        if isinstance(error, MyelinError):
            log.error("duty failed", duty=self.name, message=error.message, hint=error.hint)
        else:
            log.error("duty failed", duty=self.name, exc_info=error)


def run(settings: Settings, database: Database, stop: Event | None = None) -> None:
    """Do every duty until told to stop, or until the process is ended."""
    duties = (
        Duty("reconcile", RECONCILE_SECONDS, Watch(database, settings).turn),
        Duty("close-out", CLOSE_OUT_SECONDS, lambda: close_out_all(database, settings)),
        Duty("checkpoint", CHECKPOINT_SECONDS, lambda: write_checkpoint(database, settings)),
        Duty("warnings", WARNING_SECONDS, lambda: warn_of_lapses(database)),
        Duty("reminders", WARNING_SECONDS, lambda: remind_of_obligations(database)),
        Duty("outbox", OUTBOX_SECONDS, lambda: deliver_due(database, settings)),
    )
    keep_all(duties, stop or Event())


def keep_all(duties: Sequence[Duty], stop: Event) -> None:
    """Do these duties side by side until told to stop; raises Unavailable where one ends unasked.

    The process ends with it, and whoever looks after processes starts it again.
    """
    threads = [Thread(target=duty.keep_doing, args=(stop,), name=duty.name, daemon=True) for duty in duties]
    for thread in threads:
        thread.start()
    while not stop.wait(LOOK_SECONDS):
        ended = [thread.name for thread in threads if not thread.is_alive()]
        if ended and not stop.is_set():
            raise Unavailable(f"The worker's {ended[0]} ended unasked.", "Start the worker again; its log says why.")
    for thread in threads:
        thread.join()
