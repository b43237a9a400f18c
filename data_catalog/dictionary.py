"""The dictionary: what each variable is, and finding one by words."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from data_catalog.editions import Edition
from data_catalog.filter import variables_of
from data_catalog.generalisation import Rules, described, filter_notes
from data_catalog.imaging.names import ScanKinds
from data_catalog.models import EndpointReference, Table, Variable


@dataclass(frozen=True)
class DictionaryTable:
    """One table of an edition as the dictionary shows it: all its variables, or those somebody was approved for."""

    dataset: str
    edition: int
    synthetic: bool
    name: str
    label: str
    variables: tuple[Variable, ...]
    endpoint: EndpointReference | None = None
    row_filter: str = ""
    cohort: str = ""
    notes: tuple[str, ...] = ()
    """What the committee should know of the filter."""
    scans: ScanKinds | None = None
    """The scans that go along with its rows."""

    def where(self, row_filter: str, cohort: str = "", scans: ScanKinds | None = None) -> "DictionaryTable":
        """Return the same table, of which only the rows of a filter and of a cohort's people are seen, with scans."""
        return replace(self, row_filter=row_filter, cohort=cohort, scans=scans)

    def generalised(self, table: Table, rules: Rules) -> "DictionaryTable":
        """Return the same table with its variables as coarse as the rules make them."""
        notes = filter_notes(table, variables_of(self.row_filter, table), rules)
        return replace(self, variables=tuple(described(v, rules) for v in self.variables), notes=tuple(notes))


def dictionary_tables(
    edition: Edition, approved: Mapping[str, Collection[str]] | None = None
) -> tuple[DictionaryTable, ...]:
    """Return an edition's tables; with `approved` (table → variable names), only those tables and variables."""
    return tuple(
        DictionaryTable(
            edition.dataset,
            edition.number,
            edition.synthetic,
            table.name,
            table.label,
            tuple(_in_order(v) for v in table.variables if approved is None or v.name in approved[table.name]),
            table.endpoint,
        )
        for table in edition.declaration.tables
        if approved is None or table.name in approved
    )


def search(tables: Sequence[DictionaryTable], words: str) -> tuple[DictionaryTable, ...]:
    """Keep the variables that every one of these words is said of, and the tables that have such variables."""
    wanted = words.casefold().split()
    found = (replace(table, variables=tuple(v for v in table.variables if _says(v, wanted))) for table in tables)
    return tuple(table for table in found if table.variables)


def _in_order(variable: Variable) -> Variable:
    """Put number codes in the order of numbers: a kept declaration has them in the order of text."""
    if not variable.has_number_codes:
        return variable
    return variable.model_copy(update={"codes": dict(sorted(variable.codes.items(), key=lambda code: int(code[0])))})


def _says(variable: Variable, words: Sequence[str]) -> bool:
    texts = (
        variable.name,
        variable.label,
        variable.description,
        variable.definition,
        variable.unit,
        *variable.codes,
        *variable.codes.values(),
    )
    said = "\n".join(texts).casefold()
    return all(word in said for word in words)
