"""The egress API as a notebook container meets it: what it takes, what it answers, what it refuses."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from structlog.testing import capture_logs

from core.audit.log import entries
from egress_review.api import make_app
from egress_review.errors import HubUnavailable, TokenRefused
from egress_review.models import State
from tests.egress_review.world import OTHER_PROJECT, PROJECT, World, looks_fine

TOKENS = {"rosas": ("rosa", PROJECT), "lenas": ("lena", PROJECT), "ravis": ("ravi", OTHER_PROJECT)}
FILES = {"conversion.csv": b"lesion,people\nyes,23\nno,41\n", "out/fit.txt": b"n = 64\n"}


def whose(token: str) -> tuple[str, str]:
    """Stand in for the hub, which tests/attacks and the journey ask for real."""
    if token not in TOKENS:
        raise TokenRefused("The hub does not know this token.")
    return TOKENS[token]


class Container:
    """A notebook container: where it sits, and the token it was started with."""

    def __init__(self, world: World, token: str, project_id: str) -> None:
        peer, gateway = world.peer(project_id), world.peer(project_id) - 1
        app = make_app(world.database, world.settings, whose, looks_fine)
        headers = {"Authorization": f"token {token}"}
        self.http = TestClient(app, f"http://{gateway}:8082", headers=headers, client=(str(peer), 40000))

    def send(
        self, files: dict[str, bytes] | None = None, path: str = "/v1/requests", manifest: Any = None, **more: Any
    ) -> Any:
        files = FILES if files is None else files
        words = {"description": "Conversion.", "replaces": None, "files": [note(name) for name in files]}
        parts = [("files", (name, content)) for name, content in files.items()]
        sent = json.dumps({**words, **more}) if manifest is None else manifest
        return self.http.post(path, files=parts, data={"manifest": sent})


def note(name: str) -> dict[str, Any]:
    return {"name": name, "context": "A 2x2 table.", "code": "con.sql(...)", "statbarn": None}


@pytest.fixture
def engine() -> str:
    """HTTP does not differ by engine: the services below it are tested on both."""
    return "sqlite"


@pytest.fixture
def rosas(world: World) -> Container:
    return Container(world, "rosas", PROJECT)


def test_a_submission_is_held_and_answered_with_what_the_checks_say(world: World, rosas: Container) -> None:
    answer = rosas.send()
    body = answer.json()
    assert (answer.status_code, body["state"]) == (201, "submitted")
    assert [file["name"] for file in body["files"]] == list(FILES)
    assert body["files"][0]["findings"][0]["status"] == "pass"
    request = world.request(body["id"])
    assert (request.author, request.project_id, request.state) == ("rosa", PROJECT, State.SUBMITTED)


def test_the_team_sees_its_requests_and_another_project_does_not(world: World, rosas: Container) -> None:
    request_id = rosas.send().json()["id"]
    (seen,) = Container(world, "lenas", PROJECT).http.get("/v1/requests").json()["requests"]
    assert (seen["id"], seen["description"], seen["comments"]) == (request_id, "Conversion.", [])
    assert Container(world, "ravis", OTHER_PROJECT).http.get("/v1/requests").json() == {"requests": []}


def test_comments_come_once_the_request_is_sent_back_and_a_new_round_follows(world: World, rosas: Container) -> None:
    request_id = rosas.send().json()["id"]
    for checker in ("chris", "chloe"):
        world.review(request_id, checker)
    world.return_to_team(request_id, "Cell b is small.")
    (seen,) = rosas.http.get("/v1/requests").json()["requests"]
    assert seen["comments"] == [{"round": 1, "file": None, "text": "Cell b is small."}]
    assert rosas.send({"fixed.csv": b"a,12\n"}, replaces=request_id).json()["id"] == request_id


def test_a_request_is_withdrawn_by_its_author_alone(world: World, rosas: Container) -> None:
    request_id = rosas.send().json()["id"]
    path = f"/v1/requests/{request_id}/withdraw"
    assert Container(world, "ravis", OTHER_PROJECT).http.post(path).status_code == 404
    assert Container(world, "lenas", PROJECT).http.post(path).status_code == 403
    assert rosas.http.post(path).json() == {"id": request_id, "state": "withdrawn"}
    assert rosas.http.post(path).status_code == 409


def test_a_preflight_answers_and_keeps_nothing(world: World, rosas: Container) -> None:
    answer = rosas.send(path="/v1/preflight")
    assert answer.json()["files"][0]["findings"][0]["check"] == "counts"
    assert list(world.settings.hold.glob("*")) == []


def test_health_tells_nothing_but_that_it_is_there(world: World) -> None:
    app = make_app(world.database, world.settings, whose, looks_fine)
    assert TestClient(app).get("/v1/health").json() == {"status": "ok"}


def test_nothing_of_a_submission_stays_on_disk_but_the_hold(world: World, rosas: Container) -> None:
    rosas.send()
    assert list((world.settings.state / "incoming").iterdir()) == []


class TestBadInput:
    @pytest.mark.parametrize(
        "name",
        [
            "../secret.csv",
            "out/../../secret.csv",
            "/etc/passwd",
            "out//table.csv",
            "./table.csv",
            "table.csv ",
            "ta\x00ble.csv",
            "ta\nble.csv",
            "ta\u202eble.csv",
            "ta\u200bble.csv",
            "back\\slash.csv",
            "x" * 256,
            "x" * 4096,
            "",
        ],
    )
    def test_a_name_that_is_not_a_plain_path_below(self, rosas: Container, name: str) -> None:
        manifest = json.dumps({"description": "d", "files": [{"name": name}]})
        answer = rosas.send({"table.csv": b"a,12\n"}, manifest=manifest)
        assert answer.status_code == 422
        assert set(answer.json()["error"]) == {"message", "hint"}

    def test_a_file_other_than_the_one_described(self, rosas: Container) -> None:
        manifest = json.dumps({"description": "d", "files": [{"name": "other.csv"}]})
        assert rosas.send({"table.csv": b"a,12\n"}, manifest=manifest).status_code == 422

    def test_two_names_that_read_the_same(self, rosas: Container) -> None:
        assert rosas.send({"Table.csv": b"a,12\n", "table.csv": b"a,13\n"}).status_code == 422

    @pytest.mark.parametrize(
        "manifest",
        [
            "",
            "[]",
            "{",
            '{"description": "d", "files": []}',
            '{"description": "", "files": [{"name": "table.csv"}]}',
            '{"description": "\\ud800", "files": [{"name": "table.csv"}]}',
            '{"description": 7, "files": [{"name": "table.csv"}]}',
            '{"description": "a\\u202eb", "files": [{"name": "table.csv"}]}',
            '{"description": "d", "replaces": "../x", "files": [{"name": "table.csv"}]}',
        ],
    )
    def test_a_manifest_that_is_none(self, rosas: Container, manifest: str) -> None:
        assert rosas.send({"table.csv": b"a,12\n"}, manifest=manifest).status_code == 422

    def test_a_refusal_does_not_repeat_what_was_sent(self, rosas: Container) -> None:
        manifest = json.dumps({"description": "d", "files": [{"name": "../sentinel-Zx7.csv"}]})
        assert "sentinel" not in rosas.send({"table.csv": b"a,12\n"}, manifest=manifest).text

    def test_no_multipart(self, rosas: Container) -> None:
        assert rosas.http.post("/v1/requests", json={"files": []}).status_code == 422
        headers = {"Content-Type": "multipart/form-data; boundary=x"}
        assert rosas.http.post("/v1/requests", content=b"--y nonsense", headers=headers).status_code == 422

    def test_too_many_files(self, rosas: Container) -> None:
        assert rosas.send({f"{number}.csv": b"a,12\n" for number in range(21)}).status_code in (413, 422)

    def test_too_many_bytes(self, world: World, rosas: Container) -> None:
        assert rosas.send({"big.bin": bytes(world.settings.submission_max_bytes + 1)}).status_code == 413

    def test_an_endless_body_is_cut_off_while_it_arrives(self, world: World, rosas: Container) -> None:
        sent = 0

        def endless() -> Iterator[bytes]:
            nonlocal sent
            yield b'--x\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n\r\n'
            while sent < 4 * world.settings.submission_max_bytes:
                sent += 1 << 20
                yield bytes(1 << 20)

        headers = {"Content-Type": "multipart/form-data; boundary=x"}
        answer = rosas.http.post("/v1/requests", content=endless(), headers=headers)
        assert answer.status_code == 413

    def test_a_length_announced_too_large_is_refused_unread(self, rosas: Container) -> None:
        headers = {"Content-Type": "multipart/form-data; boundary=x", "Content-Length": str(1 << 40)}
        assert rosas.http.post("/v1/requests", content=b"", headers=headers).status_code == 413

    def test_an_unknown_address(self, rosas: Container) -> None:
        for path in ("/", "/docs", "/openapi.json", "/v1/requests/x/approve"):
            answer = rosas.http.get(path)
            assert (answer.status_code, answer.json()["error"]["message"]) == (404, "Not Found.")

    def test_a_failure_shows_no_trace(self, world: World) -> None:
        broken = Container(world, "rosas", PROJECT)
        broken.http.app.state.egress.run = lambda *_: int("P0123")  # type: ignore[attr-defined]
        with capture_logs() as logged:
            answer = broken.send()
        assert answer.status_code == 500
        assert "ValueError" not in answer.text
        assert logged[0]["kind"] == ["ValueError"]
        assert "P0123" not in answer.text + str(logged)
        assert world.database.engine is not None
        assert Container(world, "rosas", PROJECT).http.get("/v1/requests").json() == {"requests": []}


def test_when_the_hub_does_not_answer_nobody_gets_in(world: World) -> None:
    def silent(_token: str) -> tuple[str, str]:
        raise HubUnavailable("The hub does not answer.", "Try again in a minute.")

    app = make_app(world.database, world.settings, silent, looks_fine)
    peer = world.peer()
    http = TestClient(app, f"http://{peer - 1}:8082", client=(str(peer), 40000))
    assert http.get("/v1/requests", headers={"Authorization": "token rosas"}).status_code == 503


def test_a_project_has_two_submissions_under_way_at_most(world: World, rosas: Container) -> None:
    rosas.http.app.state.egress._under_way[PROJECT] = 2  # type: ignore[attr-defined]
    assert rosas.send().status_code == 429
    rosas.http.app.state.egress._under_way[PROJECT] = 0  # type: ignore[attr-defined]
    assert rosas.send().status_code == 201
    assert rosas.http.app.state.egress._under_way[PROJECT] == 0  # type: ignore[attr-defined]


def test_refusals_are_logged_but_a_flood_of_them_is_one_line(world: World) -> None:
    stranger = Container(world, "unknown", PROJECT)
    for _ in range(50):
        assert stranger.http.get("/v1/requests").status_code == 401
    with world.database.read() as connection:
        logged = [entry for entry, _ in entries(connection) if entry.action == "egress_review:access:refuse"]
    assert [(entry.subject, entry.detail["reason"]) for entry in logged] == [(f"peer:{world.peer()}", "TokenRefused")]
