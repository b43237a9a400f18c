"""Sign in from the command line: a browser does it, a listener on loopback gets the answer (RFC 8252)."""

import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Event, Thread
from urllib.parse import parse_qs, urlsplit

from core.database import Database
from core.errors import Refused
from core.people.models import Person
from core.people.sessions import admit, open_session
from core.settings import Settings
from core.web.oidc import Attempt, OidcClient, SignInRefused

_PAGE = b"<!doctype html><title>Myelin</title><p>You can close this page and go back to your terminal."


def sign_in(
    settings: Settings, database: Database, *, open_page: Callable[[str], None], seconds: float = 300
) -> tuple[Person, str]:
    """Sign a person in through the page that `open_page` is given; return who it is, and the session's token.

    Raises Refused where nobody signs in within the time or the account is closed, SignInRefused where the answer is
    not one to trust, and NotFound where the person is not known here.
    """
    client, attempt = OidcClient(settings), Attempt.begin()
    with _Listener() as listener:
        open_page(client.authorization_url(attempt, listener.address))
        answer = listener.wait(seconds)
        if not hmac.compare_digest(answer.get("state", ""), attempt.state) or "code" not in answer:
            raise SignInRefused("The sign-in was not completed.", "Run `myelin login` again.")
        claims = client.exchange(answer["code"], attempt, listener.address)
    used = claims.second_factor
    person = admit(database, settings, claims.issuer, claims.subject, "cli", second_factor=used)
    return person, open_session(database, person, "cli", settings.session_hours, second_factor=used)


@dataclass
class _Listener:
    """Wait on a free loopback port for the one redirect that ends a sign-in."""

    answer: dict[str, str] = field(default_factory=dict)
    arrived: Event = field(default_factory=Event)

    def __enter__(self) -> "_Listener":
        self.server = HTTPServer(("127.0.0.1", 0), _handler_for(self))
        Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    @property
    def address(self) -> str:
        """Where the provider sends the browser back to."""
        return f"http://127.0.0.1:{self.server.server_port}/callback"

    def wait(self, seconds: float) -> dict[str, str]:
        """Return the redirect's parameters."""
        if not self.arrived.wait(seconds):
            raise Refused("Nobody signed in.", "Run `myelin login` again.")
        return self.answer


def _handler_for(listener: _Listener) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            if parts.path != "/callback" or listener.arrived.is_set():
                self.send_error(404)
                return
            listener.answer.update({name: values[0] for name, values in parse_qs(parts.query).items()})
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(_PAGE)
            listener.arrived.set()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the base class's own name)
            """Say nothing: the code in the address is a secret."""

    return Handler
