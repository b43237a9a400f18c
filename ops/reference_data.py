"""The reference pages about data: the common data model and the indicators of data quality."""

from collections.abc import Iterator

from data_catalog.cdm import CDM_VERSION, cdm_tables
from data_catalog.models import Purpose, Table, Variable
from data_catalog.quality.models import STATUS_WORDS, Axis
from data_catalog.quality.rules import Measure, Rule, approvals, rule_book

MS_CIDR = frozenset(
    {Purpose.NATURAL_HISTORY, Purpose.IMAGING_AND_OUTCOMES, Purpose.OUTCOME_MEASUREMENT, Purpose.SIMULATION}
)
"""The purposes of MS CIDR; the other purposes are those of BMSD."""


def model_page() -> str:
    """Return the page of the common data model."""
    tables = cdm_tables()
    lines = [
        f"# The common data model, version {CDM_VERSION}",
        "",
        f"{len(tables)} tables with {sum(len(table.variables) for table in tables)} variables, declared in "
        "`data_catalog/cdm/`, one TOML file per table. **M** marks the minimum dataset. Purposes are those of "
        "MS CIDR (natural history, imaging, outcomes, simulation), those of BMSD (retrospective, prospective, "
        "safety), or named. A variable that unblinds names the treatment somebody had (treatment), or may tell it "
        "(hint). A date is kept as the first day the source can mean, and its precision beside it.",
    ]
    return "\n".join([*lines, *(line for table in tables for line in _table(table))]) + "\n"


def _table(table: Table) -> Iterator[str]:
    yield from ("", f"## `{table.name}`", "", f"{table.label}. {table.description}")
    if table.unique:
        yield from ("", f"Unique: {', '.join(f'`{name}`' for name in table.unique)}.")
    yield from (
        "",
        "| variable | type | values | what it is | defined by | sensitivity | purposes |",
        "|---|---|---|---|---|---|---|",
    )
    yield from (_variable(variable) for variable in table.variables)


def _variable(variable: Variable) -> str:
    cells = (
        f"`{variable.name}`{' **M**' if variable.minimum_dataset else ''}",
        f"{variable.type}{f', {variable.unit}' if variable.unit else ''}",
        _values(variable) + ("" if variable.may_be_missing else "; never missing"),
        ". ".join(text.rstrip(".") for text in (variable.label, variable.description, _unblinds(variable)) if text),
        variable.definition,
        str(variable.sensitivity),
        _purposes(frozenset(variable.purposes)),
    )
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _unblinds(variable: Variable) -> str:
    return f"**Unblinds** ({variable.unblinds}): {variable.unblinds_in_words}" if variable.unblinds else ""


def _values(variable: Variable) -> str:
    if variable.codes:
        return ", ".join(f"`{code}`" for code in variable.codes)
    if variable.pattern:
        return f"`{variable.pattern}`"
    low, high = variable.minimum, variable.maximum
    limits = f"{low} to {high}" if high is not None else f"from {low}" if low is not None else "any"
    step = f" by {variable.step}" if variable.step else ""
    never = f", never {', '.join(map(str, variable.never))}" if variable.never else ""
    return f"{limits}{step}{never}"


def _purposes(purposes: frozenset[Purpose]) -> str:
    bmsd = frozenset(Purpose) - MS_CIDR
    named = sorted(purposes - (MS_CIDR if purposes >= MS_CIDR else set()) - (bmsd if purposes >= bmsd else set()))
    groups = [name for name, group in (("MS CIDR", MS_CIDR), ("BMSD", bmsd)) if purposes >= group]
    return ", ".join([*groups, *named])


def quality_page() -> str:
    """Return the page of the indicators of data quality."""
    book = rule_book()
    lines = ["# Indicators of data quality", "", "| status | meaning |", "|---|---|"]
    lines += [f"| `{status}` | {words} |" for status, words in STATUS_WORDS.items()]
    for axis in Axis:
        rules: list[Rule | Measure] = [one for one in book.rules if one.axis is axis]
        rules += [one for one in book.measures if one.axis is axis]
        lines += ["", f"## {axis.capitalize()}", "", "| indicator | what should hold | needs | look | from |"]
        lines += ["|---|---|---|---|---|", *(_rule(rule) for rule in rules)]
        lines += [_declared(name) for name, declared in book.registry.items() if declared.axis is axis]
    least = book.completeness.minimum_dataset_at_least
    lines += ["", "## Every variable", ""]
    lines.append(f"The share of rows with a value is given; under {least:.0%} for the minimum dataset is looked at.")
    lines += ["", "| variable | counted among rows where |", "|---|---|"]
    lines += [f"| `{name}` | `{rows}` |" for name, rows in book.completeness.among.items()]
    lines += [f"| `{name}` | not judged |" for name in sorted(book.completeness.unjudged)]
    lines += ["", "## First approvals", "", "| drug | year |", "|---|---:|"]
    lines += [f"| {drug} | {year} |" for drug, year in approvals().items()]
    return "\n".join(lines) + "\n"


def _rule(rule: Rule | Measure) -> str:
    needs = ", ".join(f"`{name}`" for name in rule.needs)
    if isinstance(rule, Rule):
        limit = f"above {rule.look_above:.1%}"
    else:
        low, high = rule.expected
        limit = f"outside {low:.0%} to {high:.0%}" if rule.share else f"outside {low:g} to {high:g}"
    return f"| `{rule.id}` | {rule.label} | {needs} | {limit} | {rule.basis or 'Myelin'} |"


def _declared(name: str) -> str:
    declared = rule_book().registry[name]
    return f"| `{name}` | {declared.label} | `patient.patient_id` | off by {declared.tolerance:.0%} | the registry |"
