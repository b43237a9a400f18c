"""An application of ours on a real loopback port, for the tests that need a socket."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from time import monotonic, sleep

import uvicorn
from fastapi import FastAPI


def free_port() -> int:
    """Return a loopback port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


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
