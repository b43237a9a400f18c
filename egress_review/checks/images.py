"""Pictures: always for a person to look at, and nothing may ride along with the pixels."""

from collections.abc import Iterator

from egress_review.appetite import RiskAppetite
from egress_review.checks.document import Document, Picture
from egress_review.checks.models import CutFacts, Finding
from egress_review.checks.pictures import Undecodable, clean_picture, picture_facts
from egress_review.checks.text import counted, quote

CHECK = "pictures"
HIDDEN = "hidden content"

_SOFTWARE = b"Software\0"
_SHORT = 200  # bytes of a plotting library's name, version and address


def check(document: Document, _cut: CutFacts, _appetite: RiskAppetite) -> Iterator[Finding]:
    """Judge every picture of the file, alone or inside a notebook."""
    for picture in document.pictures:
        yield from _judge(picture)
    if document.kind.name == "svg":
        yield Finding(CHECK, "microdata", "review", "A drawing holds each of its points as numbers: look at it.")


def _judge(picture: Picture) -> Iterator[Finding]:
    where = picture.where
    try:
        clean_picture(picture.content)
    except Undecodable as error:
        yield Finding(CHECK, HIDDEN, "fail", f"{where}: the picture can't be decoded: {error}.")
        return
    yield Finding(CHECK, "low count", "review", f"{where}: a picture; look at it beside the table it was made from.")
    facts = picture_facts(picture.content)
    carried = [name for name, body in facts.metadata.items() if not _is_software(body)]
    if carried:
        names = tuple(quote(name) for name in carried[:20])
        yield Finding(CHECK, HIDDEN, "review", f"{where}: the picture carries metadata.", names)
    if facts.frames:
        yield Finding(CHECK, HIDDEN, "review", f"{where}: the picture has frames that don't show at first.")
    if facts.after_the_end:
        message = f"{where}: {counted(len(facts.after_the_end), 'byte')} after the end of the picture."
        yield Finding(CHECK, HIDDEN, "fail", message)


def _is_software(body: bytes) -> bool:
    """Ask whether metadata only names the program that drew the picture, as Matplotlib does."""
    return body.startswith(_SOFTWARE) and len(body) < _SHORT
