"""The SQL of endpoints that are sums and dates, over the views of the common data model's tables."""

from collections.abc import Sequence

from data_catalog.endpoints.models import (
    ConversionDefinition,
    ConversionParameters,
    EndpointDefinition,
    NedaParameters,
    RelapseRateDefinition,
    RelapseRateParameters,
    SafetyDefinition,
    SafetyParameters,
    TreatmentDefinition,
    TreatmentParameters,
)
from data_catalog.engine import identifier, literal


def view(name: str) -> str:
    """Return the name a table of the common data model has in these queries."""
    return identifier(f"_cdm_{name}")


_EPOCH = "DATE '1970-01-01'"


def last_day(what: str) -> str:
    """Return the last day a date can mean: the one kept is the first day of the month or year that is known."""
    date, precision = f"{what}_date", f"{what}_precision"
    return f"""CASE {precision}
        WHEN 'year' THEN (date_trunc('year', {date}) + INTERVAL 1 YEAR)::DATE - 1
        WHEN 'month' THEN last_day({date}) ELSE {date} END"""


PEOPLE = f"""
    CREATE OR REPLACE TEMP TABLE _people AS
    SELECT patient_id, row_number() OVER (ORDER BY patient_id) - 1 AS person FROM {view("patient")}
"""

FOLLOW_UP = f"""
    CREATE OR REPLACE TEMP TABLE _follow_up AS
    SELECT person, patient_id,
        min(visit_date) FILTER (WHERE visit_precision = 'day') AS first_visit,
        max(visit_date) FILTER (WHERE visit_precision = 'day') AS last_visit,
        min(visit_date) FILTER (WHERE visit_precision = 'day' AND edss IS NOT NULL) AS first_score,
        max(visit_date) FILTER (WHERE visit_precision = 'day' AND edss IS NOT NULL) AS last_score,
        count(*) FILTER (WHERE visit_precision = 'day' AND edss IS NOT NULL) AS visits_used,
        count(visit.patient_id) - visits_used AS visits_not_used
    FROM _people LEFT JOIN {view("visit")} visit USING (patient_id)
    GROUP BY ALL
"""

VISITS = f"""
    SELECT person, visit_date - {_EPOCH} AS day, round(edss * 2)::BIGINT AS edss
    FROM {view("visit")} JOIN _people USING (patient_id)
    WHERE visit_precision = 'day' AND visit_date IS NOT NULL AND edss IS NOT NULL
"""

RELAPSES = f"""
    SELECT person, relapse_date - {_EPOCH} AS first_day, ({last_day("relapse")}) - {_EPOCH} AS last_day
    FROM {view("relapse")} JOIN _people USING (patient_id)
    WHERE relapse_date IS NOT NULL
"""

EVENTS = """
    SELECT * EXCLUDE (person), last_score - first_score AS followup_days
    FROM _found JOIN _follow_up USING (person)
"""


def query_of(definition: EndpointDefinition) -> str:
    """Return the query of an endpoint that is made of sums and dates alone."""
    match definition:
        case RelapseRateDefinition():
            return relapse_rate(definition.parameters)
        case ConversionDefinition():
            return conversion(definition.parameters)
        case SafetyDefinition():
            return safety(definition.parameters)
        case TreatmentDefinition():
            return time_on_treatment(definition.parameters)
    raise AssertionError(definition.kind)


def relapse_rate(rules: RelapseRateParameters) -> str:
    """Return the query of relapses after the first visit and up to the last."""
    return f"""
        SELECT patient_id, observed_days, round(observed_days / 365.25, 4) AS person_years,
            CASE WHEN observed_days IS NOT NULL THEN coalesce(number, 0) END AS relapses,
            coalesce(not_used, 0) AS relapses_not_used,
            round(relapses / (observed_days / 365.25), 4) AS annualised_rate
        FROM (SELECT *, nullif(last_visit - first_visit, 0) AS observed_days FROM _follow_up)
            LEFT JOIN ({_separate_relapses(rules)}) USING (patient_id)
            LEFT JOIN ({_imprecise("relapse", "relapse", rules.relapse_precision)}) USING (patient_id)
    """


def _separate_relapses(rules: RelapseRateParameters) -> str:
    """Return the query that counts relapses in the time observed, those soon after the one before them as the same."""
    return f"""
        SELECT patient_id, count(*) AS number FROM (
            SELECT patient_id, relapse_date, first_visit, last_visit,
                relapse_date - lag(relapse_date) OVER (PARTITION BY patient_id ORDER BY relapse_date) AS since_last
            FROM {view("relapse")} JOIN _follow_up USING (patient_id)
            WHERE relapse_precision IN {_listed(rules.relapse_precision)}
        )
        WHERE relapse_date > first_visit AND relapse_date <= last_visit
            AND coalesce(since_last >= {rules.days_between_relapses}, true)
        GROUP BY patient_id
    """


def _imprecise(table: str, event: str, precision: Sequence[str]) -> str:
    """Return the query that counts each person's rows whose date is missing or not precise enough."""
    return f"""
        SELECT patient_id, count(*) AS not_used FROM {view(table)}
        WHERE {event}_date IS NULL OR coalesce({event}_precision, '') NOT IN {_listed(precision)}
        GROUP BY patient_id
    """


def neda(rules: NedaParameters) -> str:
    """Return the query of activity up to the horizon, with the first worsening in `_found`."""
    watched = f"followup_days >= {rules.horizon_days - rules.last_visit_days_before}"
    scanned = f"last_scan_days >= {rules.horizon_days - rules.last_mri_days_before}"
    worsened = f"event_days <= {rules.horizon_days}"
    return f"""
        SELECT patient_id, last_score - first_score AS followup_days, visits_used, visits_not_used,
            coalesce(scans_used, 0) AS scans_used,
            {_seen("relapse_days IS NOT NULL", "relapse_maybe", watched)} AS relapse,
            {_seen(worsened, "event = 'not_assessable'", watched)} AS worsening,
            {_seen("mri_days IS NOT NULL", "mri_maybe", scanned)} AS mri_activity,
            CASE WHEN 'yes' IN (relapse, worsening, mri_activity) THEN 'no'
                WHEN 'not_assessable' IN (relapse, worsening, mri_activity) THEN 'not_assessable'
                ELSE 'yes' END AS neda,
            CASE WHEN neda = 'no' THEN least(relapse_days, event_days, mri_days) END AS first_activity_days
        FROM _follow_up JOIN _found USING (person)
            LEFT JOIN ({_activity("relapse", "true", 0, rules.horizon_days)}) USING (patient_id)
            LEFT JOIN ({_scans_with_activity(rules)}) USING (patient_id) LEFT JOIN ({_scans(rules)}) USING (patient_id)
    """


def _scans(rules: NedaParameters) -> str:
    """Return the query of each person's scans in the time looked at that can tell of freedom from activity."""
    told = " AND ".join(f"{column} IS NOT NULL" for column in rules.mri_free_needs)
    return f"""
        SELECT patient_id, count(*) AS scans_used, max(mri_date - first_score) AS last_scan_days
        FROM {view("mri")} JOIN _follow_up USING (patient_id)
        WHERE region = {literal(rules.mri_region)} AND mri_precision = 'day' AND {told}
            AND mri_date - first_score > {rules.mri_from_days} AND mri_date - first_score <= {rules.horizon_days}
        GROUP BY patient_id
    """


def _scans_with_activity(rules: NedaParameters) -> str:
    active = " OR ".join(f"coalesce({column}, 0) > 0" for column in rules.mri_activity)
    which = f"region = {literal(rules.mri_region)} AND ({active})"
    return _activity("mri", which, rules.mri_from_days, rules.horizon_days)


def _activity(table: str, which: str, after_days: int, horizon_days: int) -> str:
    """Return the query of the first day (from the first score) of what lies in a time, and what may lie in it."""
    first, last = f"{table}_date - first_score", f"({last_day(table)}) - first_score"
    within = f"{first} > {after_days} AND {last} <= {horizon_days}"
    return f"""
        SELECT patient_id, min({first}) FILTER ({within}) AS {table}_days,
            bool_or({last} > {after_days} AND {first} <= {horizon_days}) AS {table}_maybe
        FROM {view(table)} JOIN _follow_up USING (patient_id) WHERE {which} GROUP BY patient_id
    """


def _seen(happened: str, maybe: str, watched: str) -> str:
    """Return whether something happened up to the horizon; who was not watched so long can not be called free of it."""
    return (
        f"CASE WHEN {happened} THEN 'yes' "
        f"WHEN coalesce({maybe}, false) OR NOT coalesce({watched}, false) THEN 'not_assessable' ELSE 'no' END"
    )


def conversion(rules: ConversionParameters) -> str:
    """Return the query of recorded conversions."""
    return f"""
        SELECT patient_id, last_visit - first_visit AS followup_days, progression_precision AS event_precision,
            CASE WHEN coalesce(course, '') NOT IN {_listed(rules.at_risk_courses)} THEN 'not_assessable'
                WHEN course = 'spms' OR progression_date IS NOT NULL THEN 'yes'
                WHEN first_visit IS NULL THEN 'not_assessable' ELSE 'no' END AS event,
            CASE WHEN event = 'yes' AND progression_precision IN {_listed(rules.date_precision)}
                THEN progression_date - first_visit END AS event_days
        FROM _follow_up JOIN {view("patient")} USING (patient_id)
    """


def time_on_treatment(rules: TreatmentParameters) -> str:
    """Return the query of days on each drug, episodes that meet put together."""
    return f"""
        WITH {_episodes(rules)}
        SELECT patient_id, drug, count(began) AS episodes, any_value(not_used) AS episodes_not_used,
            coalesce(sum(ended - began), 0) AS treated_days, round(treated_days / 365.25, 4) AS person_years
        FROM known LEFT JOIN spans USING (patient_id, drug) GROUP BY patient_id, drug
    """


def safety(rules: SafetyParameters) -> str:
    """Return the query of serious adverse events in the days on each drug."""
    serious = f"seriousness IS NOT NULL AND seriousness NOT IN {_listed(rules.not_serious)}"
    precise = f"event_date IS NOT NULL AND coalesce(event_precision, '') IN {_listed(rules.event_precision)}"
    return f"""
        WITH {_episodes(rules)}, serious AS (SELECT * FROM {view("adverse_event")} WHERE {serious}),
        counted AS (
            SELECT patient_id, drug, count(*) AS serious_events
            FROM spans JOIN serious USING (patient_id)
            WHERE {precise} AND event_date >= began AND event_date < ended GROUP BY patient_id, drug
        ),
        left_out AS (
            SELECT patient_id, count(*) AS events_not_used FROM serious WHERE NOT ({precise}) GROUP BY patient_id
        )
        SELECT treated.*, coalesce(serious_events, 0) AS serious_events, coalesce(events_not_used, 0) AS events_not_used
        FROM ({time_on_treatment(rules)}) treated
            LEFT JOIN counted USING (patient_id, drug) LEFT JOIN left_out USING (patient_id)
    """


def _episodes(rules: TreatmentParameters) -> str:
    """Return the common tables `known` (person, drug, episodes left out) and `spans` (from a day to before another)."""
    precise = _listed(rules.date_precision)
    carried = f"greatest(stop_date, least(stop_date + {rules.carry_over_days}, coalesce(last_visit, stop_date)))"
    return f"""
        episodes AS (
            SELECT patient_id, drug,
                CASE WHEN start_precision IN {precise} THEN start_date + {rules.lag_days} END AS began,
                CASE WHEN stop_date IS NULL THEN least(last_visit, death)
                    WHEN stop_precision IN {precise} THEN least({carried}, death)
                END AS ended
            FROM {view("treatment")} JOIN _follow_up USING (patient_id)
                JOIN (SELECT patient_id, {last_day("death")} AS death FROM {view("patient")}) USING (patient_id)
            WHERE kind IN {_listed(rules.kinds)} AND drug IS NOT NULL
        ),
        known AS (
            SELECT patient_id, drug, count(*) FILTER (WHERE coalesce(ended <= began, true)) AS not_used
            FROM episodes GROUP BY patient_id, drug
        ),
        numbered AS (
            SELECT *, sum(opens) OVER (PARTITION BY patient_id, drug ORDER BY began, ended) AS number FROM (
                SELECT *, coalesce(began > max(ended) OVER (
                    PARTITION BY patient_id, drug ORDER BY began, ended ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
                ), true)::INTEGER AS opens FROM episodes WHERE ended > began
            )
        ),
        spans AS (
            SELECT patient_id, drug, min(began) AS began, max(ended) AS ended
            FROM numbered GROUP BY patient_id, drug, number
        )
    """


def _listed(texts: Sequence[str]) -> str:
    return f"({', '.join(map(literal, texts))})"
