"""Write sidecars anew for an exposure: what most scans say stands once in the root, and each scan's own only differs.

BIDS lets a sidecar of the root apply to every scan whose name has its entities and suffix; a scan's own sidecar
overrules it, but can't take a field back. So the root has only fields that all those scans have.
"""

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

from core import canonical
from data_catalog.imaging.index import ImagingEntry
from data_catalog.imaging.names import BODY_PARTS, MODALITIES, REGIONS, Modality, Region

_Said = tuple[str, float | None, str, str | None, str | None, str]


class Sidecars:
    """The sidecars of a set of scans; fields are worked out once for all scans that say the same."""

    def __init__(self, entries: Sequence[ImagingEntry]) -> None:
        counted: dict[str, Counter[_Said]] = {}
        for entry in entries:
            counted.setdefault(_group(entry), Counter())[_said(entry)] += 1
        self._common = {group: _most_common(counts) for group, counts in counted.items()}
        self._own: dict[tuple[str, _Said], bytes] = {}

    def of_root(self) -> dict[str, bytes]:
        """Return the sidecars of the root by their file names."""
        return {f"{group}.json": canonical.dumps(fields) for group, fields in self._common.items()}

    def of_scan(self, entry: ImagingEntry) -> bytes:
        """Return a scan's own sidecar, empty where the root says it all."""
        key = _group(entry), _said(entry)
        if key not in self._own:
            common = self._common[key[0]]
            own = {name: value for name, value in _fields(key[1]).items() if common.get(name) != value}
            self._own[key] = canonical.dumps(own) if own else b""
        return self._own[key]


def _group(entry: ImagingEntry) -> str:
    """Name what a root sidecar applies to; with or without contrast agent: BIDS allows one per level and scan."""
    return f"acq-{REGIONS[Region(entry.region)]}_{MODALITIES[Modality(entry.modality)].rpartition('_')[2]}"


def _said(entry: ImagingEntry) -> _Said:
    return (
        entry.region,
        entry.field_strength,
        entry.defaced,
        entry.defacing_tool,
        entry.defacing_version,
        entry.sidecar,
    )


_BODY_PART_OF = {region: part for part, region in BODY_PARTS.items()}


def _fields(said: _Said) -> dict[str, Any]:
    region, strength, defaced, tool, version, others = said
    fields = {
        **json.loads(others),
        "BodyPart": _BODY_PART_OF[Region(region)],
        "MagneticFieldStrength": strength,
        "Defaced": defaced,
        "DefacingTool": tool,
        "DefacingToolVersion": version,
    }
    return {name: value for name, value in fields.items() if value is not None}


def _most_common(counts: Counter[_Said]) -> dict[str, Any]:
    """Return the commonest value of each field that all have; of equally common ones the first in order of JSON."""
    fields = [(_fields(said), count) for said, count in counts.items()]
    shared = set.intersection(*(set(found) for found, _ in fields))
    common = {}
    for name in sorted(shared):
        votes = Counter[str]()
        for found, count in fields:
            votes[json.dumps(found[name])] += count
        common[name] = json.loads(min(votes, key=lambda value: (-votes[value], value)))
    return common
