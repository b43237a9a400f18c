"""`myelin serve …`: the long-running parts, one process each.

Each command imports its own part: together they take seconds, and every other command would wait for them.
"""

import os
import sys
from pathlib import Path

import typer
import uvicorn

from core.logs import configure_logs
from hub.firewall import ensure_firewall
from ops import context

app = typer.Typer(
    help="Run one part of the installation in the foreground.", no_args_is_help=True, callback=configure_logs
)

CHECKOUT = Path(__file__).parents[2]


@app.command()
def portal() -> None:
    """Run the portal."""
    from portal.app import make_app

    settings = context.settings()
    uvicorn.run(make_app(context.database(), settings), host=settings.host, port=settings.portal_port, access_log=False)


@app.command()
def egress() -> None:
    """Run the egress API on the project networks' gateways, behind the firewall."""
    from egress_review.api import make_app
    from egress_review.server import make_server

    settings = context.settings()
    ensure_firewall(settings)
    make_server(make_app(context.database(), settings), settings).run()


@app.command()
def hub() -> None:
    """Run JupyterHub, in this process, with `jupyterhub_config.py`."""
    node_tools = CHECKOUT / "node_modules" / ".bin"
    path = f"{Path(sys.executable).parent}:{node_tools}:{os.environ['PATH']}"
    os.chdir(context.settings().state)
    config = CHECKOUT / "jupyterhub_config.py"
    command = [sys.executable, "-m", "jupyterhub", "-f", str(config)]
    os.execve(sys.executable, command, {**os.environ, "PATH": path})  # noqa: S606  (this process becomes the hub)


@app.command("worker")
def run_worker() -> None:
    """Run what goes on by itself: ending servers that lost their right, checkpointing the audit log, sending mail."""
    from ops import worker

    worker.run(context.settings(), context.database())
