"""How the egress API is served."""

import uvicorn
from fastapi import FastAPI

from core.settings import Settings


def make_server(app: FastAPI, settings: Settings) -> uvicorn.Server:
    """Make the server of the egress API, on every address of the host: gateways come and go with projects.

    What is not on a project's network is refused by the firewall (hub.firewall) and again by `identity.check_pool`.
    Addresses are the kernel's: no header of a client's is believed about them.
    """
    config = uvicorn.Config(
        app,
        host="0.0.0.0",  # noqa: S104  (see above)
        port=settings.egress_port,
        proxy_headers=False,
        server_header=False,
        access_log=False,
        ws="none",
        limit_concurrency=512,
        timeout_keep_alive=5,
        log_level="warning",
    )
    return uvicorn.Server(config)
