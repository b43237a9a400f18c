"""A project's risk appetite: the thresholds of disclosure control, read from a file, versioned and hashed."""

import tomllib
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from core import canonical
from core.errors import InvalidInput
from core.files import sha256_bytes

DEFAULT = Path(__file__).with_name("risk_appetite.toml")


class AppetiteInvalid(InvalidInput):
    """The file of thresholds can't be used; nothing is checked against half a set of them."""


class Thresholds(BaseModel):
    """Every number a check compares with; people are counted, never rows."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    minimum_count: int = Field(ge=1, le=1000)
    minimum_degrees_of_freedom: int = Field(ge=1, le=1000)
    dominance_n: int = Field(ge=1, le=10)
    dominance_k: float = Field(gt=0, le=1)
    p_percent: float = Field(ge=0, le=1)
    zero_is_disclosive: bool
    survival_step: int = Field(ge=1, le=1000)
    differencing: int = Field(ge=1, le=1000)
    rounding: Literal["none", "nearest 5", "midpoint-6"]


class RiskAppetite(BaseModel):
    """One version of the thresholds, each with the source it was taken from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: str = Field(pattern=r"^[0-9A-Za-z][0-9A-Za-z.-]{0,30}$")
    thresholds: Thresholds
    sources: dict[str, str]

    @model_validator(mode="after")
    def _every_threshold_has_its_source(self) -> "RiskAppetite":
        named = {name for name, source in self.sources.items() if source.strip()}
        if missing := sorted(set(Thresholds.model_fields) - named):
            raise ValueError(f"no source is given for {', '.join(missing)}")
        if unknown := sorted(named - set(Thresholds.model_fields)):
            raise ValueError(f"a source is given for {', '.join(unknown)}, which is no threshold")
        return self

    @cached_property
    def sha256(self) -> str:
        """The hash of the canonical content: comments and order in the file don't change it."""
        return sha256_bytes(canonical.dumps(self.model_dump(mode="json")))


def load_appetite(path: Path = DEFAULT) -> RiskAppetite:
    """Read a risk appetite from TOML; raise AppetiteInvalid with each place that is wrong."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise AppetiteInvalid(f"The risk appetite {path.name} can't be read: {error}.", "Mend the file.") from error
    return parse_appetite(content, path.name)


def parse_appetite(content: dict[str, Any], name: str = "risk appetite") -> RiskAppetite:
    """Validate a risk appetite that was read already, for example from a request's record."""
    try:
        return RiskAppetite.model_validate(content)
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, fault['loc'])) or 'file'}: {fault['msg']}" for fault in error.errors())
        raise AppetiteInvalid(
            f"{name} is not a valid risk appetite: {faults}.", "Give every threshold once."
        ) from error
