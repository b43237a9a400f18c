"""What every answer tells the browser, and the one host name the portal answers to.

`Referrer-Policy` is same-origin, not no-referrer: nothing is told to other sites by either, but with the latter
browsers send `Origin: null` with our own forms, and the check of where a form came from would be lost.
"""

from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.settings import Settings

PAGE_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "frame-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)

HEADERS = {
    "Content-Security-Policy": PAGE_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), display-capture=(), usb=(), browsing-topics=()",
    "Cache-Control": "no-store",
}
"""Set where a route has not said otherwise: what is held or personal is never kept by a browser or a proxy."""

STRICT_TRANSPORT = "max-age=31536000"
HEALTH = "/health"


class SecurityHeaders:
    """Refuse requests under a foreign host name, and give every answer its headers."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self.host = urlsplit(settings.portal_url).netloc
        self.headers = dict(HEADERS)
        if settings.portal_url.startswith("https:"):
            self.headers["Strict-Transport-Security"] = STRICT_TRANSPORT

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer = MutableHeaders(scope=message)
                for name, value in self.headers.items():
                    answer.setdefault(name, value)
            await send(message)

        if scope["path"] != HEALTH and Headers(scope=scope).get("host") != self.host:
            refusal = PlainTextResponse(f"This is not how the portal is called. It is at {self.host}.", status_code=421)
            await refusal(scope, receive, send_with_headers)
            return
        await self.app(scope, receive, send_with_headers)
