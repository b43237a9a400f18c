"""The definitions that come with Myelin: one TOML file each, and what was published under each version."""

import tomllib
from functools import cache
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from core.errors import InvalidInput, NotFound
from core.forms import in_words
from data_catalog.endpoints.models import EndpointDefinition
from data_catalog.hints import did_you_mean

DEFINITIONS = Path(__file__).parent / "definitions"
PUBLISHED = DEFINITIONS / "published.txt"
"""A line for each version ever published: id, version, SHA-256 of kind and parameters."""

_ADAPTER: TypeAdapter[EndpointDefinition] = TypeAdapter(EndpointDefinition)


@cache
def standard_endpoints() -> tuple[EndpointDefinition, ...]:
    """Return every standard endpoint, in the order of their ids."""
    return tuple(load_definition(path) for path in sorted(DEFINITIONS.glob("*.toml")))


def standard_endpoint(endpoint_id: str, version: int) -> EndpointDefinition:
    """Return one standard endpoint; raises NotFound with a close name, or with the version there is."""
    known = {definition.id: definition for definition in standard_endpoints()}
    if endpoint_id not in known:
        raise NotFound(f"There is no endpoint {endpoint_id!r}{did_you_mean(endpoint_id, known)}.")
    found = known[endpoint_id]
    if found.version != version:
        raise NotFound(f"There is no version {version} of {endpoint_id}.", f"The version here is {found.version}.")
    return found


def load_definition(path: Path) -> EndpointDefinition:
    """Read a definition (TOML); raises InvalidInput with every problem in it."""
    try:
        return _ADAPTER.validate_python(tomllib.loads(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        raise InvalidInput(f"The endpoint in {path.name} is wrong: {'; '.join(in_words(error))}.") from error
    except tomllib.TOMLDecodeError as error:
        raise InvalidInput(f"{path.name} is no TOML file: {error}.") from error


def published_versions() -> dict[tuple[str, int], str]:
    """Return the hash of every id and version ever published."""
    rows = (line.split() for line in PUBLISHED.read_text().splitlines() if line)
    return {(endpoint_id, int(version)): sha256 for endpoint_id, version, sha256 in rows}


def record_published() -> None:
    """Add versions that are new; raises InvalidInput where a published one has changed."""
    published = published_versions() if PUBLISHED.exists() else {}
    for definition in standard_endpoints():
        sha256 = definition.reference.sha256
        if published.setdefault((definition.id, definition.version), sha256) != sha256:
            raise InvalidInput(
                f"Version {definition.version} of {definition.id} computes something else than was published.",
                "Give it the next version.",
            )
    PUBLISHED.write_text("".join(f"{name} {version} {sha}\n" for (name, version), sha in sorted(published.items())))
