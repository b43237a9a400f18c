"""JupyterHub's single-user server with the guard between its routes and its handlers.

The guard is put where the web application is made, not loaded as an optional extension: an extension that fails to load
is skipped with a warning, and the server would go on without it.
"""

from typing import Any, ClassVar

from jupyter_server.serverapp import ServerApp
from jupyterhub.singleuser.extension import JupyterHubSingleUser
from tornado.httputil import HTTPServerRequest
from tornado.web import Application, RequestHandler
from traitlets import Bool

from myelin_server.guard import Refusal, refusal


class Refused(RequestHandler):
    """Answer any method with 403 and the reason."""

    def initialize(self, reason: Refusal) -> None:
        """Remember the reason."""
        self.reason = reason

    def check_xsrf_cookie(self) -> None:
        """Let the refusal itself be the answer, whatever the cookies."""

    def prepare(self) -> None:
        """Answer before any method of the handler is looked for."""
        self.set_status(403)
        self.finish({"message": f"{self.reason.message} {self.reason.hint}", "reason": self.reason.message})


class GuardedServer(ServerApp):  # type: ignore[misc]
    """A Jupyter server whose every request passes the guard."""

    # A configuration file that cannot be read would otherwise be left out with a line in the log.
    raise_config_file_errors = Bool(True)

    def migrate_config(self) -> None:
        """Copy nothing from IPython 3: a folder of that name in the home would stop the server from starting."""

    def init_webapp(self) -> None:
        """Make the web application and stand the guard in it."""
        super().init_webapp()
        stand_guard(self.web_app, self.base_url)


class NotebookServer(JupyterHubSingleUser):  # type: ignore[misc]
    """The single-user server of JupyterHub with JupyterLab and no other extension."""

    serverapp_class = GuardedServer
    # Given here, this list is the whole list: extensions are not searched for in any folder.
    serverapp_config: ClassVar[dict[str, Any]] = {"jpserver_extensions": {"jupyterlab": True}}


def stand_guard(application: Application, base: str) -> None:
    """Refuse at the one place through which every request reaches its handler, also of routes added later."""
    dispatch = application.get_handler_delegate

    def guarded(request: HTTPServerRequest, handler: type[RequestHandler], *args: Any, **kwargs: Any) -> Any:
        reason = refusal(request.path, base, f"{handler.__module__}.{handler.__qualname__}")
        if reason:
            return dispatch(request, Refused, {"reason": reason})
        return dispatch(request, handler, *args, **kwargs)

    application.get_handler_delegate = guarded  # type: ignore[method-assign, assignment]
