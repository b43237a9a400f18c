"""What runs by itself: servers that lost their right are ended, and the audit log is checkpointed."""

from collections.abc import Callable
from dataclasses import dataclass
from threading import Event, Thread

import structlog

from core.audit.service import write_checkpoint
from core.database import Database
from core.errors import MyelinError
from core.settings import Settings
from hub.reconcile import Watch

RECONCILE_SECONDS = 2.0
CHECKPOINT_SECONDS = 60.0

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
            except MyelinError as error:
                log.error("duty failed", duty=self.name, message=error.message, hint=error.hint)
            except Exception:  # a server must not outlive its right because of a defect in one turn
                log.exception("duty failed", duty=self.name)
            if stop.wait(self.seconds):
                return


def run(settings: Settings, database: Database, stop: Event | None = None) -> None:
    """Do every duty until told to stop, or until the process is ended."""
    duties = (
        Duty("reconcile", RECONCILE_SECONDS, Watch(database, settings).turn),
        Duty("checkpoint", CHECKPOINT_SECONDS, lambda: write_checkpoint(database, settings)),
    )
    told = stop or Event()
    threads = [Thread(target=duty.keep_doing, args=(told,), name=duty.name, daemon=True) for duty in duties]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
