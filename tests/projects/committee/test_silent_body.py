"""A body that does not vote: once its days are over, the others go on without it, and its data are not given."""

from pathlib import Path

import pytest
from sqlalchemy import select

from core.database import Database
from core.errors import Conflict, NotFound
from core.outbox.tables import outbox
from core.people.models import Person
from core.settings import Settings
from projects.applications.models import ApplicationState
from projects.committee.errors import NoVote, VoteSettled
from projects.committee.models import Word
from projects.committee.pages import committee_page
from projects.committee.service import cast_vote, go_on_without
from projects.resource_rules.models import Body
from projects.resource_rules.service import confirm_rules, propose_rules, rules_in_force
from projects.service import project
from tests.conftest import HandClock
from tests.support.catalog import application_file, applied, ingest, ready

ID = "cis-spinal"
VISITS = {"edss_visits": {"visits": {"variables": ["edss"]}}}


@pytest.fixture
def waiting(database: Database, settings: Settings, people: dict[str, Person], tmp_path: Path) -> None:
    """An application to two bodies, of which nobody of the second can vote."""
    ready(database, people)
    for dataset in ("cis_cohort", "edss_visits"):
        ingest(database, settings, people["dana"], dataset, tmp_path)
    with database.read() as connection:
        rules = rules_in_force(connection, "open").rules
    house = Body(id="house", name="The house", datasets=("cis_cohort",), quorum=1)
    visits = Body(id="visits", name="The visits", datasets=("edss_visits",), quorum=1)
    changed = rules.model_copy(update={"bodies": (house, visits)})
    confirm_rules(database, people["dirk"], "open", propose_rules(database, people["olga"], changed).number)
    applied(database, people, application_file(datasets={**application_file().datasets, **VISITS}))


@pytest.mark.usefixtures("waiting")
class TestSilentBody:
    def test_its_data_are_not_given_and_the_rest_is(
        self, database: Database, people: dict[str, Person], clock: HandClock
    ) -> None:
        cast_vote(database, people["dirk"], ID, "house", Word.APPROVE)
        clock.turn(days=29)
        assert [one.may_go_on for one in committee_page(database, people["dirk"], ID).bodies] == [False, True]
        assert go_on_without(database, people["dirk"], ID, "visits").state is ApplicationState.APPROVED
        assert [table.dataset_id for table in project(database, ID).tables] == ["cis_cohort"]
        assert [one.lapsed for one in committee_page(database, people["lena"], ID).bodies] == [False, True]
        with database.read() as connection:
            mails = connection.execute(select(outbox.c.payload)).scalars().all()
        assert any("visits did not decide in time: its data are not given." in str(mail) for mail in mails)

    def test_where_the_others_declined_it_is_declined(
        self, database: Database, people: dict[str, Person], clock: HandClock
    ) -> None:
        cast_vote(database, people["dirk"], ID, "house", Word.DECLINE, reason="No.")
        clock.turn(days=29)
        assert go_on_without(database, people["dirk"], ID, "visits").state is ApplicationState.DECLINED

    def test_not_before_its_days_are_over(
        self, database: Database, people: dict[str, Person], clock: HandClock
    ) -> None:
        cast_vote(database, people["dirk"], ID, "house", Word.APPROVE)
        clock.turn(days=28)
        with pytest.raises(NoVote, match="The visits has until 29 June 2026"):
            go_on_without(database, people["dirk"], ID, "visits")
        clock.turn(seconds=1)
        go_on_without(database, people["dirk"], ID, "visits")

    def test_by_nobody_who_has_not_voted_for_a_body_that_decided(
        self, database: Database, people: dict[str, Person], clock: HandClock
    ) -> None:
        clock.turn(days=29)
        with pytest.raises(NoVote, match="Those go on who voted"):
            go_on_without(database, people["dirk"], ID, "visits")
        cast_vote(database, people["dirk"], ID, "house", Word.APPROVE)
        with pytest.raises(NoVote, match="Those go on who voted"):
            go_on_without(database, people["dora"], ID, "visits")
        with pytest.raises(NotFound):
            go_on_without(database, people["ravi"], ID, "visits")

    def test_not_without_a_body_that_decided_nor_on_what_changed_meanwhile(
        self, database: Database, people: dict[str, Person], clock: HandClock
    ) -> None:
        cast_vote(database, people["dirk"], ID, "house", Word.APPROVE)
        clock.turn(days=29)
        with pytest.raises(VoteSettled, match="The house has decided"):
            go_on_without(database, people["dirk"], ID, "house")
        with pytest.raises(Conflict, match="has changed since you opened it"):
            go_on_without(database, people["dirk"], ID, "visits", version="other")
