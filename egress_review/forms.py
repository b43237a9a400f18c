"""What a checker's form says, parsed at the edge: `verdict-1`, `comment-1`, `audience-1`, … and `comment-whole`."""

from collections.abc import Mapping
from contextlib import suppress

from core.errors import InvalidInput
from egress_review.models import Audience, Verdict
from egress_review.review import NewComment

WHOLE = "whole"
"""Stands for a file's number where a comment is on the request as a whole."""


def read_verdicts(form: Mapping[str, str]) -> dict[int, Verdict]:
    """Return the verdict on each file; raises InvalidInput for one that is none."""
    verdicts = {}
    for field, value in form.items():
        kind, _, number = field.partition("-")
        if kind != "verdict":
            continue
        try:
            verdicts[int(number)] = Verdict(value)
        except ValueError as error:
            raise InvalidInput("A verdict is approve, change or reject.", "Choose one for every file.") from error
    return verdicts


def read_comments(form: Mapping[str, str]) -> list[NewComment]:
    """Return the comments that were written, those left empty left out."""
    comments = []
    for field, text in form.items():
        kind, _, place = field.partition("-")
        if kind == "comment" and text.strip():
            comments.append(_comment(text, form.get(f"audience-{place}", Audience.TEAM), place))
    return comments


def read_comment(form: Mapping[str, str]) -> NewComment:
    """Return the one comment on the whole; raises InvalidInput where nothing was written."""
    return _comment(form.get(f"comment-{WHOLE}", ""), form.get(f"audience-{WHOLE}", Audience.TEAM), WHOLE)


def _comment(text: str, audience: str, place: str) -> NewComment:
    with suppress(ValueError):
        return NewComment(text, Audience(audience), None if place == WHOLE else int(place))
    raise InvalidInput("A comment is on a file or on the whole, for the team or for checkers.", "Open the page anew.")
