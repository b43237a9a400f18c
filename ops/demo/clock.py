"""Set the demo's clock: to see a call close, a contract end, an archive go, without waiting for it."""

from datetime import datetime

from core.audit.log import newest_entries
from core.clock import DemoClock
from core.database import Database
from core.errors import Refused
from core.people.models import SystemActor


def set_clock(database: Database, moment: datetime) -> None:
    """Have a demo's clock go on from a moment, on record; raises Refused outside a demo, and for going back.

    Whatever is on record happened before now: a clock set back would say otherwise.
    """
    clock = database.clock
    if not isinstance(clock, DemoClock):
        raise Refused("Only a demo's clock can be set.")
    with database.read() as connection:
        last = next(iter(newest_entries(connection, 1)), None)
    if last is not None and moment < last.at:
        hint = "Begin a demo in another state folder (MYELIN_STATE) and set its clock first."
        raise Refused(f"Time goes forward: something is on record at {last.at:%-d %B %Y, %H:%M} UTC.", hint)
    ahead = clock.ahead
    clock.set_to(moment)
    with database.write(SystemActor("setup")) as tx:
        tx.record("ops:clock:set", "clock:demo", {"by_seconds": round((clock.ahead - ahead).total_seconds())})
