"""The rules of `rules.toml` and the approvals of `approvals.toml`, as values."""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from data_catalog.models import Line, Name
from data_catalog.quality.models import Axis

_FOLDER = Path(__file__).parent


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


class _Counted(_Strict):
    id: Name
    axis: Axis = Field(strict=False)
    label: Line
    source: str = Field(description="what it is counted over")
    needs: tuple[str, ...] = Field(strict=False, description="variables without which it is not checked")
    of: str = Field(description="true of the rows it can judge")
    basis: str = ""


class Rule(_Counted):
    """A rule: rows that break it should be few."""

    broken: str = Field(description="true of the rows, among those it can judge, that break it")
    look_above: float = Field(ge=0, le=1, strict=False, description="the share of broken rows above which to look")


class Measure(_Counted):
    """A measure of the people in an edition, compared with what is published: a share or a median."""

    share: str = ""
    median: str = ""
    expected: tuple[float, float] = Field(strict=False)


class Declared(_Strict):
    """A comparison with what the registry declares about itself."""

    axis: Axis = Field(strict=False)
    label: Line
    tolerance: float = Field(strict=False)


class Completeness(_Strict):
    """How complete variables should be, and among which rows."""

    minimum_dataset_at_least: float
    among: Mapping[str, str]
    open: Mapping[str, tuple[str, ...]] = Field(strict=False)

    @property
    def unjudged(self) -> frozenset[str]:
        """Variables whose completeness can't be judged."""
        return frozenset(self.open["variables"])


class RuleBook(_Strict):
    """Everything tier two looks at."""

    sources: Mapping[str, str]
    rules: tuple[Rule, ...]
    measures: tuple[Measure, ...]
    completeness: Completeness
    registry: Mapping[str, Declared]


@cache
def rule_book() -> RuleBook:
    """Return the rules."""
    raw = tomllib.loads((_FOLDER / "rules.toml").read_text(encoding="utf-8"))
    default = raw["look_above"]
    unjudged = tuple(raw["completeness"]["open"]["variables"])
    return RuleBook(
        sources={name: source["sql"] for name, source in raw["sources"].items()},
        rules=tuple(Rule(**{"look_above": default, **rule}) for each in raw["rules"] for rule in _expand(each)),
        measures=tuple(Measure(**measure) for measure in raw["measures"]),
        completeness=Completeness(**{**raw["completeness"], "open": {"variables": unjudged}}),
        registry={name: Declared(**declared) for name, declared in raw["registry"].items()},
    )


def _expand(rule: dict[str, Any]) -> list[dict[str, Any]]:
    """Write a rule that holds for several tables out for each of them."""
    if "each" not in rule:
        return [rule]
    texts = {key: value for key, value in rule.items() if key != "each"}
    return [
        {key: _fill(value, table, date) for key, value in {**texts, "id": f"{rule['id']}_{table}"}.items()}
        for table, date in rule["each"].items()
    ]


def _fill(value: Any, table: str, date: str) -> Any:
    if isinstance(value, list):
        return [_fill(one, table, date) for one in value]
    return value.replace("{table}", table).replace("{date}", date) if isinstance(value, str) else value


@cache
def approvals() -> dict[str, int]:
    """Return the year each drug was first approved for MS."""
    raw = tomllib.loads((_FOLDER / "approvals.toml").read_text(encoding="utf-8"))
    unnamed = {drug["source"] for drug in raw["drugs"].values()} - set(raw["sources"])
    assert not unnamed, f"approvals.toml does not name the sources {unnamed}"
    return {name: drug["year"] for name, drug in raw["drugs"].items()}
