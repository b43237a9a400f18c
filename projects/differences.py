"""What differs between two approvals, fact by fact, in words that everybody who judges or works with it reads alike."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from projects.models import ApprovedTable


@dataclass(frozen=True)
class Difference:
    """One fact about a table as it is and as it would be; an empty text where the table has no such fact."""

    table: str
    what: str
    before: str
    after: str

    @property
    def words(self) -> str:
        """What is done to the fact."""
        if not self.before:
            return f"added: {self.after}"
        return f"{self.before} → {self.after}" if self.after else f"removed (was {self.before})"


def differences(before: Sequence[ApprovedTable], after: Sequence[ApprovedTable]) -> tuple[Difference, ...]:
    """Return every fact in which two approvals differ, table by table; none where they let the same be seen."""
    old, new = ({f"{table.dataset_id}.{table.table_id}": table for table in tables} for tables in (before, after))
    return tuple(found for name in sorted({*old, *new}) for found in _of_table(name, old.get(name), new.get(name)))


def _of_table(name: str, before: ApprovedTable | None, after: ApprovedTable | None) -> Iterator[Difference]:
    old, new = (_facts(table) if table else {} for table in (before, after))
    for what in dict.fromkeys([*old, *new]):
        if old.get(what, "") != new.get(what, ""):
            yield Difference(name, what, old.get(what, ""), new.get(what, ""))


def _facts(table: ApprovedTable) -> dict[str, str]:
    rules = table.rules
    return {
        "edition": str(table.edition),
        "rows": _where(table.row_filter),
        "people": _where(table.cohort),
        "scans": table.scan_kinds.words if table.scan_kinds else "none",
        **{f"variable {name}": rules[name].words if name in rules else "as it is" for name in table.variables},
    }


def _where(condition: str) -> str:
    return f"where {condition}" if condition else "all"
