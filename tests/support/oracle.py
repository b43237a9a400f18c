"""Ask pymsprog, which has an environment of its own (`scripts/oracle`), for the events our parameters define."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from data_catalog.endpoints.models import MilestoneParameters, PiraParameters

_ORACLE = Path(__file__).parents[2] / "scripts" / "oracle"
_PROGRAM = Path(__file__).parent / "run_pymsprog.py"
_BASELINES = {
    "fixed": "fixed",
    "roving": "roving",
    "roving_improvement": "roving_impr",
    "roving_worsening": "roving_wors",
}


def ask(cohorts: Mapping[str, Any], runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The cohorts with pymsprog's own beside, its answers, and what they took; one run of its interpreter."""
    made = subprocess.run([_ORACLE], capture_output=True, text=True, timeout=280)
    assert made.returncode == 0, f"pymsprog can not be installed:\n{made.stderr}"
    asking = json.dumps({"cohorts": cohorts, "runs": runs})
    python = made.stdout.splitlines()[-1]
    done = subprocess.run([python, _PROGRAM], input=asking, capture_output=True, text=True, timeout=1800)
    assert done.returncode == 0, done.stderr
    answered: dict[str, Any] = json.loads(done.stdout)
    return answered


def arguments(asked: Any) -> dict[str, Any]:
    """The same parameters in pymsprog's words."""
    same = {
        "conf_days": asked.confirmation_days,
        "conf_tol_days": [asked.confirmation_days_before, asked.confirmation_days_after],
        "require_sust_days": asked.sustained_days,
        "relapse_to_event": asked.relapse_days_before_event,
        "relapse_to_conf": asked.relapse_days_before_confirmation,
    }
    if isinstance(asked, MilestoneParameters):
        return same | {"milestone": asked.edss}
    same |= {
        "baseline": _BASELINES[asked.baseline],
        "proceed_from": "firstconf" if asked.baseline_moves_to == "confirmation" else "event",
        "relapse_to_bl": asked.relapse_days_before_baseline,
        "event": "firstCDW",
    }
    if not isinstance(asked, PiraParameters):
        return same
    event = [asked.relapse_free_before_event, asked.relapse_free_after_event]
    return same | {
        "event": "firstPIRA",
        "relapse_assoc": asked.relapse_free_before_event,
        "relapse_rebl": asked.rebaseline_after_relapse,
        "relapse_indep": {
            "prec": [0, None] if asked.relapse_free_from_baseline else [0, 0],
            "event": [None, event[1]] if asked.relapse_free_from_baseline else event,
            "conf": [asked.relapse_free_before_confirmation, asked.relapse_free_after_confirmation],
            "prec_type": "baseline",
        },
    }
