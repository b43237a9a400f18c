"""What listens where, and what the hub keeps.

                       browser                                notebook containers
                          │                                            │
    public proxy  host:hub_port ──► hub ◄── hub_api_port on the gateway of each project's network
                          └──► <person>.<hub_url> ──► that person's server

The hub listens on every address of the host, because gateways come and go with projects; `hub.firewall` lets in only
projects, each by its own gateway, and the host itself.
"""

import os
from itertools import pairwise
from pathlib import Path
from typing import Any

from core.files import ensure_folder
from core.secrets import ensure_secret
from core.settings import Settings

_HERE = Path(__file__).parent
_PROXY = (
    *("node", "--require", str(_HERE / "proxy_headers.cjs")),
    str(_HERE.parent / "node_modules/configurable-http-proxy/bin/configurable-http-proxy"),
)


def configure(c: Any, settings: Settings) -> None:
    """Tell JupyterHub its addresses, its secrets and where its own database is."""
    folder = ensure_folder(settings.state / "hub", 0o700)
    c.JupyterHub.bind_url = f"http://{settings.host}:{settings.hub_port}"
    c.JupyterHub.hub_bind_url = f"http://0.0.0.0:{settings.hub_api_port}"
    c.JupyterHub.hub_connect_url = f"http://127.0.0.1:{settings.hub_api_port}"
    c.JupyterHub.subdomain_host = settings.hub_url  # each person's servers are an origin of their own
    c.JupyterHub.cookie_options = {"samesite": "Lax"}
    # A notebook server may set cookies for the hub's name, being below it, but none that begins with __Host-.
    c.JupyterHub.cookie_host_prefix_enabled = settings.hub_url.startswith("https:")
    c.JupyterHub.db_url = f"sqlite:///{folder / 'jupyterhub.sqlite'}"
    c.JupyterHub.cookie_secret = ensure_secret(settings, "hub-cookie")
    c.JupyterHub.cleanup_servers = False  # a restart of the hub leaves people's work running
    c.ConfigurableHTTPProxy.command = [*_PROXY]
    os.environ["MYELIN_HUB_URL"] = settings.hub_url  # the proxy inherits it, and tells the hub's host by it
    c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{settings.proxy_api_port}"
    c.ConfigurableHTTPProxy.auth_token = ensure_secret(settings, "hub-proxy").hex()
    c.ConfigurableHTTPProxy.pid_file = str(_pid_file(settings))


def proxy_pid(settings: Settings) -> int | None:
    """Return the process id of this installation's proxy, which outlives a hub that was killed, or None.

    The file may be old and its id somebody else's by now: only a process with our command and our API's port is ours.
    """
    try:
        pid = int(_pid_file(settings).read_text())
        command = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    except (FileNotFoundError, ProcessLookupError, ValueError):
        return None
    ours = command[: len(_PROXY)] == [*_PROXY] and ("--api-port", str(settings.proxy_api_port)) in pairwise(command)
    return pid if ours else None


def _pid_file(settings: Settings) -> Path:
    return settings.state / "hub" / "proxy.pid"
