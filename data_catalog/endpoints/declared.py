"""The tables endpoints are given as: what each column is, for the dictionary, the application and the cut."""

from data_catalog.endpoints.models import EndpointDefinition, SafetyDefinition, TreatmentDefinition
from data_catalog.models import Purpose, Sensitivity, Table, Unblinding, Variable, VariableType

NOT_ASSESSABLE = "not_assessable"

_YES_NO = {"yes": "it happened", "no": "it did not happen while watched", NOT_ASSESSABLE: "the records can not tell"}
_ON_DRUGS = (Purpose.RETROSPECTIVE, Purpose.PROSPECTIVE, Purpose.SAFETY)
"""What tells drugs apart serves these purposes only: one of the two resources forbids to compare drugs."""

_MANY_ROWS = {"treatment": ("drug",), "safety": ("drug",), "worsening_events": ("number",), "pira_events": ("number",)}
"""What tells the rows of a person apart where an endpoint has several."""


def as_declared_table(definition: EndpointDefinition) -> Table:
    """Return the declaration of an endpoint's table, which says what the endpoint is."""
    purposes = _ON_DRUGS if isinstance(definition, TreatmentDefinition | SafetyDefinition) else ()
    variables = (variable.model_copy(update={"purposes": purposes}) for variable in _VARIABLES[definition.kind])
    return Table(
        name=definition.reference.table,
        label=definition.label,
        description=definition.description,
        person=_PATIENT.name,
        unique=(_PATIENT.name, *_MANY_ROWS.get(definition.kind, ())),
        endpoint=definition.reference,
        variables=(_PATIENT, *variables),
    )


def _days(name: str, label: str) -> Variable:
    return _number(name, label, VariableType.INTEGER, "days", None)


def _count(name: str, label: str) -> Variable:
    return _number(name, label, VariableType.INTEGER, "", 0)


def _number(name: str, label: str, kind: VariableType, unit: str, minimum: int | None) -> Variable:
    return Variable(
        name=name,
        label=label,
        type=kind,
        unit=unit,
        minimum=minimum,
        sensitivity=Sensitivity.SENSITIVE,
        may_be_missing=True,
    )


def _code(name: str, label: str, codes: dict[str, str]) -> Variable:
    return Variable(name=name, label=label, type=VariableType.CODE, sensitivity=Sensitivity.SENSITIVE, codes=codes)


def _edss(name: str, label: str) -> Variable:
    return Variable(
        name=name,
        label=label,
        type=VariableType.DECIMAL,
        unit="EDSS points",
        sensitivity=Sensitivity.SENSITIVE,
        minimum=0,
        maximum=10,
        step=0.5,
        never=(0.5,),
        may_be_missing=True,
    )


_PATIENT = Variable(
    name="patient_id", label="Patient", type=VariableType.IDENTIFIER, sensitivity=Sensitivity.IDENTIFIER
)

_FOLLOW_UP = _days("followup_days", "From the first visit to the last: where people without the event are censored")
_VISITS = (
    _count("visits_used", "Visits with a known day and a score"),
    _count("visits_not_used", "Visits left out: the day is not known, or the score is missing"),
)
_WHEN = (
    _days("event_days", "From the first visit to the event"),
    _days("confirmed_days", "From the first visit to the visit that confirms it"),
    _edss("event_edss", "EDSS at the event"),
    _days(
        "baseline_days",
        "From the first visit to the baseline the event is measured from, or else to the first baseline",
    ),
    _edss("baseline_edss", "EDSS at that baseline"),
)
_EVENT = (
    _code("event", "Whether the event happened and was confirmed", _YES_NO),
    *_WHEN,
    _FOLLOW_UP,
    *_VISITS,
)
_EVERY_EVENT = (_count("number", "Which of the person's events it is, from 1"), *_WHEN, _FOLLOW_UP)
_TREATMENT = (
    Variable(
        name="drug",
        label="Drug (INN, lower case)",
        type=VariableType.TEXT,
        sensitivity=Sensitivity.SENSITIVE,
        unblinds=Unblinding.TREATMENT,
        unblinds_because="It is the drug's name.",
    ),
    _count("episodes", "Episodes on the drug, those that meet counted once"),
    _count("episodes_not_used", "Episodes left out: dates missing, not precise enough, or the wrong way round"),
    _days("treated_days", "Days on the drug"),
    _number("person_years", "Years on the drug: days divided by 365.25", VariableType.DECIMAL, "years", 0),
)
_VARIABLES: dict[str, tuple[Variable, ...]] = {
    "worsening": _EVENT,
    "pira": _EVENT,
    "worsening_events": _EVERY_EVENT,
    "pira_events": _EVERY_EVENT,
    "milestone": _EVENT,
    "relapse_rate": (
        _count("relapses", "Relapses after the first visit and up to the last"),
        _count("relapses_not_used", "Relapses left out: the date is not precise enough"),
        _days("observed_days", "From the first visit with a known day to the last"),
        _number("person_years", "The same in years: days divided by 365.25", VariableType.DECIMAL, "years", 0),
        _number("annualised_rate", "Relapses divided by years", VariableType.DECIMAL, "a year", 0),
    ),
    "neda": (
        _code("neda", "Whether there was no activity up to the horizon", _YES_NO),
        _code("relapse", "A relapse", _YES_NO),
        _code("worsening", "A confirmed worsening", _YES_NO),
        _code("mri_activity", "New activity on MRI", _YES_NO),
        _days("first_activity_days", "From the first visit to the first activity of any kind"),
        _count("scans_used", "Scans that could tell there was no activity"),
        _FOLLOW_UP,
        *_VISITS,
    ),
    "conversion": (
        _code("event", "Whether a conversion was recorded", _YES_NO),
        _days("event_days", "From the first visit to the conversion; before the first visit it is negative"),
        Variable(
            name="event_precision",
            label="How precise the date of the conversion is",
            type=VariableType.CODE,
            sensitivity=Sensitivity.ORDINARY,
            codes={"day": "the day is known", "month": "the month is known", "year": "only the year is known"},
            may_be_missing=True,
        ),
        _FOLLOW_UP,
    ),
    "treatment": _TREATMENT,
    "safety": (
        *_TREATMENT,
        _count("serious_events", "Serious adverse events in that time"),
        _count("events_not_used", "The person's serious adverse events left out: the date is not precise enough"),
    ),
}
