"""Write the page of the rates behind the synthetic data, each with its source and how far it can be relied on."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from data_catalog.synth.provenance import Mark, Rate, sources
from data_catalog.synth.rates import disease
from data_catalog.synth.trials.design import like, rate_groups

_WORDS = {
    Mark.SEEN: "seen in the publication, where the list of sources says",
    Mark.RECALLED: "believed to stand in the publication named, and not seen there",
    Mark.ASSUMPTION: "ours: it stands for nothing measured",
}


def rates_page() -> str:
    """Return the page: how many values are of which kind, the sources, and every rate."""
    groups = {"registries": disease(), **rate_groups()}
    lines = [
        "# Rates behind the synthetic data",
        "",
        "What the synthetic registries are drawn from (`data_catalog/synth/disease.toml`), and the trials "
        "(`data_catalog/synth/trials.toml`). A value without a mark was seen in the source named beside it, in a "
        "stored copy of the page, often of the abstract alone; a marked one was not. That the people drawn show these "
        "rates is tested in `tests/data_catalog/test_synth_rates.py` and `test_synth_trials_rates.py` beside it. "
        "Numbers that only shape a measurement stand in the code of `data_catalog/synth/` and are assumptions too.",
        "",
        *_summary(groups),
        "",
        "## Sources",
        "",
        "| source | publication | read |",
        "|---|---|---|",
        *(f"| `{name}` | {one.citation} | {one.seen or '**not seen**'} |" for name, one in sources().items()),
    ]
    return "\n".join([*lines, *(line for name, rates in groups.items() for line in _table(name, rates))]) + "\n"


def _summary(groups: Mapping[str, Iterable[Rate]]) -> Iterator[str]:
    counts = Counter(mark for rates in groups.values() for rate in rates for mark in rate.marks.values())
    yield "| mark | values | what it means |"
    yield "|---|---:|---|"
    for mark, words in _WORDS.items():
        yield f"| {'none' if mark is Mark.SEEN else f'**{mark}**'} | {counts[mark]} | {words} |"


def _table(group: str, rates: Iterable[Rate]) -> Iterator[str]:
    yield from ("", f"## {_heading(group)}", "", "| rate | values | source | note |", "|---|---|---|---|")
    for rate in rates:
        named = ", ".join(f"`{name}`" for name in dict.fromkeys(rate.sources.values()))
        yield f"| `{rate.name}` | {'; '.join(_values(rate))} | {named} | {rate.note} |"


def _heading(group: str) -> str:
    if group == "registries":
        return "Registries"
    if group == "common":
        return "Every trial"
    return f"Trials like {group.upper()}" + (f", else as {like(group).upper()} (**assumption**)" if like(group) else "")


def _values(rate: Rate) -> Iterator[str]:
    for name, value in rate.values.items():
        mark = rate.marks[name]
        yield f"`{name}` {_text(value)}" + ("" if mark is Mark.SEEN else f" **{mark}**")


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_text(one)}" for name, one in value.items())
    if isinstance(value, list):
        return ", ".join(f"({_text(one)})" if isinstance(one, list) else _text(one) for one in value)
    return str(value)
