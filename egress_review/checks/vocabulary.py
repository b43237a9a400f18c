"""The words by which headings say what a column or a row of a table holds."""

import re
from functools import lru_cache


def _listed(text: str) -> frozenset[str]:
    return frozenset(text.split())


COUNTS = _listed(
    """n num number count counts freq frequency frequencies people person persons patient patients participant
    participants subject subjects individual individuals case cases control controls event events obs observations
    nobs size len antal censored"""
)
WHOLES = _listed("n nobs obs size total all risk")  # counts that others are part of
TOTALS = _listed("total totals all overall sum margin margins")
PERCENT = _listed("percent percentage pct")
SHARES = _listed("share proportion fraction")
MISSING = _listed("null missing na nan unknown")  # nobody missing discloses nothing
MEANS = _listed("mean average avg")
SPREADS = _listed("sd std stdev stddev var variance skew kurtosis")
RANKS = _listed("median iqr q1 q2 q3 quantile percentile p25 p50 p75")
EXTREMES = _listed("min minimum max maximum range")
COEFFICIENTS = _listed("coef coefficient beta estimate or odds hr hazard rr")
OTHERS = _listed(
    """mode se sem err error risk ratio ci p pvalue z t chi2 chisq statistic df dof auc r2 rate age year month day date
    index"""
)
REPORTED = PERCENT | SHARES | MEANS | SPREADS | RANKS | EXTREMES | COEFFICIENTS  # these have findings of their own
STATISTICS = REPORTED | OTHERS

NUMBER_WORDS = _listed(
    """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen
    eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred once twice both single pair couple
    dozen ii iii iv vi vii viii ix ett två tre fyra fem sju åtta nio tio seks syv otte"""
)

_SPOKEN = re.compile(r"[^\W\d_]+")
_WORD = re.compile(r"[A-Za-z0-9]+|%")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_QUARTILE = re.compile(r"\d+%")


@lru_cache(maxsize=1 << 16)
def words(heading: str) -> frozenset[str]:
    """Split a heading into its words, in lower case: `nPatients (%)` is n, patients, %, percent."""
    found = {word.casefold() for word in _WORD.findall(_CAMEL.sub(" ", heading))}
    if _QUARTILE.fullmatch(heading.strip()):
        return frozenset({"percentile"})  # pandas' describe() calls quartiles 25%, 50%, 75%
    if found & {"err", "error"}:
        found = found - {"std", "standard"} | {"se"}  # a standard error is no standard deviation
    if len(found) > 1:
        found = found - {"or"}  # an odds ratio stands by itself; "negative or unknown" is a label
    return frozenset(found | {"percent"}) if "%" in found else frozenset(found)


def names_count(heading: str) -> bool:
    """Ask whether a heading announces numbers of people."""
    named = words(heading)
    return named >= {"at", "risk"} or (bool(named & COUNTS) and not named & STATISTICS)


@lru_cache(maxsize=1 << 16)
def says_number(text: str) -> bool:
    """Ask whether a text says a number: in digits of any script, or in words."""
    return any(map(str.isnumeric, text)) or not NUMBER_WORDS.isdisjoint(_SPOKEN.findall(text.casefold()))


def names_total(heading: str) -> bool:
    """Ask whether a heading announces a sum over the others."""
    return bool(words(heading) & TOTALS)
