"""The last resort of a web application: what nobody foresaw is answered, and logged without its words."""

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.failures import log_failure

Answer = Callable[[Request, str], Response]
"""Makes the answer to a request that failed, given the reference its failure is logged under."""


class BrokenOff(Exception):
    """An answer that had begun could not be finished; what happened is in the log under this reference."""


class Failures:
    """Answer what nobody else did, and let no error out whose words the server would log."""

    def __init__(self, app: ASGIApp, answer: Answer) -> None:
        self.app = app
        self.answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and answer it where nobody else could; raises BrokenOff where an answer had begun."""
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        started = False

        async def send_and_see(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, send_and_see)
        except Exception as error:  # noqa: BLE001  (an error of any kind is logged here, without its words)
            reference = log_failure("request failed", error, path=scope["path"])
        else:
            return None
        if started:
            raise BrokenOff(reference)
        return await self.answer(Request(scope), reference)(scope, receive, send)
