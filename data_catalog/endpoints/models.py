"""What an endpoint is: an id, a version, its sources, and every parameter that makes its numbers.

No parameter has a default: a definition that leaves one out is refused, so that what was computed can be read off it.
"""

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from data_catalog.models import EndpointReference, Line, Name

UNLIMITED = "unlimited"

Days = Annotated[int, Field(ge=0, le=36_525)]
DaysOrUnlimited = Days | Literal["unlimited"]
EdssPoints = Annotated[float, Field(ge=0, le=10, multiple_of=0.5, strict=False)]
Precision = Literal["day", "month", "year"]
Lesions = Literal["t1_gd_lesions", "t2_new_lesions"]


class Baseline(StrEnum):
    """Which confirmed changes move the baseline, and so what worsening is measured from."""

    FIXED = "fixed"
    ROVING = "roving"
    ROVING_IMPROVEMENT = "roving_improvement"
    ROVING_WORSENING = "roving_worsening"

    @property
    def follows_improvement(self) -> bool:
        """Whether a confirmed improvement becomes the new baseline."""
        return self in (Baseline.ROVING, Baseline.ROVING_IMPROVEMENT)

    @property
    def follows_worsening(self) -> bool:
        """Whether a confirmed worsening that is not the event looked for becomes the new baseline."""
        return self in (Baseline.ROVING, Baseline.ROVING_WORSENING)


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


class Confirmed(_Strict):
    """What makes a score count: seen again, at every visit up to a confirming one, away from relapses."""

    confirmation_days: Annotated[int, Field(ge=1, le=3653)]
    confirmation_days_before: Days = Field(description="how much earlier than that a visit may confirm")
    confirmation_days_after: DaysOrUnlimited = Field(description="how much later than that a visit may confirm")
    sustained_days: DaysOrUnlimited = Field(description="kept at every visit for so long, or to the last visit; 0: no")
    relapse_days_before_event: Days = Field(description="a visit so soon after a relapse is no event")
    relapse_days_before_confirmation: Days = Field(description="a visit so soon after a relapse confirms nothing")

    @model_validator(mode="after")
    def _confirms_later(self) -> Self:
        if self.confirmation_days_before >= self.confirmation_days:
            raise ValueError("confirmation_days_before must leave at least a day before confirmation")
        return self


class WorseningParameters(Confirmed):
    """Confirmed disability worsening: a rise of EDSS from a baseline by a step that depends on the baseline."""

    step_from_zero: EdssPoints = Field(description="the rise that counts from EDSS 0")
    step: EdssPoints = Field(description="the rise that counts from EDSS 1.0 and more")
    half_step: EdssPoints = Field(description="the rise that counts from the cut-off and more")
    half_step_from: EdssPoints = Field(description="the cut-off: the lowest baseline for which the smaller rise counts")
    baseline: Baseline = Field(strict=False, description="fixed, or moved after confirmed changes")
    baseline_moves_to: Literal["confirmation", "event"]
    relapse_days_before_baseline: Days = Field(description="a visit so soon after a relapse is no baseline")

    @model_validator(mode="after")
    def _steps_rise(self) -> Self:
        if min(self.step_from_zero, self.step, self.half_step) <= 0:
            raise ValueError("a step must be more than 0")
        return self


class PiraParameters(WorseningParameters):
    """Progression independent of relapse activity: confirmed worsening with no relapse near event and confirmation."""

    relapse_free_before_event: Days
    relapse_free_after_event: Days
    relapse_free_before_confirmation: Days
    relapse_free_after_confirmation: Days
    relapse_free_from_baseline: bool = Field(description="no relapse between baseline and event either")
    rebaseline_after_relapse: bool = Field(description="the first visit after a relapse becomes the baseline")


class MilestoneParameters(Confirmed):
    """Time to a confirmed EDSS of at least so much."""

    edss: EdssPoints


class RelapseRateParameters(_Strict):
    """Relapses and the time in which they were seen; the model of rates is the analyst's."""

    observed_from: Literal["first_visit"]
    observed_to: Literal["last_visit"]
    relapse_precision: tuple[Precision, ...] = Field(strict=False, description="how precise a relapse's date must be")
    days_between_relapses: Days = Field(description="a relapse recorded sooner after the one before it is the same one")


class NedaParameters(_Strict):
    """No evidence of disease activity: no relapse, no confirmed worsening, no new activity on MRI."""

    horizon_days: Annotated[int, Field(ge=1, le=36_525)]
    last_visit_days_before: Days = Field(description="the last visit may be so much before the horizon")
    last_mri_days_before: Days = Field(description="the last scan may be so much before the horizon")
    mri_from_days: Days = Field(description="scans count from so long after the first visit: re-baselining")
    mri_region: Literal["brain", "spinal_cord"]
    mri_activity: tuple[Lesions, ...] = Field(min_length=1, strict=False, description="any of these is activity")
    mri_free_needs: tuple[Lesions, ...] = Field(
        min_length=1, strict=False, description="what a scan must have counted to tell that there was no activity"
    )
    worsening: WorseningParameters


class ConversionParameters(_Strict):
    """Conversion to secondary progressive MS as the source recorded it."""

    at_risk_courses: tuple[Line, ...] = Field(
        strict=False, description="latest courses of people who can have converted"
    )
    date_precision: tuple[Precision, ...] = Field(strict=False, description="how precise the date must be for a time")


class TreatmentParameters(_Strict):
    """Time on a drug: episodes from start to stop, put together where they meet."""

    kinds: tuple[Line, ...] = Field(strict=False)
    date_precision: tuple[Precision, ...] = Field(strict=False, description="how precise start and stop must be")
    open_until: Literal["last_visit"] = Field(description="where an episode without a stop ends, or at death before")
    lag_days: Days = Field(description="time on the drug begins so long after the start")
    carry_over_days: Days = Field(description="time on the drug goes on so long after the stop")
    carry_over_until: Literal["last_visit"] = Field(description="but no longer than people were watched")


class SafetyParameters(TreatmentParameters):
    """Serious adverse events in the time on a drug."""

    not_serious: tuple[Line, ...] = Field(strict=False, description="codes of seriousness that do not count")
    event_precision: tuple[Precision, ...] = Field(strict=False, description="how precise an event's date must be")


class _Definition(_Strict):
    id: Annotated[Name, Field(max_length=40)]
    version: Annotated[int, Field(ge=1)]
    label: Line
    description: Annotated[str, Field(min_length=1, max_length=1500)]
    sources: tuple[Line, ...] = Field(min_length=1, strict=False)

    @property
    def reference(self) -> EndpointReference:
        """What its table says of it, in an edition and in a cut."""
        return EndpointReference.model_validate(
            self.model_dump(mode="json", include={"id", "version", "kind", "parameters"})
        )


class WorseningDefinition(_Definition):
    kind: Literal["worsening"]
    parameters: WorseningParameters


class PiraDefinition(_Definition):
    kind: Literal["pira"]
    parameters: PiraParameters


class _EveryEventDefinition(_Definition):
    parameters: WorseningParameters

    @model_validator(mode="after")
    def _moves_on(self) -> Self:
        if not self.parameters.baseline.follows_worsening:
            raise ValueError("later events need a baseline that follows worsening: else one would be counted again")
        return self


class WorseningEventsDefinition(_EveryEventDefinition):
    kind: Literal["worsening_events"]


class PiraEventsDefinition(_EveryEventDefinition):
    kind: Literal["pira_events"]
    parameters: PiraParameters


class MilestoneDefinition(_Definition):
    kind: Literal["milestone"]
    parameters: MilestoneParameters


class RelapseRateDefinition(_Definition):
    kind: Literal["relapse_rate"]
    parameters: RelapseRateParameters


class NedaDefinition(_Definition):
    kind: Literal["neda"]
    parameters: NedaParameters


class ConversionDefinition(_Definition):
    kind: Literal["conversion"]
    parameters: ConversionParameters


class TreatmentDefinition(_Definition):
    kind: Literal["treatment"]
    parameters: TreatmentParameters


class SafetyDefinition(_Definition):
    kind: Literal["safety"]
    parameters: SafetyParameters


EventDefinition = WorseningDefinition | PiraDefinition | MilestoneDefinition
EveryEventDefinition = WorseningEventsDefinition | PiraEventsDefinition
EndpointDefinition = Annotated[
    EventDefinition
    | EveryEventDefinition
    | RelapseRateDefinition
    | NedaDefinition
    | ConversionDefinition
    | TreatmentDefinition
    | SafetyDefinition,
    Field(discriminator="kind"),
]
