"""Style sheets, scripts and pictures: served from memory under a name that holds their hash, so browsers keep them."""

from dataclasses import dataclass
from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import Response

from core.errors import NotFound, Unavailable
from core.files import sha256_bytes

HERE = Path(__file__).parent
NODE_MODULES = HERE.parent / "node_modules"

SOURCES = {
    "pico.css": NODE_MODULES / "@picocss" / "pico" / "css" / "pico.min.css",
    "htmx.js": NODE_MODULES / "htmx.org" / "dist" / "htmx.min.js",
    "drafts.js": HERE / "static" / "drafts.js",
    "colleagues.js": HERE / "static" / "colleagues.js",
    "picker.js": HERE / "static" / "picker.js",
    "myelin.css": HERE / "static" / "myelin.css",
    "myelin.svg": HERE / "static" / "myelin.svg",
}

MEDIA_TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
KEPT = {"Cache-Control": "public, max-age=31536000, immutable"}


@dataclass(frozen=True)
class Asset:
    """One file as it is served."""

    content: bytes
    media_type: str


class Assets:
    """Read every asset once; raises Unavailable where a package is not installed."""

    def __init__(self) -> None:
        self._addresses: dict[str, str] = {}
        self._served: dict[str, Asset] = {}
        for name, path in SOURCES.items():
            self._add(name, path)

    def _add(self, name: str, path: Path) -> None:
        if not path.exists():
            raise Unavailable(f"The portal's {name} is missing.", "Run `npm ci` in the folder of the checkout.")
        content, kind = path.read_bytes(), Path(name)
        served = f"{kind.stem}.{sha256_bytes(content)[:16]}{kind.suffix}"
        self._addresses[name] = f"/static/{served}"
        self._served[served] = Asset(content, MEDIA_TYPES[kind.suffix])

    def address(self, name: str) -> str:
        """Return where an asset is served."""
        return self._addresses[name]

    def router(self) -> APIRouter:
        """Return the route that serves them; open to everybody, the sign-in page needs them."""
        router = APIRouter()

        @router.get("/static/{name}")
        def asset(name: str) -> Response:
            if name not in self._served:
                raise NotFound("There is no such file.")
            found = self._served[name]
            return Response(found.content, media_type=found.media_type, headers=KEPT)

        return router
