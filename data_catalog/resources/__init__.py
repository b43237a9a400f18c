"""The resources datasets are part of, as they describe themselves in public: one TOML file each beside this one.

Everything here is declared, and never counted from data.
"""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from data_catalog.editions import Edition
from data_catalog.facts import Registry

_FOLDER = Path(__file__).parent


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


class Fact(_Strict):
    """One thing a resource says of itself, in its own words."""

    label: str
    value: str


class Place(_Strict):
    """Where a country's tile lies on the schematic map: columns from the west, rows from the north."""

    country: str
    code: str
    column: int
    row: int


class DeclaredRegistry(Registry):
    """A registry that is part of a resource, with or without an edition here: its dataset's id, and its name."""

    id: str
    label: str


class Resource(_Strict):
    """A resource: what it says of itself, its registries, and where they lie on the map."""

    id: str
    label: str
    name: str
    description: str
    facts: tuple[Fact, ...] = Field(strict=False)
    registries: tuple[DeclaredRegistry, ...] = Field((), strict=False)
    places: tuple[Place, ...] = Field((), strict=False)


@dataclass(frozen=True)
class Member:
    """A registry that declares itself, beside the edition its data are in."""

    label: str
    registry: Registry
    edition: Edition | None
    """None before one is published here."""
    place: Place | None
    """None for a registry of no single country."""


@dataclass(frozen=True)
class Shelf:
    """One resource with the newest editions of its datasets; without a resource, those that belong to none."""

    resource: Resource | None
    editions: tuple[Edition, ...]

    @property
    def members(self) -> tuple[Member, ...]:
        """Its registries, with an edition or without, by country; one of no single country comes last."""
        found = [
            self._member(edition.declaration.label, edition.declaration.registry, edition)
            for edition in self.editions
            if edition.declaration.registry
        ]
        here = {edition.dataset for edition in self.editions}
        declared = self.resource.registries if self.resource else ()
        found += [self._member(registry.label, registry, None) for registry in declared if registry.id not in here]
        return tuple(sorted(found, key=lambda member: (member.place is None, member.registry.country)))

    @property
    def people(self) -> int:
        """The sum of what the registries declare."""
        return sum(member.registry.people for member in self.members)

    def _member(self, label: str, registry: Registry, edition: Edition | None) -> Member:
        places = self.resource.places if self.resource else ()
        return Member(label, registry, edition, next((p for p in places if p.country == registry.country), None))


@cache
def resources() -> tuple[Resource, ...]:
    """Return every resource that is described."""
    return tuple(_load(path) for path in sorted(_FOLDER.glob("*.toml"), reverse=True))


def shelves(editions: Sequence[Edition]) -> tuple[Shelf, ...]:
    """Sort editions by their resource; a resource without a dataset is there all the same."""
    known = {resource.id for resource in resources()}
    sorted_ = [Shelf(one, tuple(e for e in editions if e.declaration.resource == one.id)) for one in resources()]
    others = tuple(edition for edition in editions if edition.declaration.resource not in known)
    return (*sorted_, Shelf(None, others)) if others else tuple(sorted_)


def _load(path: Path) -> Resource:
    return Resource.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
