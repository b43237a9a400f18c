"""A release request from submission to download, and every way it must not go, through the services."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import inspect, select, text
from sqlalchemy.exc import DBAPIError

from core.audit.log import entries
from core.audit.service import log_lines, verify_log, write_checkpoint
from core.database import Database
from core.errors import InvalidInput, NotFound, Refused
from core.people.models import Person, Role
from core.people.service import close_person, confirm_role, person_by_username, propose_role, revoke_role
from egress_review import read, release, review, tables
from egress_review.checks.engine import run_checks
from egress_review.checks.models import CutFacts, Finding, HeldFile
from egress_review.errors import HeldFileChanged, SecondReview, StalePage, StepRefused, TooLarge, TooMuchAtOnce
from egress_review.manifest import Manifest
from egress_review.models import Action, Audience, State, Verdict
from egress_review.review import NewComment
from egress_review.store import ContentStore
from egress_review.submit import Submission, preflight, submit
from projects.errors import AccessRefused
from projects.service import remove_member
from tests.conftest import HandClock
from tests.egress_review.world import OTHER_PROJECT, PROJECT, World, looks_fine, pseudonym
from tests.support.catalog import ready
from tests.support.registries import declare, publish_rows

TWO = {"conversion.csv": b"lesion,people\nyes,23\nno,41\n", "model/fit.txt": b"odds ratio 2.1, n = 64\n"}


def actions(world: World, request_id: str) -> list[str]:
    with world.database.read() as connection:
        return [entry.action.split(":", 1)[1] for entry, _ in entries(connection, subject=f"request:{request_id}")]


class TestTheWholeWay:
    def test_from_submission_to_download(self, world: World) -> None:
        receipt = world.submit(TWO)
        assert receipt.state is State.SUBMITTED
        assert [file.name for file in receipt.files] == list(TWO)
        assert world.review(receipt.id, "chris").state is State.PARTLY_REVIEWED
        assert world.review(receipt.id, "chloe").state is State.REVIEWED
        assert world.approve(receipt.id).state is State.APPROVED
        assert world.release(receipt.id).state is State.RELEASED
        got = read.download(world.database, world.settings, world.people["lena"], receipt.id, 2)
        assert (got.name, got.content) == ("model/fit.txt", TWO["model/fit.txt"])

    def test_every_step_is_one_event_and_the_log_verifies(self, world: World) -> None:
        request_id = world.bring_to(State.RELEASED)
        read.review_page(world.database, world.settings, world.people["carl"], request_id)
        read.held_file(world.database, world.settings, world.people["carl"], request_id, 1, 1)
        read.download(world.database, world.settings, world.people["rosa"], request_id, 1)
        assert actions(world, request_id) == [
            *("request:submit", "request:review", "request:review", "request:approve", "request:release"),
            *("request:view", "file:view", "file:download"),
        ]
        write_checkpoint(world.database, world.settings)
        assert verify_log(log_lines(world.database), world.settings.checkpoints).checkpoints == 1

    def test_returned_corrected_and_released(self, world: World) -> None:
        request_id = world.submit({"table.csv": b"a,3\n"}).id
        world.review(request_id, "chris", Verdict.CHANGE)
        world.review(request_id, "chloe", Verdict.REJECT)
        assert world.return_to_team(request_id).state is State.RETURNED
        assert world.submit({"table.csv": b"a,30\n"}, replaces=request_id).id == request_id
        second = world.request(request_id)
        assert (second.state, second.round, second.votes) == (State.SUBMITTED, 2, ())
        for checker in ("chloe", "carl"):
            world.review(request_id, checker)
        world.approve(request_id)
        world.release(request_id, "carl")
        got = read.download(world.database, world.settings, world.people["rosa"], request_id, 1)
        assert got.content == b"a,30\n"


class TestSubmitting:
    def test_takes_a_member_of_an_active_project(self, world: World) -> None:
        access = world.access("rosa")
        stranger = type(access)(**{**access.__dict__, "username": "ravi"})
        with pytest.raises(AccessRefused):
            world.submit(by="ravi")
        with pytest.raises(AccessRefused):
            preflight(world.database, world.settings, Submission(stranger, *submission_parts()))

    def test_who_leaves_the_team_while_the_checks_run_is_refused(self, world: World) -> None:
        def leaves(file: HeldFile, cut: CutFacts, appetite: object) -> tuple[Finding, ...]:
            remove_member(world.database, world.people["olga"], PROJECT, "rosa")
            return looks_fine(file, cut, appetite)

        with pytest.raises(AccessRefused):
            world.submit(run=leaves)
        with world.database.read() as connection:
            assert connection.execute(select(tables.release_request)).all() == []

    def test_a_file_no_check_looked_at_is_not_checked_never_passed(self, world: World) -> None:
        receipt = world.submit(run=lambda file, cut, appetite: ())
        assert [finding.status for finding in receipt.files[0].findings] == ["not_checked"]

    def test_with_an_unreadable_cut_everything_is_not_checked(self, world: World) -> None:
        for table in world.settings.cuts.rglob("*.parquet"):
            table.write_bytes(b"no parquet")
        receipt = world.submit()
        assert [finding.status for finding in receipt.files[0].findings] == ["not_checked"]

    def test_the_real_checks_run_and_find_a_pseudonym(self, world: World) -> None:
        receipt = world.submit({"rows.csv": f"id,age\n{pseudonym(3)},23\n".encode()}, run=run_checks)
        assert "fail" in {finding.status for finding in receipt.files[0].findings}

    def test_a_check_cannot_bring_text_into_the_database(self, world: World) -> None:
        def leaks(file: HeldFile, cut: CutFacts, appetite: object) -> tuple[Finding, ...]:
            return (Finding(f"Rosa's row: {file.content!r}", "low count", "fail", "words"),)

        with pytest.raises(ValueError, match="plain words of ours"):
            world.submit(run=leaks)

    def test_more_than_the_limits_is_refused(self, world: World) -> None:
        with pytest.raises(TooLarge):
            world.submit({f"{number}.csv": b"n" for number in range(21)})
        with pytest.raises(TooLarge):
            world.submit({"big.bin": bytes(world.settings.submission_max_bytes + 1)})
        with pytest.raises(InvalidInput, match="empty"):
            world.submit({"table.csv": b""})
        manifest, _ = submission_parts()
        with pytest.raises(InvalidInput, match="1 files are described, 2 were sent"):
            preflight(world.database, world.settings, Submission(world.access(), manifest, (b"a", b"b")))

    def test_a_project_can_not_pile_up_requests(self, world: World) -> None:
        for _ in range(world.settings.submission_max_held):
            last = world.submit().id
        with pytest.raises(TooMuchAtOnce):
            world.submit()
        world.withdraw(last)
        world.submit()

    def test_nor_bytes_over_a_day(self, world: World, clock: HandClock) -> None:
        tight = World(
            world.database, world.settings.model_copy(update={"submission_max_daily_bytes": 100}), world.people
        )
        withdrawn = tight.submit({"a.bin": bytes(60)}).id
        tight.withdraw(withdrawn)
        with pytest.raises(TooMuchAtOnce):
            tight.submit({"b.bin": bytes(60)})
        clock.turn(hours=25)
        tight.submit({"b.bin": bytes(60)})

    def test_what_is_refused_leaves_nothing_in_the_hold(self, world: World) -> None:
        with pytest.raises(NotFound):
            world.submit(replaces="0" * 16)
        assert not world.settings.hold.exists()

    def test_only_ones_own_returned_request_of_the_same_project_gets_a_new_round(self, world: World) -> None:
        returned = world.bring_to(State.RETURNED)
        with pytest.raises(Refused):
            world.submit(by="lena", replaces=returned)
        with pytest.raises(NotFound):
            world.submit(by="ravi", project_id=OTHER_PROJECT, replaces=returned)
        with pytest.raises(StepRefused):
            world.submit(replaces=world.bring_to(State.SUBMITTED))

    def test_a_preflight_keeps_nothing_but_its_size(self, world: World) -> None:
        preflight(world.database, world.settings, Submission(world.access(), *submission_parts()))
        assert not world.settings.hold.exists()
        with world.database.read() as connection:
            last = [entry for entry, _ in entries(connection, subject=f"project:{PROJECT}")][-1]
        assert (last.action, dict(last.detail)) == ("egress_review:request:preflight", {"files": 1, "bytes": 5})


@pytest.mark.parametrize(("resource", "told"), [("ms_cidr", True), ("bmsd", False)])
def test_the_checks_are_told_what_the_resource_forbids_beforehand_and_at_submission(
    world: World, tmp_path: Path, resource: str, told: bool
) -> None:
    ready(world.database, world.people)
    declaration = declare("cis_cohort", "Cohort", "patient", resource=resource)
    publish_rows(world.database, world.settings, world.people["dana"], declaration, {}, tmp_path)
    seen: list[bool] = []

    def look(_file: HeldFile, cut: CutFacts, _appetite: object) -> tuple[Finding, ...]:
        seen.append(cut.forbids_drug_comparison)
        return ()

    asked = Submission(world.access(), *submission_parts())
    preflight(world.database, world.settings, asked, look)
    submit(world.database, world.settings, asked, look)
    assert seen == [told, told]


def submission_parts() -> tuple[Manifest, tuple[bytes, ...]]:
    return Manifest.model_validate({"description": "d", "files": ({"name": "a.csv"},)}), (b"a,12\n",)


class TestReviewing:
    def test_the_same_person_has_one_word(self, world: World) -> None:
        request_id = world.bring_to(State.PARTLY_REVIEWED)
        with pytest.raises(SecondReview):
            world.review(request_id, "chris")

    def test_a_member_of_the_team_has_none(self, world: World) -> None:
        grant = propose_role(world.database, world.people["olga"], "lena", Role.CHECKER)
        confirm_role(world.database, world.people["otto"], grant.id)
        insider = World(
            world.database, world.settings, {**world.people, "lena": person_by_username(world.database, "lena")}
        )
        request_id = insider.bring_to(State.SUBMITTED)
        with pytest.raises(Refused, match="do not review its outputs"):
            insider.review(request_id, "lena")
        assert read.queue(world.database, insider.people["lena"]) == ()
        with pytest.raises(Refused):
            read.review_page(world.database, world.settings, insider.people["lena"], request_id)

    def test_nobody_without_the_role_reviews_decides_or_looks(self, world: World) -> None:
        request_id = world.bring_to(State.SUBMITTED)
        for username in ("rosa", "ravi", "olga", "dana", "dirk", "anna"):
            for attempt in self.everything_a_checker_can_do(world, world.people[username], request_id):
                with pytest.raises(Refused):
                    attempt()
        assert actions(world, request_id) == ["request:submit"]

    def everything_a_checker_can_do(self, world: World, person: Person, request_id: str) -> list[Callable[[], object]]:
        args = (world.database, world.settings, person, request_id)
        decision = (*args, world.request(request_id).version)
        return [
            lambda: review.review(*decision, {1: Verdict.APPROVE}),
            lambda: review.comment(*decision, NewComment("Hello.")),
            lambda: review.approve(*decision),
            lambda: review.return_to_team(*decision, "Why."),
            lambda: review.reject(*decision, "Why."),
            lambda: release.release(*decision),
            lambda: read.review_page(*args),
            lambda: read.held_file(*args, 1, 1),
            lambda: read.queue(world.database, person),
            lambda: read.settled(world.database, person),
        ]

    @pytest.mark.parametrize("end", ["role", "account"])
    def test_the_vote_of_somebody_who_is_no_checker_any_more_does_not_count(self, world: World, end: str) -> None:
        request_id = world.bring_to(State.REVIEWED)
        if end == "role":
            revoke_role(world.database, world.people["olga"], "chris", Role.CHECKER)
        else:
            close_person(world.database, world.people["olga"], "chris")
        version = world.request(request_id).version
        with pytest.raises(Refused, match="Two checkers must approve"):
            review.approve(world.database, world.settings, world.people["chloe"], request_id, version)

    @pytest.mark.parametrize("until", [State.REVIEWED, State.APPROVED])
    def test_nor_does_it_for_the_database(self, world: World, until: State) -> None:
        request_id = world.bring_to(until)
        revoke_role(world.database, world.people["olga"], "chris", Role.CHECKER)
        after = {State.REVIEWED: State.APPROVED, State.APPROVED: State.RELEASED}[until]
        step = text("UPDATE release_request SET state = :after WHERE id = :id")
        with pytest.raises(DBAPIError, match="two approvals"), world.database.engine.begin() as connection:
            connection.execute(step, {"after": after, "id": request_id})

    def test_a_decision_on_a_stale_page_is_refused(self, world: World) -> None:
        request_id = world.bring_to(State.REVIEWED)
        seen = world.request(request_id).version
        world.return_to_team(request_id)
        world.submit({"other.csv": b"a,12\n"}, replaces=request_id)
        args = (world.database, world.settings, world.people["carl"], request_id, seen)
        with pytest.raises(StalePage):
            review.review(*args, {1: Verdict.APPROVE})
        assert world.request(request_id).votes == ()

    def test_one_file_that_is_not_approved_stops_the_request(self, world: World) -> None:
        request_id = world.submit(TWO).id
        world.review(request_id, "chris")
        args = (world.database, world.settings, world.people["chloe"], request_id, world.request(request_id).version)
        review.review(*args, {1: Verdict.APPROVE, 2: Verdict.CHANGE})
        with pytest.raises(Refused, match="file 2"):
            world.approve(request_id)

    def test_a_comment_is_made_while_the_request_waits_and_not_on_a_stale_page(self, world: World) -> None:
        request_id = world.bring_to(State.REVIEWED)
        args = (world.database, world.settings, world.people["carl"], request_id)
        review.comment(*args, world.request(request_id).version, NewComment("Which March?", Audience.CHECKERS))
        page = read.review_page(world.database, world.settings, world.people["chris"], request_id)
        assert [(one.author, one.text) for one in page.rounds[0].comments] == [("carl", "Which March?")]
        with pytest.raises(StalePage):
            review.comment(*args, "0" * 32, NewComment("Which March?"))

    def test_return_and_reject_take_a_reason(self, world: World) -> None:
        request_id = world.bring_to(State.REVIEWED)
        for decide in (world.return_to_team, world.reject):
            with pytest.raises(InvalidInput):
                decide(request_id, " ")


class TestBlindness:
    def test_neither_sees_the_other_before_both_have_spoken(self, world: World) -> None:
        request_id = world.submit().id
        remark = NewComment("Is b the same people as in March?", Audience.CHECKERS, 1)
        args = (world.database, world.settings, world.people["chris"], request_id, world.request(request_id).version)
        review.review(*args, {1: Verdict.CHANGE}, [remark])
        own, blind = self.seen_by(world, "chris", request_id), self.seen_by(world, "chloe", request_id)
        assert own == (["chris"], ["chris"], ["Is b the same people as in March?"])
        assert blind == ([], [], [])
        world.review(request_id, "chloe")
        assert self.seen_by(world, "chloe", request_id)[1] == ["chloe", "chris"]
        assert self.seen_by(world, "chris", request_id)[2] == ["Is b the same people as in March?"]

    def seen_by(self, world: World, checker: str, request_id: str) -> tuple[list[str], list[str], list[str]]:
        page = read.review_page(world.database, world.settings, world.people[checker], request_id)
        line = next(item for item in read.queue(world.database, world.people[checker]) if item.request.id == request_id)
        assert line.request.votes == page.request.votes
        file = page.rounds[-1].files[0]
        votes = sorted(vote.checker for vote in file.votes)
        return sorted(page.request.voters), votes, [comment.text for comment in file.comments]

    def test_a_third_checker_is_blind_too(self, world: World) -> None:
        request_id = world.bring_to(State.PARTLY_REVIEWED)
        assert self.seen_by(world, "carl", request_id) == ([], [], [])


class TestReleasing:
    def test_a_changed_held_file_is_never_released(self, world: World) -> None:
        request_id = world.bring_to(State.APPROVED)
        held = world.settings.hold / world.request(request_id).files[0].sha256
        held.chmod(0o600)
        held.write_bytes(b"group,people\na,2\n")
        with pytest.raises(HeldFileChanged):
            world.release(request_id)
        assert world.request(request_id).state is State.APPROVED
        assert actions(world, request_id)[-1] == "release:refuse"

    def test_a_release_again_changes_nothing(self, world: World) -> None:
        request_id = world.bring_to(State.RELEASED)
        world.release(request_id, "chloe")
        assert actions(world, request_id).count("request:release") == 1

    def test_a_checker_who_joined_the_team_no_longer_counts(self, world: World) -> None:
        request_id = world.bring_to(State.APPROVED)
        with world.database.engine.begin() as connection:
            now = world.database.clock().strftime("%Y-%m-%dT%H:%M:%S.%fZ")
            row = f"INSERT INTO membership VALUES ('{PROJECT}', 'chloe', '{now}', 'researcher', NULL)"
            connection.execute(text(row.replace(":", r"\:")))
        with pytest.raises(Refused, match="still open"):
            world.release(request_id)

    def test_a_withdrawal_in_between_stops_it(self, world: World) -> None:
        request_id = world.bring_to(State.APPROVED)
        world.withdraw(request_id)
        with pytest.raises(StepRefused):
            world.release(request_id)

    def test_the_released_copy_is_hashed_at_download(self, world: World) -> None:
        request_id = world.bring_to(State.RELEASED)
        out = world.settings.released / world.request(request_id).files[0].sha256
        out.chmod(0o600)
        out.write_bytes(b"something else")
        with pytest.raises(HeldFileChanged):
            read.download(world.database, world.settings, world.people["rosa"], request_id, 1)


class TestWhatIsShown:
    def test_outside_a_request_is_size_time_and_state(self, world: World) -> None:
        expected = {world.bring_to(state): state for state in sorted(set(State) - {State.DRAFT, State.RELEASED})}
        seen = read.requests_of_project(world.database, world.settings, world.people["lena"], PROJECT)
        assert {one.id: one.state for one in seen} == expected
        assert {(one.file_count, one.bytes, one.files) for one in seen} == {(1, 23, ())}

    def test_released_files_have_their_names(self, world: World) -> None:
        world.bring_to(State.RELEASED)
        (seen,) = read.requests_of_project(world.database, world.settings, world.people["lena"], PROJECT)
        assert [file.name for file in seen.files] == ["table.csv"]

    def test_other_projects_see_nothing(self, world: World) -> None:
        request_id = world.bring_to(State.RELEASED)
        ravi = world.people["ravi"]
        with pytest.raises(NotFound):
            read.requests_of_project(world.database, world.settings, ravi, PROJECT)
        with pytest.raises(NotFound):
            read.download(world.database, world.settings, ravi, request_id, 1)
        assert read.requests_of_project(world.database, world.settings, ravi, OTHER_PROJECT) == ()
        assert read.requests_inside(world.database, world.settings, world.access("ravi", OTHER_PROJECT)) == ()

    def test_inside_the_team_reads_its_words_and_the_reasons_once_decided(self, world: World) -> None:
        request_id = world.bring_to(State.REVIEWED)
        (before,) = read.requests_inside(world.database, world.settings, world.access("lena"))
        assert (before.description, before.comments) == ("Conversion by lesions.", ())
        world.return_to_team(request_id, "Cell b is small.")
        (after,) = read.requests_inside(world.database, world.settings, world.access("lena"))
        assert [comment.text for comment in after.comments] == ["Cell b is small."]

    def test_a_checker_has_file_words_findings_and_earlier_releases_side_by_side(self, world: World) -> None:
        world.bring_to(State.RELEASED)
        request_id = world.submit(TWO).id
        page = read.review_page(world.database, world.settings, world.people["carl"], request_id)
        first = page.rounds[-1].files[0]
        assert (first.name, first.context) == ("conversion.csv", "What conversion.csv shows.")
        assert first.findings[0].message == "conversion.csv: every cell has enough people."
        assert [file.name for file in page.earlier[0].files] == ["table.csv"]
        assert page.actions == {Action.REVIEW}
        got = read.held_file(world.database, world.settings, world.people["carl"], request_id, 1, 1)
        assert got.content == TWO["conversion.csv"]

    def test_a_file_that_is_not_there_is_not_found(self, world: World) -> None:
        request_id = world.bring_to(State.RELEASED)
        for number in (0, 2):
            with pytest.raises(NotFound):
                read.download(world.database, world.settings, world.people["rosa"], request_id, number)
            with pytest.raises(NotFound):
                read.held_file(world.database, world.settings, world.people["carl"], request_id, 1, number)


def test_no_word_from_a_container_reaches_the_control_database(world: World) -> None:
    """Names, descriptions, contexts, code, findings' words and comments are searched for in every cell there is."""
    secret = "sentinel-Zx7"

    def quotes(file: HeldFile, cut: CutFacts, appetite: object) -> tuple[Finding, ...]:
        return (Finding("counts", "low count", "fail", f"Row {secret}", (f"cell {secret}",)),)

    receipt = world.submit({f"{secret}.csv": f"{secret},1\n".encode()}, run=quotes)
    args = (world.database, world.settings, world.people["chris"], receipt.id, world.request(receipt.id).version)
    review.review(*args, {1: Verdict.CHANGE}, [NewComment(f"{secret} is a row.")])
    assert secret not in everything_in(world.database)
    page = read.review_page(world.database, world.settings, world.people["chris"], receipt.id)
    assert repr(page.rounds[0].files[0]).count(secret) >= 4


def everything_in(database: Database) -> str:
    with database.read() as connection:
        names = inspect(connection).get_table_names()
        return "\n".join(str(row) for name in names for row in connection.execute(text(f"SELECT * FROM {name}")))


def test_the_hold_keeps_what_was_submitted_in_every_state(world: World) -> None:
    for state in sorted(set(State) - {State.DRAFT}):
        request = world.request(world.bring_to(state))
        assert ContentStore(world.settings.hold).get(request.files[0].sha256)
