"""The client sends what the egress API expects, and says a refusal in a sentence."""

import json
import re
from pathlib import Path

import myelin
import pytest
from myelin import evidence

from egress_review.manifest import parse_manifest
from tests.images.services import REQUEST, TOKEN, Service

CONTEXT = "People by lesions"


@pytest.fixture
def table(home: Path) -> Path:
    file = home / "outbox/table.csv"
    file.write_bytes(b"a,b\n")
    return file


def test_a_request_carries_files_context_and_code(
    egress_service: Service, table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("myelin.api.session_code", lambda: "# cell 1\ncrossing")
    request = myelin.request_release(table, description="A table", context=CONTEXT, replaces="0" * 16)
    (received,) = egress_service.received
    assert (received.method, received.path, received.authorization) == ("POST", "/v1/requests", f"token {TOKEN}")
    assert received.files == {"outbox/table.csv": b"a,b\n"}
    note = {"name": "outbox/table.csv", "context": CONTEXT, "code": "# cell 1\ncrossing", "statbarn": None}
    assert received.manifest == {"description": "A table", "replaces": "0" * 16, "files": [note]}
    assert (request.id, request.state) == (REQUEST, "submitted")


def test_the_egress_api_understands_what_is_sent(egress_service: Service, home: Path) -> None:
    (home / "Läsionen.csv").write_bytes(b"1")
    myelin.request_release("Läsionen.csv", description="Männer", replaces=REQUEST)
    (received,) = egress_service.received
    manifest = parse_manifest(json.dumps(received.manifest))
    assert [note.name for note in manifest.files] == list(received.files) == ["Läsionen.csv"]


def test_each_file_can_have_a_context_of_its_own(egress_service: Service, table: Path, home: Path) -> None:
    (home / "b.csv").write_bytes(b"1")
    myelin.request_release([table, "b.csv"], description="Two", context={"b.csv": "Second", table: "First"})
    notes = egress_service.received[0].manifest["files"]
    assert [(note["name"], note["context"]) for note in notes] == [("outbox/table.csv", "First"), ("b.csv", "Second")]


def test_a_context_for_a_file_that_is_not_sent_is_refused(egress_service: Service, table: Path) -> None:
    with pytest.raises(myelin.FileRefused, match=r"a context for other.csv"):
        myelin.request_release(table, description="One", context={"other.csv": "?"})
    assert egress_service.received == []


def test_a_request_without_a_description_is_refused_at_once(egress_service: Service, table: Path) -> None:
    with pytest.raises(myelin.RequestRefused, match="The description is empty"):
        myelin.request_release(table, description=" ")
    assert egress_service.received == []


def test_the_preflight_shows_first_what_needs_a_look(egress_service: Service, table: Path) -> None:
    findings = myelin.preflight("outbox/table.csv")
    assert egress_service.received[0].path == "/v1/preflight"
    assert [finding["status"] for finding in findings] == ["review", "pass"]
    assert findings.caption == "Pre-flight, nothing was kept: 1 pass, 1 review."


def test_a_table_is_html_in_a_notebook_and_text_elsewhere(egress_service: Service, table: Path) -> None:
    findings = myelin.preflight(table)
    assert "&lt;b&gt;Look&lt;/b&gt;" in findings._repr_html_()
    assert re.search(r"^outbox/table.csv +small-counts +low count +pass +No cell", repr(findings), re.MULTILINE)


def test_requests_are_listed_with_their_comments(egress_service: Service) -> None:
    (request,) = myelin.requests()
    assert (request["id"], request["state"], request["comments"]) == (
        REQUEST,
        "returned",
        "outbox/table.csv: Round the counts.",
    )


def test_a_request_can_be_withdrawn(egress_service: Service) -> None:
    myelin.withdraw(REQUEST)
    assert (egress_service.received[0].method, egress_service.received[0].path) == (
        "POST",
        f"/v1/requests/{REQUEST}/withdraw",
    )


def test_a_refusal_of_the_service_is_shown_without_a_traceback(egress_service: Service, table: Path) -> None:
    error = {"message": "This project is suspended.", "hint": "Ask the operators."}
    egress_service.answers = {("POST", "/v1/requests"): (403, {"error": error})}
    with pytest.raises(myelin.RequestRefused) as refused:
        myelin.request_release(table, description="A table")
    assert refused.value._render_traceback_() == ["RequestRefused: This project is suspended.", "Ask the operators."]
    assert str(refused.value) == "This project is suspended.\nAsk the operators."


@pytest.mark.parametrize("answer", [(502, b"<html>Bad gateway</html>"), (200, b"hello"), (500, {"error": {}})])
def test_an_answer_that_makes_no_sense_is_not_taken_for_success(
    egress_service: Service, table: Path, answer: tuple[int, bytes]
) -> None:
    egress_service.answers = {("POST", "/v1/requests"): answer}
    with pytest.raises(myelin.ServiceUnavailable, match=f"answered {answer[0]}"):
        myelin.request_release(table, description="A table")


def test_no_answer_says_how_to_see_whether_the_request_arrived(
    egress_service: Service, table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MYELIN_EGRESS_URL", "http://127.0.0.1:1")
    with pytest.raises(myelin.ServiceUnavailable, match=r"did not answer.*\n.*myelin\.requests\(\)"):
        myelin.request_release(table, description="A table")


def test_the_token_does_not_go_to_a_proxy(egress_service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert len(myelin.requests()) == 1


def test_a_session_without_a_hub_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MYELIN_EGRESS_URL", raising=False)
    with pytest.raises(myelin.ServiceUnavailable, match="does not know the egress service"):
        myelin.requests()


def test_long_code_is_cut_at_the_front() -> None:
    assert evidence.latest("0123456789", 10) == "0123456789"
    assert evidence.latest("0123456789", 4) == "# ... 6 earlier characters left out\n6789"


def test_outside_a_notebook_there_is_no_code() -> None:
    assert evidence.session_code() == ""
