"""What the egress service answered, as tables to read."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from myelin.tables import Table

FINDING_COLUMNS = ("file", "check", "risk", "status", "message")
REQUEST_COLUMNS = ("id", "state", "author", "submitted", "files", "description", "comments")
STATUSES = ("fail", "review", "not_checked", "pass")


@dataclass(frozen=True)
class ReleaseRequest:
    """A request that the egress service holds: its id, its state, and what the checks found."""

    id: str
    state: str
    received_at: str
    findings: Table

    @property
    def _sentence(self) -> str:
        return f"Request {self.id}: {self.state}, received {self.received_at}. Follow it with myelin.requests()."

    def __repr__(self) -> str:
        return f"{self._sentence}\n{self.findings!r}"

    def _repr_html_(self) -> str:
        return Table(("Release request",), ((self._sentence,),))._repr_html_() + self.findings._repr_html_()


def held_request(answer: Mapping[str, Any]) -> ReleaseRequest:
    """Read the answer to a new request."""
    findings = findings_table(answer["files"], "What the checks found")
    return ReleaseRequest(str(answer["id"]), str(answer["state"]), str(answer["received_at"]), findings)


def findings_table(files: Iterable[Mapping[str, Any]], title: str) -> Table:
    """List the findings of all files, the ones to look at first."""
    rows = [(str(file["name"]), *_finding(finding)) for file in files for finding in file["findings"]]
    rows.sort(key=lambda row: STATUSES.index(row[3]) if row[3] in STATUSES else 0)
    counted = Counter(row[3] for row in rows)
    counts = ", ".join(f"{count} {status}" for status, count in sorted(counted.items()))
    return Table(FINDING_COLUMNS, tuple(rows), f"{title}: {counts or 'no findings'}.")


def requests_table(requests: Iterable[Mapping[str, Any]]) -> Table:
    """List a project's requests with their files and, once they are back, the reviewers' comments."""
    rows = tuple(
        (
            str(request["id"]),
            str(request["state"]),
            str(request["author"]),
            str(request["submitted_at"]),
            ", ".join(str(file["name"]) for file in request["files"]),
            str(request["description"]),
            "; ".join(_comment(comment) for comment in request["comments"]),
        )
        for request in requests
    )
    return Table(REQUEST_COLUMNS, rows, f"{len(rows)} request{'' if len(rows) == 1 else 's'}")


def _finding(finding: Mapping[str, Any]) -> tuple[str, str, str, str]:
    return str(finding["check"]), str(finding["risk"]), str(finding["status"]), str(finding["message"])


def _comment(comment: Mapping[str, Any]) -> str:
    return f"{comment['file']}: {comment['text']}" if comment["file"] else str(comment["text"])
