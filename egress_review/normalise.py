"""The form in which a picture or notebook is held: written again from what it shows, so that nothing rides along.

What two people look at must be what leaves. A picture has room beside its pixels and a notebook beside its cells,
and no page shows all of it. So both are written again before they are hashed: a picture from its pixels, flat and
upright, a notebook from its values, each once, with its pictures written again as well. That form alone is held,
checked, shown and released. What can't be written again is held as it was given, and a failed finding says so.
"""

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from egress_review.checks.file_type import CHECK, RISK
from egress_review.checks.kinds import kind_by_content
from egress_review.checks.limits import MAX_FILE_BYTES
from egress_review.checks.models import Finding, HeldFile
from egress_review.checks.pictures import clean_picture
from egress_review.checks.reading import PICTURE_MIMES, picture_in
from egress_review.checks.sandbox import run_apart
from egress_review.checks.text import decode, quote

_PICTURES = (b"\x89PNG", b"\xff\xd8\xff")
_BEFORE_JSON = b" \t\r\n\x0b\x0c\x1c\x1d\x1e\x1f\x85\xa0\0\xef\xbb\xbf\xff\xfe"  # blanks and marks of any encoding

_HELD_AGAIN = "It is held written again, from what it shows alone; only that form is checked, shown and released."
_HELD_AS_GIVEN = (
    "It can't be written again ({reason}), so it is held as it was given: "
    "it may hold more than any page shows, and all of it would be released."
)


def normalise(file: HeldFile) -> tuple[HeldFile, tuple[Finding, ...]]:
    """Give the form in which a file is held and what is to be said of it; the file is read in a process apart."""
    content = file.content
    if not content.startswith(_PICTURES) and not content.lstrip(_BEFORE_JSON).startswith(b"{"):
        return file, ()
    outcome = run_apart("egress_review.normalise:write_apart", {}, content)
    reply = next(iter(outcome.replies), {})
    if not outcome.stopped and reply.get("unchanged"):
        return file, ()
    if outcome.stopped or not isinstance(reply.get("written"), str):
        reason = f"reading it {outcome.stopped}" if outcome.stopped else reply.get("refused", "nothing came of it")
        return file, (Finding(CHECK, RISK, "fail", _HELD_AS_GIVEN.format(reason=reason)),)
    written = base64.b64decode(reply["written"])
    return HeldFile(file.name, written), (Finding(CHECK, RISK, "pass", _HELD_AGAIN),)


def write_apart(_facts: Mapping[str, Any], content: bytes) -> Iterator[dict[str, Any]]:
    """Write a file again in this very process; this is what `normalise` starts apart."""
    try:
        written = written_again(content)
    except ValueError as error:
        yield {"refused": str(error)[:300]}
    else:
        yield {"unchanged": True} if written is None else {"written": base64.b64encode(written).decode()}


def written_again(content: bytes) -> bytes | None:
    """Write a picture or notebook again, or give None for other kinds; raise ValueError for what can't be."""
    write = _WRITERS.get(kind_by_content(content).name)
    if write is None:
        return None
    try:
        written = write(content)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    if len(written) > MAX_FILE_BYTES:
        raise ValueError(f"it would have more than {MAX_FILE_BYTES:,} bytes")
    return written


def _write_notebook(content: bytes) -> bytes:
    """Write a notebook as Jupyter would, with its names in order."""
    decoded = decode(content)
    if decoded is None:
        raise ValueError("it is not text")
    value = _with_pictures_again(json.loads(decoded.content, object_pairs_hook=_each_once))
    return f"{json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False)}\n".encode()


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse a repeated name: readers of JSON keep one of the values, and nobody would see the others."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"the name {quote(name)} is there twice")
        found[name] = value
    return found


def _with_pictures_again(value: Any, mime: str = "") -> Any:
    """Write the pictures of a notebook again, wherever a picture's MIME type says that there is one."""
    is_text = isinstance(value, str) or (isinstance(value, list) and all(isinstance(line, str) for line in value))
    if mime in PICTURE_MIMES and is_text:
        return base64.b64encode(clean_picture(picture_in(value))).decode()
    if isinstance(value, Mapping):
        return {name: _with_pictures_again(part, name) for name, part in value.items()}
    return [_with_pictures_again(part, mime) for part in value] if isinstance(value, list) else value


_WRITERS: Mapping[str, Callable[[bytes], bytes]] = {
    "png": clean_picture,
    "jpeg": clean_picture,
    "notebook": _write_notebook,
}
