"""Which addresses the notebook server serves: facts of a request in, a refusal or nothing out.

Two rules, either of which refuses:
- the address, however it is written, leads to one of the closed places;
- the handler that Jupyter would answer with is not one of those that were read and found to be needed (a new release of
  Jupyter, or an extension, brings handlers that nobody has read).
"""

from dataclasses import dataclass
from urllib.parse import unquote

MAX_DECODINGS = 8
"""An address encoded more often than this is no browser's; what remains is left to the rule about handlers."""


@dataclass(frozen=True)
class Refusal:
    """Say why an address is closed and what to do instead."""

    message: str
    hint: str


DOWNLOAD = Refusal(
    "Files do not leave this environment through the browser.",
    "Ask for a release: myelin.request_release('outbox/table.csv', description='...').",
)
TERMINAL = Refusal("Terminals are closed in this environment.", "Run a command in a notebook cell: !ls")
EXTENSIONS = Refusal(
    "JupyterLab's extensions and packages are those of the image.",
    "Ask the operators for what you miss; it comes with the next image.",
)
UNKNOWN = Refusal("This address is not served in this environment.", "Use JupyterLab; ask the operators if it fails.")

CLOSED: dict[tuple[str, ...], Refusal] = {
    ("files",): DOWNLOAD,
    ("view",): DOWNLOAD,
    ("nbconvert",): DOWNLOAD,
    ("api", "nbconvert"): DOWNLOAD,
    ("terminals",): TERMINAL,
    ("api", "terminals"): TERMINAL,
    ("lab", "api", "extensions"): EXTENSIONS,
    ("lab", "api", "plugins"): EXTENSIONS,
    ("lab", "api", "listings"): EXTENSIONS,
    ("lab", "api", "build"): EXTENSIONS,
}
"""The first parts of the addresses that are closed by name."""

SERVED = frozenset(
    {
        # Jupyter cannot work without these: the files as JSON (SizeLimitedContents), kernels, sessions
        "jupyter_server.services.contents.handlers.CheckpointsHandler",
        "jupyter_server.services.contents.handlers.ContentsHandler",
        "jupyter_server.services.contents.handlers.ModifyCheckpointsHandler",
        "jupyter_server.services.contents.handlers.TrustNotebooksHandler",
        "jupyter_server.services.kernels.handlers.KernelActionHandler",
        "jupyter_server.services.kernels.handlers.KernelHandler",
        "jupyter_server.services.kernels.handlers.MainKernelHandler",
        "jupyter_server.services.kernels.websocket.KernelWebsocketHandler",
        "jupyter_server.services.sessions.handlers.SessionHandler",
        "jupyter_server.services.sessions.handlers.SessionRootHandler",
        # kernels of the image and their icons: the server looks in no folder of the user's
        "jupyter_server.kernelspecs.handlers.KernelSpecResourceHandler",
        "jupyter_server.services.kernelspecs.handlers.KernelSpecHandler",
        "jupyter_server.services.kernelspecs.handlers.MainKernelSpecHandler",
        # facts about the server and the person, and events of the server
        "jupyter_server.base.handlers.APIVersionHandler",
        "jupyter_server.services.api.handlers.APIStatusHandler",
        "jupyter_server.services.api.handlers.IdentityHandler",
        "jupyter_server.services.events.handlers.SubscribeWebsocket",
        "jupyter_server.services.security.handlers.CSPReportHandler",
        # JupyterLab's pages, its static files (of the image), and the person's settings and layouts of windows
        "jupyter_server.base.handlers.FileFindHandler",
        "jupyter_server.base.handlers.PublicStaticFileHandler",
        "jupyterlab_server.handlers.LabHandler",
        "jupyterlab_server.handlers.NotFoundHandler",
        "jupyterlab_server.licenses_handler.LicensesHandler",
        "jupyterlab_server.settings_handler.SettingsHandler",
        "jupyterlab_server.themes_handler.ThemesHandler",
        "jupyterlab_server.translations_handler.TranslationsHandler",
        "jupyterlab_server.workspaces_handler.WorkspacesHandler",
        # signing in and out through the hub; redirects; errors
        "jupyter_server.base.handlers.RedirectWithParams",
        "jupyter_server.base.handlers.Template404",
        "jupyter_server.base.handlers.TrailingSlashHandler",
        "jupyterhub.singleuser.extension.JupyterHubLogoutHandler",
        "jupyterhub.singleuser.extension.JupyterHubOAuthCallbackHandler",
        "tornado.web.ErrorHandler",
    }
)
"""The handlers that answer, each read in Jupyter Server 2.21, JupyterLab 4.6 and JupyterHub 6.1."""


def refusal(path: str, base: str, handler: str) -> Refusal | None:
    """Return why a request is refused, or nothing; `handler` is the dotted name of the class that would answer."""
    parts, prefix = parts_of(path), parts_of(base)
    inside = parts[len(prefix) :] if parts[: len(prefix)] == prefix else parts
    for closed, reason in CLOSED.items():
        if inside[: len(closed)] == closed:
            return reason
    return None if handler in SERVED else UNKNOWN


def parts_of(path: str) -> tuple[str, ...]:
    """Read an address as the most lenient of programs would: decoded, in lower case, without empty or dotted parts."""
    for _ in range(MAX_DECODINGS):
        path, before = unquote(path), path
        if path == before:
            break
    parts: list[str] = []
    for written in path.replace("\\", "/").casefold().split("/"):
        part = "".join(sign for sign in written.partition(";")[0] if sign.isprintable()).strip()
        if part == "..":
            del parts[-1:]
        elif part not in ("", "."):
            parts.append(part)
    return tuple(parts)
