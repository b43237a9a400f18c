"""An application of ours on a real loopback port, for the tests that need a socket."""

import random
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Thread
from time import monotonic, sleep

import uvicorn
from fastapi import FastAPI

_PORTS = range(20_000, 32_000)
"""Below the ports the kernel gives to outgoing connections (32768 and up): one of those could take ours in between."""


def free_port() -> int:
    """Return a port nobody listens on, at any address of this machine."""
    while True:
        port = random.choice(_PORTS)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("", port))
            return port


@contextmanager
def serving(app: FastAPI, port: int) -> Iterator[None]:
    """Serve an application until the block ends; raises AssertionError where it does not come up."""
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning"))
    thread = Thread(target=server.run, daemon=True)
    thread.start()
    deadline = monotonic() + 10
    while not server.started:
        assert thread.is_alive(), "The server did not start."
        assert monotonic() < deadline, "The server is not up after 10 seconds."
        sleep(0.02)
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(10)
