"""Every rate behind the synthetic data says where it comes from: seen in a source, or marked; another is refused."""

import tomllib
from typing import Any

import pytest

from core.errors import InvalidInput
from data_catalog.synth.document import rates_page
from data_catalog.synth.provenance import Mark, rates_of, sources
from data_catalog.synth.rates import DISEASE, disease
from data_catalog.synth.trials.design import DESIGN, rate_groups

TRIALS = tomllib.loads(DESIGN.read_text(encoding="utf-8"))
GROUPS: dict[str, dict[str, Any]] = {
    "registries": tomllib.loads(DISEASE.read_text(encoding="utf-8")),
    "common": TRIALS["common"],
    **TRIALS["profiles"],
}
ENTRIES = {
    f"{group}.{name}": entry for group, entries in GROUPS.items() for name, entry in entries.items() if name != "like"
}
RATES = {name: entry for name, entry in ENTRIES.items() if not name.endswith(".course")}
UNSEEN = [name for name, source in sources().items() if not source.seen]


def without(entry: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in entry.items() if name != key}


@pytest.mark.parametrize("name", RATES)
def test_a_rate_of_the_files_without_its_source_is_refused(name: str) -> None:
    assert rates_of({name: RATES[name]})
    with pytest.raises(InvalidInput, match="no source"):
        rates_of({name: without(RATES[name], "source")})


def test_no_number_of_the_files_stands_outside_a_rate() -> None:
    assert all(isinstance(entry, dict) for entry in RATES.values())
    assert set(TRIALS) == {"seed", "people", "visits", "scans", "profiles", "common", "trials"}
    declared = [rate for rates in (disease(), *rate_groups().values()) for rate in rates]
    assert len(declared) == len(RATES) > 90
    assert all(rate.values.keys() == rate.marks.keys() for rate in declared)


@pytest.mark.parametrize("name", [name for name, entry in RATES.items() if entry["source"] in UNSEEN])
def test_what_was_not_read_can_not_pass_for_seen(name: str) -> None:
    with pytest.raises(InvalidInput, match="was not seen"):
        rates_of({name: without(RATES[name], "recalled")})


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        ({"value": 1}, "no source"),
        ({"value": 1, "source": "hearsay"}, "no source"),
        ({"value": 1, "more": 2, "source": {"value": "luna"}}, '"more" of rate "made up" has no source'),
        ({"value": 1, "source": "bmsd"}, "was not seen"),
        ({"value": 1, "source": "luna", "recalled": ["other"], "note": "so"}, "does not have"),
        ({"value": 1, "source": "luna", "recalled": ["value"], "assumption": ["value"], "note": "so"}, "marked before"),
        ({"value": 1, "source": "luna", "recalled": ["value"]}, "does not say why"),
        ({"value": 1, "source": "assumption"}, "does not say why"),
        ({"value": 1, "recalled": ["value"], "note": "so"}, "no source"),
    ],
)
def test_a_rate_that_does_not_say_its_source_is_refused(entry: dict[str, Any], why: str) -> None:
    with pytest.raises(InvalidInput, match=why):
        rates_of({"made up": entry})


def test_each_value_has_its_own_mark_and_source() -> None:
    entry = {"a": 1, "b": 2, "c": 3, "source": {"a": "luna", "b": "bmsd"}, "recalled": ["b"], "assumption": ["c"]}
    (rate,) = rates_of({"mixed": {**entry, "note": "why"}})
    assert rate.marks == {"a": Mark.SEEN, "b": Mark.RECALLED, "c": Mark.ASSUMPTION}
    assert rate.sources == {"a": "luna", "b": "bmsd"}


def test_every_source_is_used() -> None:
    groups = (disease(), *rate_groups().values())
    assert {name for rates in groups for rate in rates for name in rate.sources.values()} == set(sources())


def test_a_reader_of_the_page_sees_the_marks() -> None:
    page = rates_page()
    assert "`percent` 24.1 **recalled**; `weeks` 104" in page
    assert "## Trials like OLYMPUS, else as ORATORIO (**assumption**)" in page
    assert all(f"| `{name}` | {source.citation} | " in page for name, source in sources().items())
    assert page.count("**not seen**") == len(UNSEEN) > 0
