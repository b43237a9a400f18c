"""What runs by itself: servers that lost their right are ended, and the audit log is checkpointed."""

from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic, sleep

import structlog

from core.audit.service import write_checkpoint
from core.database import Database
from core.errors import MyelinError
from core.settings import Settings
from hub.reconcile import Watch

RECONCILE_SECONDS = 2.0
CHECKPOINT_SECONDS = 60.0

log = structlog.get_logger()


@dataclass
class Duty:
    """Something done again and again; a failure is logged and tried again at the next turn."""

    name: str
    seconds: float
    do: Callable[[], object]
    due: float = field(default=0.0)

    def turn(self, now: float) -> None:
        """Do it where its time has come."""
        if now < self.due:
            return
        self.due = now + self.seconds
        try:
            self.do()
        except MyelinError as error:
            log.error("duty failed", duty=self.name, message=error.message, hint=error.hint)


def run(settings: Settings, database: Database) -> None:
    """Do every duty at its time until the process is ended."""
    duties = [
        Duty("reconcile", RECONCILE_SECONDS, Watch(database, settings).turn),
        Duty("checkpoint", CHECKPOINT_SECONDS, lambda: write_checkpoint(database, settings)),
    ]
    while True:
        for duty in duties:
            duty.turn(monotonic())
        sleep(0.2)
