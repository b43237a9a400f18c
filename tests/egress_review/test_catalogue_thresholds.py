"""What the catalogue publishes and what leaves a project are held to one minimum."""

from data_catalog.published.policy import MINIMUM_COUNT, ROUNDING
from data_catalog.quality.publication import SMALLEST, rounded
from egress_review.appetite import DEFAULT, load_appetite


def test_the_catalogue_holds_to_the_appetite() -> None:
    thresholds = load_appetite(DEFAULT).thresholds
    assert thresholds.minimum_count == MINIMUM_COUNT == SMALLEST
    assert thresholds.differencing <= ROUNDING


def test_quality_report_and_catalogue_round_alike() -> None:
    from data_catalog.published.policy import published

    assert all(str(rounded(count)) == published(count) for count in range(1, 500))
