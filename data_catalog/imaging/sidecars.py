"""What a scan's sidecar may say: listed fields with listed or limited values, and a record of the defacing."""

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from data_catalog.imaging.names import BODY_PARTS, REGIONS, ScanName

FIELDS = Path(__file__).parent / "sidecar_fields.toml"

LARGEST_SIDECAR = 1 << 16
"""Bytes; sidecars of dcm2niix take 2 to 4 thousand."""

_VERSION = re.compile(r"[0-9]{1,4}(\.[0-9]{1,4}){0,3}")
_SIGNIFICANT_DIGITS = 9

Values = Mapping[str, Any]


class Field(BaseModel):
    """What the values of one field may be; numbers have limits in the unit of BIDS."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    codes: frozenset[str] = frozenset()
    many: bool = False
    version: bool = False
    flag: bool = False
    minimum: float = 0
    maximum: float = 0

    def allows(self, value: object) -> bool:
        """Tell whether a value is one the field may have."""
        if self.flag:
            return isinstance(value, bool)
        if self.version:
            return isinstance(value, str) and _VERSION.fullmatch(value) is not None
        if self.codes:
            return self._is_code(value) or (self.many and isinstance(value, list) and all(map(self._is_code, value)))
        return self._is_within(value)

    def _is_code(self, value: object) -> bool:
        return isinstance(value, str) and value in self.codes

    def _is_within(self, value: object) -> bool:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        # More digits than a scanner measures could number a person.
        return self.minimum <= value <= self.maximum and float(f"{value:.{_SIGNIFICANT_DIGITS}g}") == value


class Allowed(BaseModel):
    """Everything that sidecars and header texts may say."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    header_texts: Mapping[str, frozenset[str]]
    fields: Mapping[str, Field]


@dataclass(frozen=True, slots=True)
class Sidecar:
    """What a sidecar says, and what is wrong with it; a value that is not allowed is not kept."""

    values: Values
    problems: tuple[str, ...]

    @property
    def region(self) -> str:
        """The region the scan shows; empty where the sidecar does not say."""
        return BODY_PARTS.get(self.values.get("BodyPart", ""), "")


@cache
def allowed() -> Allowed:
    """Return the list of what is allowed."""
    return Allowed.model_validate(tomllib.loads(FIELDS.read_text(encoding="utf-8")))


def check_sidecar(content: bytes, scan: ScanName) -> Sidecar:
    """Read a scan's sidecar; fields and values that are not listed are named (fields only) and refused."""
    parsed = parse_object(content)
    if isinstance(parsed, str):
        return Sidecar({}, (parsed,))
    fields = allowed().fields
    unknown = [f"the field {_shown(name)} is not on the list" for name in parsed if name not in fields]
    wrong = [name for name, value in parsed.items() if name in fields and not fields[name].allows(value)]
    values = {name: value for name, value in parsed.items() if name in fields and name not in wrong}
    problems = [*unknown, *(f"{name} has a value that is not allowed" for name in wrong)]
    return Sidecar(values, (*problems, *_region(values, scan), *_defacing(values), *_contrast(values, scan)))


def parse_object(content: bytes) -> dict[str, Any] | str:
    """Read a JSON object, or say what keeps it from being one."""
    if len(content) > LARGEST_SIDECAR:
        return f"is larger than {LARGEST_SIDECAR:,} bytes"
    try:
        parsed = json.loads(content.decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return "is no JSON in UTF-8 whose names stand once"
    return parsed if isinstance(parsed, dict) else "is no JSON object"


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError
    return found


def _no_constant(name: str) -> None:
    raise ValueError(name)


def _shown(name: str) -> str:
    """Show a field's name if it can only be one: anything else may be data."""
    return name if re.fullmatch("[A-Z][A-Za-z]{1,39}", name) else "whose name is no field's name"


def _region(values: Values, scan: ScanName) -> Iterator[str]:
    region = BODY_PARTS.get(values.get("BodyPart", ""))
    if region is None:
        yield f"BodyPart must say {' or '.join(BODY_PARTS)}"
    elif scan.acquisition in REGIONS.values() and scan.acquisition != REGIONS[region]:
        yield "name and BodyPart tell of different regions"


def _defacing(values: Values) -> Iterator[str]:
    """Refuse every scan of which it is not on record that no face can be made from it."""
    status = values.get("Defaced")
    if status is None:
        yield "whether the face was removed is unknown: Defaced must say so"
    elif status == "no":
        yield "the face is still in it: it must be removed before the scan is sent"
    elif status == "yes" and not {"DefacingTool", "DefacingToolVersion"} <= set(values):
        yield "DefacingTool and DefacingToolVersion must say how the face was removed"
    elif status == "not_needed" and not _shows_no_face(values):
        yield "Defaced can be not_needed only for SPINE with FaceInFieldOfView false"


def _shows_no_face(values: Values) -> bool:
    return values.get("BodyPart") == "SPINE" and values.get("FaceInFieldOfView") is False


def _contrast(values: Values, scan: ScanName) -> Iterator[str]:
    if ("ContrastBolusIngredient" in values) != (scan.modality == "t1w_gd"):
        yield "name and ContrastBolusIngredient must both tell of the contrast agent, or neither"
