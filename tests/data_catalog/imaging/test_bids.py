"""The validator of the BIDS community judges; where it can not, nothing has passed."""

import sys
from pathlib import Path

import pytest

from data_catalog.errors import DataRejected
from data_catalog.imaging import bids
from data_catalog.imaging.bids import validate_bids
from data_catalog.imaging.ingest import prepare_imaging


def test_a_whole_tree_passes_and_a_broken_one_does_not(delivery: Path) -> None:
    assert validate_bids(delivery) == []
    (delivery / "dataset_description.json").write_text('{"Name": "x"}')
    rules = [rule for rule, _ in validate_bids(delivery)]
    assert any("JSON_KEY_REQUIRED" in rule for rule in rules)


def _gone(name: str) -> object:
    raise ModuleNotFoundError(name)


CAN_NOT = {
    "it could not be started": "import missing",
    "it did not end within 0.05 seconds": [sys.executable, "-c", "import time; time.sleep(60)"],
    "it did not answer as it should": [sys.executable, "-c", "print('all is well')"],
    "it could not be started: install": ["/nonexistent/deno"],
}


@pytest.mark.parametrize("words", CAN_NOT)
def test_what_was_not_checked_is_not_passed(words: str, delivery: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command = CAN_NOT[words]
    if command == "import missing":
        monkeypatch.setattr(bids, "import_module", _gone)
    else:
        monkeypatch.setattr(bids, "_command", lambda folder: command)
    limit = 0.05 if "0.05" in words else 20
    ((rule, _),) = validate_bids(delivery, limit)
    assert rule.startswith(f"not checked by the BIDS validator: {words}")


def test_a_tree_that_was_not_checked_is_refused(
    delivery: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bids, "_command", lambda folder: ["/nonexistent/deno"])
    with pytest.raises(DataRejected, match="not checked"):
        prepare_imaging(delivery, tmp_path / "imaging", dataset="ms_cidr")


def test_what_runs_may_read_the_tree_and_no_more(delivery: Path, tmp_path: Path) -> None:
    """Neither network nor writing nor starting of programs, nor any other file: tried with the very permissions."""
    command = bids._command(delivery)
    at = next(place for place, word in enumerate(command) if word.endswith("bids-validator.js"))
    (tmp_path / "secret").write_text("x")
    attempts = {
        "network": 'await Deno.connect({ hostname: "127.0.0.1", port: 9 })',
        "other files": f'await Deno.readTextFile("{tmp_path}/secret")',
        "writing": f'await Deno.writeTextFile("{delivery}/README", "x")',
        "programs": 'new Deno.Command("/bin/true").spawn()',
    }
    lines = [
        f'try {{ {code}; console.log("{what}: done") }} catch (e) {{ console.log("{what}: " + e.name) }}'
        for what, code in attempts.items()
    ]
    script = delivery / "attempt.js"
    script.write_text("\n".join(lines))
    said = bids._run([*command[:at], str(script)], 30).decode().split("\n")[:-1]
    assert said == [f"{what}: NotCapable" for what in attempts]
