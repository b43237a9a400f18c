"""A delivered BIDS tree: which files it has, whether they are all of it, and who and when its tables say."""

import os
import re
import stat
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from data_catalog.imaging.checks import LARGEST_SCAN
from data_catalog.imaging.names import LABEL_PATTERN, ScanName, is_scans_tsv, parse_scan
from data_catalog.imaging.problems import Problems
from data_catalog.imaging.sidecars import parse_object
from data_catalog.synthetic import LABEL

PARTICIPANTS = "participants.tsv"
DESCRIPTION = "dataset_description.json"
IGNORE = ".bidsignore"
NOT_KEPT = frozenset({"README", "README.md", "README.txt", "CHANGES", "LICENSE", "participants.json", "scans.json"})
"""Files the validator reads and nobody else: nothing of them comes into the vault."""

PARTICIPANT_COLUMNS = ("participant_id", "patient_id")
"""Everything else about people belongs in the dataset's tables, where it is declared and approved by name."""

SCAN_COLUMNS = ("filename", "acq_time")

_LARGEST_TABLE = 1 << 26
_DAY = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(T00:00:00(\.0{1,6})?)?")
_PATIENT = re.compile(r"[\x21-\x7e]{1,200}")


@dataclass(frozen=True)
class Tree:
    """What a tree's names and tables say: its scans, their dates, and the patient behind each label."""

    folder: Path
    scans: tuple[ScanName, ...]
    dates: Mapping[str, date | None]
    patients: Mapping[str, str]
    synthetic: bool


def read_tree(folder: Path) -> tuple[Tree, Problems]:
    """List a tree and read its tables; whatever does not belong, is missing or contradicts is a problem."""
    problems = Problems({})
    paths = sorted(_walk(folder, "", problems))
    problems.numbers.update({path: number for number, path in enumerate(paths, 1)})
    scans, sidecars, tables = _sort_out(paths, problems)
    _check_pairs(scans, sidecars, problems)
    _check_root(folder, paths, problems)
    dates = _read_dates(folder, tables, problems)
    _check_listed(scans, dates, problems)
    patients = _read_patients(folder, paths, {scan.person for scan in scans}, problems)
    by_scan = {scan.path: dates.get(scan.path) for scan in scans}
    return Tree(folder, tuple(scans), by_scan, patients, LABEL in paths), problems


def read_file(path: Path, largest: int = 2 * LARGEST_SCAN) -> bytes | str:
    """Read a regular file whole, or say why not; links are not followed, and pipes not waited for."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return "can not be opened"
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            return "is no regular file"
        if status.st_size > largest:
            return f"is larger than {largest:,} bytes"
        if status.st_size and os.lseek(descriptor, 0, os.SEEK_HOLE) < status.st_size:
            return "is sparse: it has parts that were never written"
        os.lseek(descriptor, 0, os.SEEK_SET)
        return file.read()


def _walk(folder: Path, inside: str, problems: Problems) -> Iterator[str]:
    with os.scandir(folder / inside) as entries:
        found = sorted(entries, key=lambda entry: entry.name)
    for entry in found:
        path = f"{inside}{entry.name}"
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(folder, f"{path}/", problems)
        elif entry.is_file(follow_symlinks=False):
            yield path
        else:
            problems.add("file", "is a link, pipe or device; only files and folders are taken", path)


def _sort_out(paths: Sequence[str], problems: Problems) -> tuple[list[ScanName], set[str], list[str]]:
    """Part scans, sidecars and tables of scans; anything else is a problem unless it belongs in the root."""
    scans, sidecars, tables = [], set[str](), []
    for path in paths:
        scan = parse_scan(path)
        if scan is None:
            if is_scans_tsv(path):
                tables.append(path)
            elif path not in {PARTICIPANTS, DESCRIPTION, IGNORE, LABEL, *NOT_KEPT}:
                problems.add("file", "is no file of an anatomical BIDS tree of sub, ses, acq, ce, rec and run", path)
        elif scan.end == ".json":
            sidecars.add(path)
        else:
            scans.append(scan)
    return scans, sidecars, tables


def _check_pairs(scans: Sequence[ScanName], sidecars: set[str], problems: Problems) -> None:
    times = Counter(scan.stem for scan in scans)
    for scan in scans:
        if times[scan.stem] > 1:
            problems.add("scan", "is there both as .nii and as .nii.gz", scan.path)
        if scan.sidecar not in sidecars:
            problems.add("scan", "has no sidecar beside it", scan.path)
    for path in sorted(sidecars - {scan.sidecar for scan in scans}):
        problems.add("sidecar", "has no scan beside it", path)
    if not scans:
        problems.add("file", "there is no scan in the tree", DESCRIPTION)


def _check_root(folder: Path, paths: Sequence[str], problems: Problems) -> None:
    for path in (PARTICIPANTS, DESCRIPTION):
        if path not in paths:
            problems.add("file", "is missing", path)
    if DESCRIPTION in paths:
        content = read_file(folder / DESCRIPTION, _LARGEST_TABLE)
        parsed = parse_object(content) if isinstance(content, bytes) else content
        if isinstance(parsed, str):
            problems.add("file", parsed, DESCRIPTION)
        elif parsed.get("DatasetType", "raw") != "raw":
            problems.add("file", "is of another type than raw", DESCRIPTION)
    if IGNORE in paths and read_file(folder / IGNORE, _LARGEST_TABLE) != f"{LABEL}\n".encode():
        problems.add("file", f"hides more than {LABEL} from the validator", IGNORE)


def _read_dates(folder: Path, tables: Sequence[str], problems: Problems) -> dict[str, date | None]:
    """Return the date of every scan that a table lists, by its path."""
    dates: dict[str, date | None] = {}
    for table in tables:
        for row in _rows(folder, table, SCAN_COLUMNS, problems):
            path = f"{table.rpartition('/')[0]}/{row['filename']}"
            if path in dates:
                problems.add("table", "lists a scan twice", table)
            dates[path] = _day(row.get("acq_time", "n/a"), table, problems)
    return dates


def _day(text: str, table: str, problems: Problems) -> date | None:
    if text == "n/a":
        return None
    match = _DAY.fullmatch(text)
    try:
        return date.fromisoformat(match[1] if match else "")
    except ValueError:
        problems.add("table", "acq_time must be n/a or a day without a time of day: 2006-01-31T00:00:00", table)
        return None


def _check_listed(scans: Sequence[ScanName], dates: Mapping[str, date | None], problems: Problems) -> None:
    there = {scan.path: scan for scan in scans}
    for path in sorted(set(dates) - set(there)):
        problems.add("scan", "is listed in its scans.tsv and is not in the tree", path)
    for path in sorted(set(there) - set(dates)):
        problems.add("scan", "is not listed in its scans.tsv", path)


def _read_patients(folder: Path, paths: Sequence[str], people: set[str], problems: Problems) -> dict[str, str]:
    """Return the patient of every label: `patient_id` where the table has one, else the label itself."""
    patients, seen = dict[str, str](), set[str]()
    if PARTICIPANTS not in paths:
        return patients
    for row in _rows(folder, PARTICIPANTS, PARTICIPANT_COLUMNS, problems):
        label = row["participant_id"].removeprefix("sub-")
        patient = row.get("patient_id", label)
        named = row["participant_id"] == f"sub-{label}" and LABEL_PATTERN.fullmatch(label)
        if not named or not _PATIENT.fullmatch(patient):
            problems.add("table", "has a participant_id or patient_id that is none", PARTICIPANTS)
        elif label in patients or patient in seen:
            problems.add("table", "lists somebody twice", PARTICIPANTS)
        else:
            patients[label] = patient
            seen.add(patient)
    for label in sorted(set(patients) ^ people):
        rule = "has no scans in the tree" if label in patients else f"is not listed in {PARTICIPANTS}"
        problems.add("person", rule, f"sub-{label}")
    return patients


def _rows(folder: Path, table: str, columns: Sequence[str], problems: Problems) -> Iterator[dict[str, str]]:
    content = read_file(folder / table, _LARGEST_TABLE)
    parsed = parse_table(content, columns) if isinstance(content, bytes) else content
    if isinstance(parsed, str):
        problems.add("table", parsed, table)
    else:
        yield from parsed


def parse_table(content: bytes, columns: Sequence[str]) -> list[dict[str, str]] | str:
    """Read a table of BIDS (tabs between, UTF-8) that has the first of these columns and no others; or say why not."""
    try:
        lines = content.decode("utf-8").removesuffix("\n").split("\n")
    except UnicodeDecodeError:
        return "is not UTF-8"
    head, *rows = [line.removesuffix("\r").split("\t") for line in lines]
    if columns[0] not in head or len(set(head)) < len(head):
        return f"needs the column {columns[0]}, and each column once"
    if not set(head) <= set(columns):
        return f"has a column beside {' and '.join(columns)}"
    if any(len(row) != len(head) for row in rows):
        return "has a row with more or fewer values than the header has columns"
    return [dict(zip(head, row, strict=True)) for row in rows]
