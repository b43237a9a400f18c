"""The refused faults: each breaks what it says, in one file, and leaves the rest of the delivery as it was."""

from pathlib import Path

import pytest

from core.errors import NotFound
from data_catalog.synth.corrupt import KINDS, corrupt
from data_catalog.synth.registries import REGISTRIES, write_registry


@pytest.fixture(scope="module")
def deliveries(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, bytes]]:
    """Give every registry's delivery of a few people, as bytes by file."""
    root = tmp_path_factory.mktemp("whole")
    for registry in REGISTRIES:
        write_registry(registry, root / registry, people=120)
    return {r: {path.name: path.read_bytes() for path in (root / r).iterdir()} for r in REGISTRIES}


def put(delivery: dict[str, bytes], folder: Path) -> Path:
    """Write a delivery's files."""
    for name, data in delivery.items():
        (folder / name).write_bytes(data)
    return folder


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("registry", REGISTRIES)
def test_a_fault_breaks_one_file(
    registry: str, kind: str, deliveries: dict[str, dict[str, bytes]], tmp_path: Path
) -> None:
    whole = deliveries[registry]
    fault = corrupt(put(whole, tmp_path), kind)
    changed = [name for name, data in whole.items() if (tmp_path / name).read_bytes() != data]
    assert changed == [fault.file]


def broken(kind: str, deliveries: dict[str, dict[str, bytes]], folder: Path) -> tuple[list[str], list[str], int]:
    """Return the broken file's lines before and after, and the row that was broken."""
    fault = corrupt(put(deliveries["msbase"], folder), kind)
    before = deliveries["msbase"][fault.file].decode().splitlines()
    after = (folder / fault.file).read_bytes().decode().splitlines()
    return before, after, fault.row if fault.row is not None else 0


@pytest.mark.parametrize(
    ("kind", "text"), [("unknown_code", ",7?,"), ("future_date", "14.03.2099"), ("identifier_in_text", "@example.org")]
)
def test_a_broken_value_stands_in_the_row_that_is_named(
    kind: str, text: str, deliveries: dict[str, dict[str, bytes]], tmp_path: Path
) -> None:
    before, after, row = broken(kind, deliveries, tmp_path)
    assert text in after[row]
    assert [line for number, line in enumerate(after) if number != row] == [
        line for number, line in enumerate(before) if number != row
    ]


def test_a_patient_stands_twice(deliveries: dict[str, dict[str, bytes]], tmp_path: Path) -> None:
    before, after, row = broken("patient_twice", deliveries, tmp_path)
    assert after[:-1] == before
    assert after[row] in before


def test_a_truncated_file_ends_in_a_row_or_between_two(deliveries: dict[str, dict[str, bytes]], tmp_path: Path) -> None:
    before, after, row = broken("truncated", deliveries, tmp_path)
    assert len(after) == row + 1
    assert after[-1] != before[row]
    assert before[row].startswith(after[-1])
    before, after, row = broken("truncated_at_row", deliveries, tmp_path)
    assert after == before[:row]


def test_unknown_faults_and_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no fault boredom"):
        corrupt(tmp_path, "boredom")
    with pytest.raises(NotFound, match="no synthetic delivery"):
        corrupt(tmp_path, "truncated")
