"""A hub and an egress service of the tests' own, as far as a notebook talks to them."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

TOKEN = "a-token-of-the-server"
REQUEST = "00c0ffee00c0ffee"


@dataclass(frozen=True)
class Received:
    """One request as it arrived."""

    method: str
    path: str
    authorization: str
    content_type: str
    body: bytes

    @property
    def parts(self) -> list[tuple[str, str, bytes]]:
        """The parts of a form: name, file name, content."""
        head = f"Content-Type: {self.content_type}\r\n\r\n".encode()
        message = BytesParser(policy=HTTP).parsebytes(head + self.body)
        return [
            (
                str(part.get_param("name", header="content-disposition")),
                part.get_filename() or "",
                part.get_payload(decode=True),
            )
            for part in message.iter_parts()
        ]

    @property
    def files(self) -> dict[str, bytes]:
        return {file: content for name, file, content in self.parts if name == "files"}

    @property
    def manifest(self) -> dict[str, Any]:
        return json.loads(next(content for name, _, content in self.parts if name == "manifest"))


@dataclass
class Service:
    """What arrived, and what is answered: by (method, path), or by the path's beginning."""

    answers: dict[tuple[str, str], tuple[int, Any]]
    received: list[Received] = field(default_factory=list)
    port: int = 0

    def answer(self, received: Received) -> tuple[int, Any]:
        self.received.append(received)
        for (method, path), answer in self.answers.items():
            if received.method == method and received.path.startswith(path):
                return answer
        return 404, {"error": {"message": "There is no such address.", "hint": "Check it."}}


class _Server(ThreadingHTTPServer):
    """A server that a browser's burst of requests does not overrun."""

    request_queue_size = 128
    daemon_threads = True


@contextmanager
def serving(service: Service, address: str = "127.0.0.1") -> Iterator[Service]:
    """Serve on a free port of an address of this host until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            authorization, kind = self.headers.get("Authorization", ""), self.headers.get("Content-Type", "")
            status, content = service.answer(Received(self.command, self.path, authorization, kind, body))
            written = content if isinstance(content, bytes) else json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(written)))
            self.send_header("X-JupyterHub-Version", "6.1.1")
            self.end_headers()
            self.wfile.write(written)

        do_GET = do_POST = _serve  # noqa: N815 - the names http.server calls

        def log_message(self, *_: object) -> None:
            """Say nothing: what arrived is in `received`."""

    server = _Server((address, 0), Handler)
    service.port = server.server_address[1]
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def hub() -> Service:
    """A hub that knows one person, whatever the token, and lets her use one server."""
    rosa = {
        "kind": "user",
        "name": "rosa",
        "admin": False,
        "groups": [],
        "scopes": ["access:servers!server=rosa/cis-spinal"],
        "session_id": None,
    }
    return Service(
        {("GET", "/hub/api/user"): (200, rosa), ("GET", "/hub/api"): (200, {}), ("POST", "/hub/api"): (200, {})}
    )


FINDING = {"check": "small-counts", "risk": "low count", "status": "pass", "message": "No cell is under 10 people."}
WARNING = {"check": "identifiers", "risk": "identity", "status": "review", "message": "<b>Look</b> at line 1."}


def egress() -> Service:
    """An egress service that holds everything it is sent."""
    files = [{"name": "outbox/table.csv", "sha256": "00", "bytes": 3, "findings": [FINDING, WARNING]}]
    held = {"id": REQUEST, "state": "submitted", "received_at": "2026-06-01T09:00:00Z", "files": files}
    request = {
        "id": REQUEST,
        "state": "returned",
        "round": 1,
        "author": "rosa",
        "submitted_at": "2026-06-01T09:00:00Z",
        "description": "A table",
        "files": [{"name": "outbox/table.csv", "sha256": "00", "bytes": 3}],
        "comments": [{"round": 1, "file": "outbox/table.csv", "text": "Round the counts."}],
    }
    return Service(
        {
            ("POST", "/v1/preflight"): (200, {"files": files}),
            ("POST", f"/v1/requests/{REQUEST}/withdraw"): (200, {"id": REQUEST, "state": "withdrawn"}),
            ("POST", "/v1/requests"): (201, held),
            ("GET", "/v1/requests"): (200, {"requests": [request]}),
        }
    )
