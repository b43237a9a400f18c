"""The functions a researcher calls; each one reads the container's surroundings and does one thing."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import duckdb

from myelin import egress, results
from myelin.dictionary import read_dictionary, show
from myelin.errors import FileRefused, RequestRefused
from myelin.evidence import session_code
from myelin.files import OutgoingFile, PathLike, as_paths, read_files
from myelin.results import ReleaseRequest
from myelin.tables import Table
from myelin.views import open_views
from myelin.workspace import Limits, Workspace

Files = PathLike | Iterable[PathLike]
Context = str | Mapping[PathLike, str] | None


def connect() -> duckdb.DuckDBPyConnection:
    """Return a read-only DuckDB connection in which every table of the project is a view, `dataset.table`.

    Raises DataUnavailable where the project's data are missing.
    """
    return open_views(Workspace())


def dictionary(table: str | None = None, search: str | None = None) -> Table:
    """List the approved variables of one table, or of all, of which every word searched for is said.

    Raises DataUnavailable for a table that is not in the project.
    """
    return show(read_dictionary(Workspace().dictionary), table, search)


def preflight(files: Files) -> Table:
    """Run the checks of a release request on files; nothing is kept and nobody is asked.

    `pass` is not a promise: two people decide. Raises FileRefused, RequestRefused, ServiceUnavailable.
    """
    outgoing = read_files(as_paths(files), Workspace(), Limits.from_environment())
    manifest = egress.Manifest("Pre-flight", _notes(outgoing, {}))
    answer = egress.send("/v1/preflight", outgoing, manifest)
    return results.findings_table(answer["files"], "Pre-flight, nothing was kept")


def request_release(
    files: Files, *, description: str, context: Context = None, replaces: str | None = None
) -> ReleaseRequest:
    """Send files to be held and reviewed, with a description of the request and a context for each file.

    `context` is one text for all files, or a mapping from file to text; `replaces` is the id of a request sent back.
    The code of this session goes along as the author's own account.
    Raises FileRefused, RequestRefused, ServiceUnavailable.
    """
    if not description.strip():
        raise RequestRefused("The description is empty.", "Say in a sentence what is released and why.")
    workspace = Workspace()
    paths = as_paths(files)
    outgoing = read_files(paths, workspace, Limits.from_environment())
    notes = _notes(outgoing, _contexts(context, paths, outgoing))
    answer = egress.send("/v1/requests", outgoing, egress.Manifest(description, notes, replaces))
    return results.held_request(answer)


def requests() -> Table:
    """List your project's requests and their state; raises RequestRefused, ServiceUnavailable."""
    return results.requests_table(egress.call("GET", "/v1/requests")["requests"])


def withdraw(request_id: str) -> None:
    """Take back a request that is not yet decided; raises RequestRefused, ServiceUnavailable."""
    egress.call("POST", f"/v1/requests/{request_id}/withdraw")


def _contexts(context: Context, paths: tuple[Path, ...], outgoing: tuple[OutgoingFile, ...]) -> dict[str, str]:
    names = {path: file.name for path, file in zip(paths, outgoing, strict=True)}
    if context is None or isinstance(context, str):
        return dict.fromkeys(names.values(), context or "")
    given = {Path(file).expanduser(): text for file, text in context.items()}
    if unknown := given.keys() - names.keys():
        raise FileRefused(f"There is a context for {min(unknown)}, which is not sent.", "Use the names given as files.")
    return {name: given.get(path, "") for path, name in names.items()}


def _notes(outgoing: tuple[OutgoingFile, ...], contexts: Mapping[str, str]) -> tuple[egress.FileNote, ...]:
    code = session_code()
    return tuple(egress.FileNote(file.name, contexts.get(file.name, ""), code) for file in outgoing)
