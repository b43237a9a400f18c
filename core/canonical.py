"""One way to write a value as bytes, so that equal values have equal hashes."""

import json
from collections.abc import Mapping, Sequence
from typing import Any


def dumps(value: Mapping[str, Any] | Sequence[Any]) -> bytes:
    """Write JSON with sorted keys, no spaces and UTF-8; NaN and infinity are refused (RFC 8259)."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()
