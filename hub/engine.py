"""Docker, with its failures in our words."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import docker
from docker.errors import DockerException
from requests import RequestException

from hub.errors import EngineUnavailable


@contextmanager
def engine() -> Iterator[Any]:
    """Give a client of Docker; whatever of Docker's is not dealt with inside leaves as EngineUnavailable."""
    try:
        client = docker.from_env()
        try:
            yield client
        finally:
            client.close()
    except (DockerException, RequestException) as error:
        raise EngineUnavailable(f"Docker did not do as asked: {error}", "Is its daemon running?") from error
