"""A resource's rules in words that everybody reads alike."""

from dataclasses import dataclass

from data_catalog.models import Purpose
from projects.models import Fee
from projects.resource_rules.models import EVERY, Body, Call, Commercial, ResourceRules, RuleId

FEES = {Fee.NONE: "nothing", Fee.PER_PROJECT: "a fee for each project", Fee.CONTRACT: "under a contract"}

COMMERCIAL = {
    Commercial.AUTHORISED: "Commercial use takes the authorisation of two members of the committee, and an agreement.",
    Commercial.FORBIDDEN: "Commercial use is not allowed.",
}


@dataclass(frozen=True)
class Topic:
    """What rules say on one topic, line by line, and the resource's own words on it where there are some."""

    title: str
    lines: tuple[str, ...]
    quotes: tuple[str, ...] = ()


def in_words(rules: ResourceRules) -> tuple[Topic, ...]:
    """Return everything a resource's rules say, topic by topic, made from the file and nothing else."""
    return (
        _topic(rules, "When to apply", _calls(rules), RuleId.WINDOW),
        _topic(
            rules,
            "Who may apply",
            (f"Teams of people who work in these sectors: {', '.join(rules.applicants)}.",),
            RuleId.APPLICANT,
        ),
        _topic(rules, "What for", _purposes(rules), RuleId.PURPOSE),
        _topic(
            rules,
            "What is not allowed",
            _forbidden(rules),
            RuleId.ABOUT_MS,
            RuleId.DRUG_COMPARISON,
            RuleId.COMMERCIAL,
        ),
        _topic(rules, "What is given", _data(rules), RuleId.VARIABLES, RuleId.ROWS),
        _topic(rules, "What it costs", _costs(rules), RuleId.CONTRACT),
        _topic(rules, "What is signed and learned", _asked(rules), RuleId.ETHICS),
        _topic(rules, "What is published", _published(rules)),
        _topic(rules, "Who decides", tuple(_body(body, rules) for body in rules.bodies)),
        _topic(rules, "How long it takes", _clocks(rules), RuleId.TERM),
    )


def _topic(rules: ResourceRules, title: str, lines: tuple[str, ...], *cited: RuleId) -> Topic:
    return Topic(title, lines, tuple(quote for rule in cited if (quote := rules.said_of(rule))))


def _calls(rules: ResourceRules) -> tuple[str, ...]:
    return tuple(map(_call, rules.calls)) or ("Applications are accepted at any time.",)


def _call(call: Call) -> str:
    return f"{call.words}, both days included{' (invented for the demo)' if call.invented else ''}"


def _purposes(rules: ResourceRules) -> tuple[str, ...]:
    any_purpose = len(rules.purposes) in (0, len(Purpose))
    said = ["Any purpose the data are for."] if any_purpose else [f"{_listed(rules.purposes)}."]
    if rules.one_purpose_of:
        said.append(f"One of them is {' or '.join(rules.one_purpose_of)}.")
    return tuple(said)


def _forbidden(rules: ResourceRules) -> tuple[str, ...]:
    said = ["Studies that are not about multiple sclerosis are refused."] if rules.only_about_ms else []
    if rules.forbids_drug_comparison:
        said.append("Drugs are not compared with each other, nor in simulations and models.")
    if rules.commercial is not Commercial.ALLOWED:
        said.append(COMMERCIAL[rules.commercial])
    return tuple(said) or ("The resource rules nothing out.",)


def _data(rules: ResourceRules) -> tuple[str, ...]:
    said = ["What is given is decided variable by variable."]
    if rules.never_given:
        said.append(f"Given to nobody: {', '.join(rules.never_given)}.")
    for rows in rules.rows:
        said.append(f"For {_listed(rows.purposes)}, a cut holds only people where {rows.cohort}: {rows.words}.")
    return tuple(said)


def _costs(rules: ResourceRules) -> tuple[str, ...]:
    return tuple(f"{sector.capitalize()}: {FEES[rules.fees[sector]]}." for sector in rules.applicants)


def _asked(rules: ResourceRules) -> tuple[str, ...]:
    people = rules.people
    said = ["A data use agreement, before anything is seen."] if rules.data_use_agreement else []
    if rules.needs_ethics:
        said.append("An ethics approval that is valid while the study runs.")
    if people.courses:
        said.append(f"Courses, by everybody in the team: {_listed(people.courses)}.")
    if people.declarations:
        titles = _listed([f"{one.title} (every {one.days} days)" for one in people.declarations])
        said.append(f"Declarations, by everybody in the team: {titles}.")
    if people.second_factor:
        said.append("A second factor at every sign-in.")
    return tuple(said) or ("Nothing beside the application.",)


def _published(rules: ResourceRules) -> tuple[str, ...]:
    teams = rules.teams
    said = [f"Publications say: “{teams.acknowledgement}”"] if teams.acknowledgement else []
    if teams.citation:
        said.append(f"They cite: {teams.citation}")
    if teams.shown_days_before:
        said.append(f"A manuscript is shown to the resource {teams.shown_days_before} days before it is submitted.")
    if teams.summary_days_after:
        said.append(f"What is published is summed up in plain words within {teams.summary_days_after} days.")
    if teams.annual_report:
        said.append("Each year the team reports what came of the project.")
    if teams.remind_after_days:
        days = _listed([str(day) for day in teams.remind_after_days])
        said.append(f"It reports again {days} days after the project ends.")
    return tuple(said) or ("The resource asks for nothing when results are published.",)


def _body(body: Body, rules: ResourceRules) -> str:
    datasets = f"every dataset of {rules.label}" if EVERY in body.datasets else _listed(body.datasets)
    members = "member" if body.quorum == 1 else "members"
    return f"{body.name} decides on {datasets}: at least {body.quorum} {members} vote, and more than half decide."


def _clocks(rules: ResourceRules) -> tuple[str, ...]:
    clocks = rules.clocks
    return (
        f"The committee decides within {clocks.review} days.",
        f"What it returns is changed within {clocks.changes} days.",
        f"Against a decline there is one appeal, within {clocks.appeal} days.",
        f"A project runs for {rules.longest_days} days at most.",
    )


def _listed(words: tuple[str, ...] | list[str]) -> str:
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last
