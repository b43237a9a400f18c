"""The egress service, spoken to over HTTP with the token of this server."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import httpx

from myelin.errors import RequestRefused, ServiceUnavailable
from myelin.files import OutgoingFile
from myelin.workspace import EgressAddress

PATIENCE = httpx.Timeout(120, connect=5)
"""Seconds: checking a request of the full size takes a while, reaching the service does not."""


@dataclass(frozen=True)
class FileNote:
    """Stand beside one file: what it shows, the code that made it, and its class of output if the author knows it."""

    name: str
    context: str
    code: str
    statbarn: str | None = None


@dataclass(frozen=True)
class Manifest:
    """Describe a request: what it is for, which returned request it replaces, and a note on each file."""

    description: str
    files: tuple[FileNote, ...]
    replaces: str | None = None


def send(path: str, files: Sequence[OutgoingFile], manifest: Manifest) -> dict[str, Any]:
    """Send files with their manifest and return the service's answer; raises RequestRefused, ServiceUnavailable."""
    parts = [("files", (file.name, file.content, "application/octet-stream")) for file in files]
    return call("POST", path, files=parts, data={"manifest": json.dumps(asdict(manifest))})


def call(method: str, path: str, **content: Any) -> dict[str, Any]:
    """Ask the service and return its answer; raises RequestRefused, ServiceUnavailable."""
    address = EgressAddress.from_environment()
    headers = {"Authorization": f"token {address.token}"}
    try:
        # trust_env off: a proxy named in the environment would get the token
        with httpx.Client(base_url=address.url, headers=headers, timeout=PATIENCE, trust_env=False) as client:
            return _answer(client.request(method, path, **content))
    except httpx.HTTPError as error:
        raise ServiceUnavailable(
            f"The egress service did not answer ({type(error).__name__}).",
            "Try again in a minute. myelin.requests() shows whether a request arrived.",
        ) from error


def _answer(response: httpx.Response) -> dict[str, Any]:
    content = _json_object(response)
    if response.is_success and content:
        return content
    error = content.get("error")
    if response.is_client_error and isinstance(error, dict):
        raise RequestRefused(str(error.get("message")), str(error.get("hint") or ""))
    raise ServiceUnavailable(
        f"The egress service answered {response.status_code}.",
        "Try again in a minute; if it stays so, restart your server from the portal or tell the operators.",
    )


def _json_object(response: httpx.Response) -> dict[str, Any]:
    try:
        content = response.json()
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}
