"""How a resource's rules judge an application: facts in, verdicts out. The same while somebody writes and at the end.

Each rule reads what is said so far and says nothing of what is not. A verdict cites its rule, in the resource's own
words where there are some, and says what would change it.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import timedelta

from core.errors import Refused
from core.people.models import Person, Sector
from core.permissions import check_may
from data_catalog.blinding import unblinding
from data_catalog.drugs import UNTREATED, arm_words, comparison_words, drug_words
from data_catalog.errors import FilterRefused
from data_catalog.models import DatasetDeclaration, Purpose, Unblinding
from projects.models import Fee, TableRequest
from projects.resource_rules.errors import OwnRules, RulesSettled
from projects.resource_rules.models import OPEN, Commercial, Facts, ResourceRules, RuleId, Verdict, Weight
from projects.resource_rules.permissions import RULES_CONFIRM

Declarations = Mapping[str, DatasetDeclaration]
"""Dataset → the declaration of the edition that is asked of."""

EXEMPTION = "Two members of the committee can exempt an application from a rule, on record."
PAYS_MOST = (Fee.CONTRACT, Fee.PER_PROJECT, Fee.NONE)


def judge(facts: Facts, rules: ResourceRules, declarations: Declarations) -> tuple[Verdict, ...]:
    """Return what every rule says of what an application says so far, refusals first.

    A rule the application is exempt from tells what it would have refused.
    """
    found = [verdict for rule in _RULES for verdict in rule(facts, rules)]
    found += _variables(facts, rules, declarations)
    exempted = (_exempted(one) if one.rule in facts.exempt else one for one in found)
    return tuple(sorted(exempted, key=lambda one: list(Weight).index(one.weight)))


def check_confirm(proposed_by: str, confirmed_by: str | None, actor: Person) -> None:
    """Refuse to confirm a version of rules twice, by somebody who may not, or by whoever proposed it."""
    check_may(actor, RULES_CONFIRM)
    if confirmed_by is not None:
        raise RulesSettled(f"{confirmed_by} has confirmed this version.", "Look at the newest one.")
    if actor.username == proposed_by:
        raise OwnRules("Nobody confirms rules they proposed.", "Another member of the committee does.")


def can_confirm(proposed_by: str, confirmed_by: str | None, actor: Person) -> bool:
    """Tell whether check_confirm would let this pass."""
    try:
        check_confirm(proposed_by, confirmed_by, actor)
    except Refused:
        return False
    return True


def fee_of(rules: ResourceRules, sectors: Mapping[str, Sector]) -> Fee:
    """Return how a team pays: where sectors are mixed, as the one that pays most; so does one that has no fee here."""
    most = _most(rules.fees.values())
    return _most(rules.fees.get(sector, most) for sector in sectors.values()) if sectors else most


def _most(fees: Iterable[Fee]) -> Fee:
    return min(fees, key=PAYS_MOST.index)


def required_cohort(rules: ResourceRules, purposes: frozenset[Purpose]) -> str:
    """Return the condition that people must meet to be in a cut for these purposes, or nothing."""
    conditions = [rows.cohort for rows in rules.rows if purposes & set(rows.purposes)]
    return " and ".join(f"({one})" for one in conditions) if len(conditions) > 1 else "".join(conditions)


def _exempted(verdict: Verdict) -> Verdict:
    if verdict.weight is Weight.TELLS:
        return verdict
    words = f"Exempted by the committee: {verdict.message}"
    return Verdict(verdict.rule, Weight.TELLS, verdict.field, words, "", verdict.quote)


def _window(facts: Facts, rules: ResourceRules) -> Iterator[Verdict]:
    if facts.is_amendment or not rules.calls or any(call.is_open(facts.at) for call in rules.calls):
        return
    calls = "; ".join(call.words for call in rules.calls)
    message = f"No call of {rules.label} is open. There were or will be: {calls}."
    yield _refusal(rules, RuleId.WINDOW, "", message, f"Apply again when a call opens. {EXEMPTION}")


def _applicant(facts: Facts, rules: ResourceRules) -> Iterator[Verdict]:
    may = ", ".join(rules.applicants)
    for username, sector in (facts.sectors or {}).items():
        recorded = (facts.recorded_sectors or {}).get(username)
        if recorded is not None and recorded is not sector:
            message = f"{username} is recorded here as {recorded}, and the application says {sector}."
            remedy = "Correct the application, or ask operations to correct the record."
            yield _refusal(rules, RuleId.APPLICANT, "team", message, remedy)
        elif sector not in rules.applicants:
            message = f"{username} works in the sector “{sector}”; {rules.label} takes applications of: {may}."
            remedy = f"Apply with a team of these sectors alone. {EXEMPTION}"
            yield _refusal(rules, RuleId.APPLICANT, "team", message, remedy)


def _about_ms(facts: Facts, rules: ResourceRules) -> Iterator[Verdict]:
    if rules.only_about_ms and facts.about_ms is False:
        message = f"The study is said not to be about multiple sclerosis, and {rules.label} is for such studies only."
        yield _refusal(rules, RuleId.ABOUT_MS, "about_ms", message, "Make multiple sclerosis the study's question.")


def _purpose(facts: Facts, rules: ResourceRules) -> Iterator[Verdict]:
    may = "; ".join(rules.purposes)
    for purpose in sorted(facts.purposes) if rules.purposes else ():
        if purpose not in rules.purposes:
            message = f"“{purpose}” is no purpose of {rules.label}."
            yield _refusal(rules, RuleId.PURPOSE, "purposes", message, f"Choose among: {may}.")
    if facts.purposes and rules.one_purpose_of and not facts.purposes & set(rules.one_purpose_of):
        needed = " or ".join(rules.one_purpose_of)
        message = f"The purposes lack one of: {needed}."
        yield _refusal(rules, RuleId.PURPOSE, "purposes", message, f"Say whether it is {needed}.")


def _drug_comparison(facts: Facts, rules: ResourceRules) -> Iterator[Verdict]:
    if not rules.forbids_drug_comparison:
        return
    if facts.compares_drugs:
        message = f"The study compares drugs with each other, which {rules.label} is not for."
        remedy = "Take the comparison out of the study, simulations and models included."
        yield _refusal(rules, RuleId.DRUG_COMPARISON, "compares_drugs", message, remedy)
        return
    for field, text in (facts.texts or {}).items():
        drugs, comparisons = drug_words(text), comparison_words(text)
        if len(drugs) > 1 or (comparisons and (drugs or _is_of_treatments(text))):
            seen = ", ".join((*drugs, *comparisons))
            message = f"This reads like a comparison of drugs ({seen})."
            remedy = "Answer below the study why it is none, or write it without the comparison."
            yield _question(facts, rules, RuleId.DRUG_COMPARISON, field, message, remedy)


def _is_of_treatments(text: str) -> bool:
    """Tell whether a text is of treatments or of arms that had one; of those who had none alone, it is not."""
    words = _WITHOUT.sub(" ", text.casefold())
    return bool(_TREATMENTS.search(words)) or not UNTREATED.issuperset(arm_words(words))


_TREATMENT = r"(?:drugs?|treatments?|therap(?:y|ies)|dmts?|medications?)"
_WITHOUT = re.compile(rf"\b(?:no|without|before) (?:any )?(?:\w+ )?{_TREATMENT}\b|\buntreated\b")
_TREATMENTS = re.compile(rf"\b(?:{_TREATMENT}|treated|active arms)\b")


def _commercial(facts: Facts, rules: ResourceRules) -> Iterator[Verdict]:
    if not facts.commercial or rules.commercial is Commercial.ALLOWED:
        return
    if rules.commercial is Commercial.FORBIDDEN:
        message, remedy = f"{rules.label} is not for commercial use.", "Apply for a use that is not commercial."
    else:
        message = f"Commercial use of {rules.label} needs authorisation before you apply."
        remedy = "Ask the committee for it here; two members record it, and the additional agreement is then asked for."
    yield _refusal(rules, RuleId.COMMERCIAL, "commercial", message, remedy)


def _rows(facts: Facts, rules: ResourceRules) -> Iterator[Verdict]:
    for rows in rules.rows:
        if facts.purposes & set(rows.purposes):
            message = f"Your cut will hold only people where {rows.cohort}: {rows.words}."
            yield _word(rules, RuleId.ROWS, Weight.TELLS, "purposes", message, "")


def _term(facts: Facts, rules: ResourceRules) -> Iterator[Verdict]:
    if facts.starts is None or facts.ends is None:
        return
    first = max(facts.starts, facts.at.date()) if facts.is_amendment else facts.starts
    if facts.ends - first >= timedelta(days=rules.longest_days):
        message = f"From {first} through {facts.ends} is longer than {rules.longest_days} days."
        latest = first + timedelta(days=rules.longest_days - 1)
        yield _refusal(
            rules, RuleId.TERM, "ends", message, f"End it on {latest} or earlier; more time is an amendment."
        )


def _contract(facts: Facts, rules: ResourceRules) -> Iterator[Verdict]:
    sectors = facts.sectors or {}
    if not sectors or fee_of(rules, sectors) is not Fee.CONTRACT:
        return
    if facts.contract is None or facts.contract.resource != rules.resource:
        who = sorted({f"“{sector}”" for sector in sectors.values() if fee_of(rules, {"": sector}) is Fee.CONTRACT})
        message = f"The sector {' and '.join(who)} works under a contract with {rules.label}, and none is named."
        remedy = "Name your organisation's contract; operations draw one up where there is none."
        yield _refusal(rules, RuleId.CONTRACT, "contract", message, remedy)
    elif facts.contract.organisation and facts.contract.organisation not in facts.organisations:
        message = (
            f"Contract {facts.contract.id} is of {facts.contract.organisation}, and nobody of the team works there."
        )
        yield _refusal(rules, RuleId.CONTRACT, "contract", message, "Name the contract of the team's own organisation.")
    elif not facts.contract.starts <= facts.at.date() <= facts.contract.ends:
        message = f"Contract {facts.contract.id} runs from {facts.contract.starts} through {facts.contract.ends}."
        yield _refusal(rules, RuleId.CONTRACT, "contract", message, "Apply while it runs, or renew it.")
    elif facts.ends and facts.ends > facts.contract.ends:
        message = f"Contract {facts.contract.id} ends on {facts.contract.ends}, before the study: all stops that day."
        yield _word(rules, RuleId.CONTRACT, Weight.TELLS, "ends", message, "A renewal is a new contract.")


def _ethics(facts: Facts, rules: ResourceRules) -> Iterator[Verdict]:
    if not rules.needs_ethics or facts.starts is None:
        return
    if facts.ethics is None:
        message = f"{rules.label} asks for an ethics approval, and none is named."
        yield _refusal(rules, RuleId.ETHICS, "ethics", message, "Give its reference and the last day it is valid.")
    elif facts.ethics.through < max(facts.starts, facts.at.date()):
        message = f"The ethics approval {facts.ethics.reference} ended on {facts.ethics.through}."
        yield _refusal(rules, RuleId.ETHICS, "ethics", message, "Have it renewed, and give its new last day.")


def _variables(facts: Facts, rules: ResourceRules, declarations: Declarations) -> Iterator[Verdict]:
    for dataset_id, tables in (facts.tables or {}).items():
        declaration = declarations.get(dataset_id)
        foreign = declaration is not None and (declaration.resource or OPEN) != rules.resource
        if foreign or rules.body_of(dataset_id) is None:
            message = f"{dataset_id} is no dataset of {rules.label}."
            remedy = "Choose among its own; another resource takes an application of its own."
            yield _refusal(rules, RuleId.VARIABLES, "datasets", message, remedy)
        elif declaration is not None:
            yield from _for_purposes(facts, rules, declaration, tables)
            yield from _treatments(facts, rules, declaration, tables)


def _for_purposes(
    facts: Facts, rules: ResourceRules, declaration: DatasetDeclaration, tables: Mapping[str, TableRequest]
) -> Iterator[Verdict]:
    for table_id, asked in tables.items():
        table = declaration.table(table_id)
        for variable in (table.variable(name) for name in asked.variables) if table else ():
            if variable is None:
                continue
            name, field = f"{declaration.id}.{table_id}.{variable.name}", f"datasets.{declaration.id}.{table_id}"
            if f"{table_id}.{variable.name}" in rules.never_given:
                message = f"{name} is given to nobody by {rules.label}."
                yield _refusal(rules, RuleId.VARIABLES, field, message, "Leave it out.")
            elif variable.purposes and facts.purposes and not facts.purposes & set(variable.purposes):
                message = f"{name} is not for “{'”, “'.join(sorted(facts.purposes))}”."
                remedy = f"It is for: {'; '.join(variable.purposes)}."
                yield _refusal(rules, RuleId.VARIABLES, field, message, remedy)


def _treatments(
    facts: Facts, rules: ResourceRules, declaration: DatasetDeclaration, tables: Mapping[str, TableRequest]
) -> Iterator[Verdict]:
    """Refuse what names a treatment, and ask about what hints at one, whether it is seen or selected by."""
    if not rules.forbids_drug_comparison:
        return
    try:
        tellings = unblinding(declaration, tables)
    except FilterRefused:  # said where the request itself is checked
        return
    for telling in tellings:
        field = f"datasets.{declaration.id}.{telling.asked_table}"
        name = f"{declaration.id}.{telling.full_name}"
        how = f"{name}, in the {telling.way} of {telling.asked_table}," if telling.way != "variable" else name
        if telling.unblinds is Unblinding.TREATMENT:
            message = f"{how} names the treatment, which is given to nobody. {telling.because}"
            remedy = "Leave it out; patient.arm tells treated from untreated, without names."
            yield _refusal(rules, RuleId.DRUG_COMPARISON, field, message, remedy)
        else:
            message = f"{how} may tell which treatment somebody had. {telling.because}"
            remedy = "Answer below the study what it is needed for, or leave it out."
            yield _question(facts, rules, RuleId.DRUG_COMPARISON, field, message, remedy)


def _refusal(rules: ResourceRules, rule: RuleId, field: str, message: str, remedy: str) -> Verdict:
    return _word(rules, rule, Weight.REFUSES, field, message, remedy)


def _question(facts: Facts, rules: ResourceRules, rule: RuleId, field: str, message: str, remedy: str) -> Verdict:
    answered = bool((facts.answers or {}).get(rule, "").strip())
    return Verdict(rule, Weight.ASKS, field, message, remedy, rules.said_of(rule), answered)


def _word(rules: ResourceRules, rule: RuleId, weight: Weight, field: str, message: str, remedy: str) -> Verdict:
    return Verdict(rule, weight, field, message, remedy, rules.said_of(rule))


_RULES: tuple[Callable[[Facts, ResourceRules], Iterator[Verdict]], ...] = (
    _window,
    _applicant,
    _about_ms,
    _purpose,
    _drug_comparison,
    _commercial,
    _rows,
    _term,
    _contract,
    _ethics,
)
