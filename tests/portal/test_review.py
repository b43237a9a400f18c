"""The checkers' pages, walked through their forms: queue, review, decision, release."""

import pytest

from core.database import Database
from egress_review.checks.models import CutFacts, Finding, HeldFile
from egress_review.models import Audience, State, Verdict
from egress_review.policy import possible_actions
from tests.egress_review.world import World
from tests.support.pages import Page, Reader
from tests.support.portal import Sits

TABLE = {"small.csv": b"lesion,people\nno,112\nyes,4\n"}


def finds(file: HeldFile, cut: CutFacts, appetite: object) -> tuple[Finding, ...]:
    """Find one thing of each kind."""
    return (
        Finding("small_counts", "low count", "fail", "1 cell holds fewer than 10 people.", ("row 2: 4",)),
        Finding("regression", "saturation", "review", "A coefficient is for a person to judge."),
        Finding("differencing", "differencing", "not_checked", "Other releases were not compared."),
        Finding("identifiers", "identity", "pass", "No pseudonym is in this file."),
    )


def approve_all(reader: Reader, request_id: str, **more: str) -> Page:
    page = reader.open(f"/reviews/{request_id}")
    files = len(page.soup.select("article.file"))
    return reader.press(page, "Send my review", **{f"verdict-{n}": "approve" for n in range(1, files + 1)} | more)


class TestQueue:
    def headings(self, page: Page) -> list[str]:
        return [heading.get_text(" ", strip=True) for heading in page.soup.select("h2")]

    @pytest.mark.parametrize(
        ("state", "chris", "carl"),
        [
            (State.SUBMITTED, "Waiting for your review", "Waiting for your review"),
            (State.PARTLY_REVIEWED, "Waiting for the second checker", "Waiting for your review"),
            (State.REVIEWED, "Waiting for a decision", "Waiting for a decision"),
            (State.APPROVED, "Approved, waiting for release", "Approved, waiting for release"),
        ],
    )
    def test_a_request_is_listed_by_what_it_waits_for(
        self, house: World, sits: Sits, state: State, chris: str, carl: str
    ) -> None:
        request_id = house.bring_to(state)
        for username, heading in (("chris", chris), ("carl", carl)):
            page = sits(username).open("/reviews")
            assert self.headings(page) == [f"{heading} 1 requests", "Done"]
            assert page.soup.select_one(f'a[href="/reviews/{request_id}"]')

    def test_settled_requests_are_below(self, house: World, sits: Sits) -> None:
        house.bring_to(State.RELEASED)
        page = sits("chris").open("/reviews")
        assert "Nothing waits for a checker." in page.text
        assert "released" in page.text

    def test_ages_and_findings_are_told_in_words(self, house: World, sits: Sits, database: Database) -> None:
        house.submit(TABLE, run=finds)
        database.clock.turn(hours=3)  # type: ignore[attr-defined]
        page = sits("chris").open("/reviews")
        for words in ("3 hours", "1 fail", "1 review", "1 not checked", "1 pass"):
            assert words in page.text

    @pytest.mark.parametrize("username", ["rosa", "olga", "dirk", "anna", "dana"])
    def test_it_is_for_checkers(self, house: World, sits: Sits, username: str) -> None:
        assert sits(username).open("/reviews").status == 403


class TestReviewPage:
    def test_everything_needed_to_judge_stands_beside_the_file(self, house: World, sits: Sits) -> None:
        request_id = house.submit(TABLE, run=finds).id
        page = sits("chris").open(f"/reviews/{request_id}")
        for words in (
            "Conversion by lesions.",
            "1. small.csv",
            "Fails 1",
            "1 cell holds fewer than 10 people.",
            "row 2: 4",
            "For a person to judge 1",
            "Not checked 1",
            "Passes 1",
            "What small.csv shows.",
            "con.sql(...)",
            "cis_cohort.patients",
            "Whether spinal cord lesions go with conversion.",
            "Nothing of this project has been released before.",
        ):
            assert words in page.text

    def test_findings_are_grouped_worst_first(self, house: World, sits: Sits) -> None:
        request_id = house.submit(TABLE, run=finds).id
        badges = [
            b.get_text(" ", strip=True)
            for b in sits("chris").open(f"/reviews/{request_id}").soup.select("summary .badge")
        ]
        assert badges == ["Fails", "For a person to judge", "Not checked", "Passes"]

    def test_what_was_released_before_is_beside_it(self, house: World, sits: Sits) -> None:
        earlier = house.bring_to(State.RELEASED, {"earlier.csv": b"a,people\nb,40\n"})
        page = sits("chris").open(f"/reviews/{house.submit(TABLE).id}")
        assert "earlier.csv" in page.text
        assert page.soup.select_one(f'a[href="/reviews/{earlier}"]')

    def test_the_file_is_shown_in_a_frame_that_may_do_nothing(self, house: World, sits: Sits) -> None:
        chris = sits("chris")
        frame = chris.open(f"/reviews/{house.submit(TABLE).id}").soup.find("iframe")
        assert frame is not None
        assert frame.has_attr("sandbox")
        assert not frame["sandbox"], "nothing is allowed in it"
        assert frame["title"] == "Content of small.csv"
        answer = chris.client.get(str(frame["src"]))
        assert "112" in answer.text
        policy = answer.headers["content-security-policy"]
        for rule in (
            "default-src 'none'",
            "img-src data:",
            "style-src 'unsafe-inline'",
            "sandbox",
            "frame-ancestors 'self'",
        ):
            assert rule in policy
        assert "script-src" not in policy
        assert "allow-" not in policy
        assert answer.headers["cache-control"] == "no-store"

    @pytest.mark.parametrize("username", ["rosa", "lena", "ravi", "olga", "anna"])
    def test_held_content_is_for_checkers_alone(self, house: World, sits: Sits, username: str) -> None:
        request_id = house.submit(TABLE).id
        for path in (f"/reviews/{request_id}", f"/reviews/{request_id}/rounds/1/files/1"):
            page = sits(username).open(path)
            assert page.status == 403
            assert "small.csv" not in page.response.text


class TestReview:
    def test_until_both_have_spoken_neither_sees_what_the_other_said(self, house: World, sits: Sits) -> None:
        request_id = house.submit(TABLE).id
        chris, chloe = sits("chris"), sits("chloe")
        page = approve_all(chris, request_id, **{"comment-1": "chris sees nothing wrong"})
        assert "Your review is recorded." in page.text
        assert "A second checker must speak too" in page.text
        assert "chris sees nothing wrong" in page.text, "one's own words are shown"
        before = chloe.open(f"/reviews/{request_id}")
        assert "neither sees what the other said" in before.text
        assert "chris sees nothing wrong" not in before.response.text
        assert "chris approve" not in before.text
        after = approve_all(chloe, request_id, **{"comment-whole": "chloe agrees", "audience-whole": "checkers"})
        assert "chris sees nothing wrong" in after.text
        assert "chloe agrees" in after.text
        assert "chris approve" in after.text

    def test_comments_go_where_they_were_meant_to(self, house: World, sits: Sits) -> None:
        request_id = house.submit(TABLE).id
        words = {"comment-1": "leave row 2 out", "comment-whole": "for chloe", "audience-whole": "checkers"}
        approve_all(sits("chris"), request_id, **words)
        page = approve_all(sits("chloe"), request_id)
        assert "for the team" in page.text
        assert "for checkers" in page.text

    def test_a_file_left_out_is_refused_and_nothing_is_kept(self, house: World, sits: Sits) -> None:
        request_id = house.submit({**TABLE, "other.csv": b"a,people\nb,30\n"}).id
        chris = sits("chris")
        page = chris.press(chris.open(f"/reviews/{request_id}"), "Send my review", **{"verdict-1": "approve"})
        assert (page.status, page.heading) == (422, "Something is missing or not right")
        assert house.request(request_id).state is State.SUBMITTED

    @pytest.mark.parametrize(
        "wrong",
        [
            {"verdict-1": "yes"},
            {"verdict-one": "approve"},
            {"comment-1": "x", "audience-1": "everybody"},
            {"comment-9": "there is no file 9"},
            {"comment-1": "x" * 4001},
        ],
    )
    def test_a_form_that_was_tampered_with_is_refused(self, house: World, sits: Sits, wrong: dict[str, str]) -> None:
        request_id = house.submit(TABLE).id
        assert approve_all(sits("chris"), request_id, **wrong).status == 422
        assert house.request(request_id).state is State.SUBMITTED

    def test_the_same_person_does_not_review_twice(self, house: World, sits: Sits) -> None:
        request_id = house.submit(TABLE).id
        chris = sits("chris")
        page = chris.open(f"/reviews/{request_id}")
        chris.press(page, "Send my review", **{"verdict-1": "approve"})
        again = chris.press(page, "Send my review", **{"verdict-1": "approve"})
        assert again.status == 409
        assert house.request(request_id).state is State.PARTLY_REVIEWED

    def test_a_page_of_an_earlier_round_is_stale(self, house: World, sits: Sits) -> None:
        request_id = house.submit(TABLE).id
        carl = sits("carl")
        stale = carl.open(f"/reviews/{request_id}")
        house.review(request_id, "chris", Verdict.CHANGE)
        house.review(request_id, "chloe", Verdict.CHANGE)
        house.return_to_team(request_id)
        house.submit({"better.csv": b"a,people\nb,30\n"}, replaces=request_id)
        page = carl.press(stale, "Send my review", **{"verdict-1": "approve"})
        assert (page.status, page.heading) == (409, "This has moved on")
        assert "changed since you opened it" in page.text
        fresh = page.soup.select_one("main a.button")
        assert fresh is not None
        assert fresh["href"] == f"/reviews/{request_id}"
        assert not house.request(request_id).votes

    def test_earlier_rounds_stay_in_sight(self, house: World, sits: Sits) -> None:
        request_id = house.bring_to(State.RETURNED, TABLE)
        house.submit({"better.csv": b"a,people\nb,30\n"}, replaces=request_id)
        page = sits("chris").open(f"/reviews/{request_id}")
        assert "Files of round 2" in page.text
        assert "Earlier rounds" in page.text
        assert "Cell b is small." in page.text
        assert len(page.soup.select("fieldset.verdict")) == 1, "only the current round is judged"


class TestDecision:
    def test_approved_by_both_then_approved_then_released(self, house: World, sits: Sits) -> None:
        request_id = house.submit(TABLE).id
        chris, chloe = sits("chris"), sits("chloe")
        approve_all(chris, request_id)
        page = chloe.press(approve_all(chloe, request_id), "Approve the request")
        assert "It leaves when it is released." in page.text
        page = chris.press(chris.open(f"/reviews/{request_id}"), "Release to the team")
        assert "The files are released to the team." in page.text
        assert house.request(request_id).state is State.RELEASED

    @pytest.mark.parametrize(("button", "state"), [("Send back", State.RETURNED), ("Reject for good", State.REJECTED)])
    def test_sent_back_or_rejected_with_a_reason(self, house: World, sits: Sits, button: str, state: State) -> None:
        request_id = house.bring_to(State.REVIEWED)
        chris = sits("chris")
        page = chris.open(f"/reviews/{request_id}")
        assert chris.press(page, button, reason="  ").status == 422
        done = chris.press(page, button, reason="Row 2 is four people.")
        assert house.request(request_id).state is state
        assert "Row 2 is four people." in done.text

    def test_what_one_checker_objects_to_can_not_be_approved(self, house: World, sits: Sits) -> None:
        request_id = house.submit(TABLE).id
        house.review(request_id, "chris")
        house.review(request_id, "chloe", Verdict.CHANGE)
        page = sits("chris").open(f"/reviews/{request_id}")
        assert "It can’t be approved" in page.text
        assert not page.has_button("Approve the request")

    @pytest.mark.parametrize("state", [state for state in State if state is not State.DRAFT])
    def test_the_page_offers_what_the_table_allows_and_nothing_else(
        self, house: World, sits: Sits, state: State
    ) -> None:
        request_id = house.bring_to(state)
        carl = sits("carl")
        page = carl.open(f"/reviews/{request_id}")
        assert carl.person is not None
        buttons = {
            "review": "Send my review",
            "approve": "Approve the request",
            "return": "Send back to the team",
            "reject": "Reject for good",
            "release": "Release to the team",
        }
        offered = {action for action, button in buttons.items() if page.has_button(button)}
        assert offered == {str(action) for action in possible_actions(house.request(request_id), carl.person)}

    def test_a_stale_decision_is_refused(self, house: World, sits: Sits) -> None:
        request_id = house.bring_to(State.REVIEWED)
        chris = sits("chris")
        page = chris.open(f"/reviews/{request_id}")
        house.approve(request_id, "chloe")
        assert chris.press(page, "Approve the request").status == 409
        assert chris.press(page, "Reject for good", reason="No.").status == 409
        assert house.request(request_id).state is State.APPROVED

    def test_a_comment_can_be_added_until_it_is_settled(self, house: World, sits: Sits) -> None:
        request_id = house.bring_to(State.REVIEWED)
        chris = sits("chris")
        page = chris.open(f"/reviews/{request_id}")
        said = chris.press(
            page, "Add the comment", **{"comment-whole": "Asked the author.", "audience-whole": "checkers"}
        )
        assert "Asked the author." in said.text
        assert Audience.CHECKERS in said.text
        house.reject(request_id)
        assert not chris.open(f"/reviews/{request_id}").has_button("Add the comment")
