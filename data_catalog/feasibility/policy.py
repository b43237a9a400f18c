"""How a feasibility question is answered, and how many may be asked. Why so: `docs/adr/0011-feasibility-counts.md`.

The count of a cohort changes by one at most when one person is taken out of the data. So a count with two-sided
geometric noise of parameter EPSILON is EPSILON-differentially private (Ghosh, Roughgarden and Sundararajan 2009), and
all answers about a dataset together are so with the sum of their parameters, however they were chosen.
"""

import hmac
import math
from dataclasses import dataclass
from datetime import timedelta

from data_catalog.errors import BudgetSpent
from data_catalog.published.policy import published

EPSILON = 0.1
"""Privacy parameter of one answer."""

RULE = f"feasibility 2, epsilon {EPSILON}"

YEAR = timedelta(days=365)
DAY = timedelta(days=1)

MOST_A_DAY = 10
"""Questions one person may ask of all datasets within a day."""

MOST_EACH = 20
"""Questions one person may ask of one dataset within a year."""

MOST_TOGETHER = 100
"""Different questions everybody together may ask of one dataset within a year: what colluding people can learn."""

_LEFT_OUT = 0.05


@dataclass(frozen=True)
class Spent:
    """How many questions were asked already."""

    today: int
    by_asker: int
    together: int


def check_budget(spent: Spent) -> None:
    """Refuse a new question where a budget is spent; raises BudgetSpent. Nothing here depends on data."""
    if spent.today >= MOST_A_DAY:
        raise BudgetSpent(f"You have asked {MOST_A_DAY} questions within a day.", "Ask again tomorrow.")
    if spent.by_asker >= MOST_EACH:
        raise BudgetSpent(
            f"You have asked {MOST_EACH} questions of this dataset within a year.",
            "Apply for the variables you need: a project counts in its own cut.",
        )
    if spent.together >= MOST_TOGETHER:
        raise BudgetSpent(
            f"This dataset has answered {MOST_TOGETHER} questions within a year, which is what it may.",
            "Look at the answers given so far, or apply for the variables you need.",
        )


def noise(key: bytes, question: str) -> int:
    """Draw two-sided geometric noise for a question: the same for the same question, whoever asks and whenever."""
    digest = hmac.digest(key, question.encode(), "sha256")
    return _geometric(digest[:8]) - _geometric(digest[8:16])


def probability(size: int) -> float:
    """Return how likely noise of exactly this size is: (1 - a) / (1 + a) · a^|size| with a = exp(-EPSILON)."""
    alpha = math.exp(-EPSILON)
    return (1 - alpha) / (1 + alpha) * alpha ** abs(size)


def margin() -> int:
    """Return how far noise is from zero at most, in 19 of 20 answers."""
    alpha = math.exp(-EPSILON)
    return math.ceil(math.log(_LEFT_OUT * (1 + alpha) / 2) / math.log(alpha)) - 1


def answered(count: int, key: bytes, question: str) -> str:
    """Return the answer to a question: its count with noise, rounded to tens, or `<10`."""
    return published(max(0, count + noise(key, question)))


def in_words(answer: str) -> str:
    """Return an answer as a page says it: about how many people, or that there are fewer than are told."""
    return "Fewer than ten people" if answer.startswith("<") else f"About {int(answer):,} people"


def _geometric(raw: bytes) -> int:
    uniform = (int.from_bytes(raw) + 1) / (1 << 64)
    return math.floor(math.log(uniform) / -EPSILON)
