"""Verify an exported log against its signed checkpoints, with nothing but the files and the public key."""

from collections.abc import Iterable
from dataclasses import dataclass

from core.audit import merkle
from core.audit.checkpoint import Checkpoint
from core.audit.log import FIRST_PREV, Entry
from core.errors import IntegrityBroken


@dataclass(frozen=True)
class Verified:
    """What was proven: the number of entries, their tree head, and how many checkpoints agree."""

    entries: int
    root: bytes
    checkpoints: int


def verify(lines: Iterable[bytes], checkpoints: Iterable[Checkpoint]) -> Verified:
    """Prove that these lines are one unbroken log and that every checkpoint is a state it went through.

    Raises IntegrityBroken at the first entry that was edited, removed, reordered or forked, and for a log
    shorter than a checkpoint says. Entries cut off after the last checkpoint can't be missed from here: a
    checkpoint kept by somebody else is what shows them.
    """
    leaves = list(_leaves(lines))
    proven = 0
    for checkpoint in checkpoints:
        _check_checkpoint(leaves, checkpoint)
        proven += 1
    return Verified(len(leaves), merkle.root(leaves), proven)


def _leaves(lines: Iterable[bytes]) -> Iterable[bytes]:
    prev = FIRST_PREV
    for number, line in enumerate(lines):
        try:
            entry = Entry.from_bytes(line)
        except (ValueError, TypeError, KeyError) as error:
            raise IntegrityBroken(f"Entry {number} can not be read.") from error
        if entry.to_bytes() != line.rstrip(b"\n"):
            raise IntegrityBroken(f"Entry {number} is not in its canonical form.")
        if (entry.seq, entry.prev) != (number, prev):
            raise IntegrityBroken(f"Entry {number} does not follow the entry before it.")
        prev = entry.hash
        yield bytes.fromhex(prev)


def _check_checkpoint(leaves: list[bytes], checkpoint: Checkpoint) -> None:
    if checkpoint.size > len(leaves):
        raise IntegrityBroken(f"The log has {len(leaves)} entries, a checkpoint says {checkpoint.size}.")
    if merkle.root(leaves[: checkpoint.size]) != checkpoint.root:
        raise IntegrityBroken(f"The first {checkpoint.size} entries are not what a checkpoint says.")
