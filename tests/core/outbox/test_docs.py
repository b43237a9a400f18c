"""The page on mail says what the code does."""

from pathlib import Path

from core.outbox.models import Failure
from core.outbox.policy import FIRST_WAIT, FOR_GOOD, LEASE, LONGEST_WAIT, MOST_ATTEMPTS, OF_THE_SERVER
from core.outbox.words import LONGEST_VALUE
from core.settings import Settings
from egress_review.mails import TOLD
from egress_review.models import Part
from ops.worker import OUTBOX_SECONDS

DOCS = Path(__file__).parents[3] / "docs"
TEXT = (DOCS / "mail.md").read_text(encoding="utf-8")
WORDS = {Part.CHECKER: "checkers", Part.AUTHOR: "author"}


def test_every_step_that_is_told_is_listed_with_whom() -> None:
    rows = [
        f"| a release request is `{state}` | {', '.join(WORDS[part] for part in to)} |" for state, to in TOLD.items()
    ]
    assert [row for row in rows if row not in TEXT] == []
    assert TEXT.count("| a release request is ") == len(rows)


def test_every_failure_is_listed_with_what_happens() -> None:
    rows = {line.split(" | ")[0].removeprefix("| "): line.split(" | ")[1] for line in TEXT.split("\n") if " | " in line}
    for failure in Failure:
        given_up, ends_the_turn = (
            rows[failure].startswith("given up"),
            "behind" in rows[failure] or "same" in rows[failure],
        )
        assert (given_up, ends_the_turn) == (failure in FOR_GOOD, failure in OF_THE_SERVER), failure


def test_every_number_is_the_code_s() -> None:
    text = " ".join(TEXT.split())
    minutes, hours = int(FIRST_WAIT.total_seconds() // 60), int(LONGEST_WAIT.total_seconds() // 3600)
    assert f"The first wait is {minutes} minute; it doubles at each failure up to {hours} hours" in text
    assert f"after {MOST_ATTEMPTS} tries" in text
    assert text.count(f"{int(LEASE.total_seconds() // 60)} minutes") == 2
    assert f"cut at {LONGEST_VALUE} characters" in text
    decision = (DOCS / "adr" / "0013-mail-through-an-outbox.md").read_text(encoding="utf-8")
    assert f"waits up to {OUTBOX_SECONDS:.0f} s" in decision


def test_every_setting_of_mail_is_named() -> None:
    names = [f"MYELIN_{name.upper()}" for name in Settings.model_fields if name.startswith("smtp_")]
    assert [name for name in names if f"`{name}`" not in TEXT] == []
