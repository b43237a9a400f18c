"""The read-only connection to a project's views."""

import duckdb

from myelin.errors import DataUnavailable
from myelin.memory import database_memory
from myelin.workspace import Workspace


def open_views(workspace: Workspace) -> duckdb.DuckDBPyConnection:
    """Open the views read-only; large sorts spill into the scratch folder, and no extension is fetched.

    Raises DataUnavailable where the project's data are missing.
    """
    if not workspace.views.is_file():
        raise DataUnavailable(
            f"There is no {workspace.views}.",
            "Restart your server from the portal; if it stays so, tell the operators.",
        )
    return duckdb.connect(
        str(workspace.views),
        read_only=True,
        config={
            "temp_directory": str(workspace.scratch),
            "memory_limit": f"{database_memory() // 2**20}MiB",
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "allow_community_extensions": "false",
        },
    )
