"""The notebook server: JupyterHub's single-user server with a guard in front of its addresses.

Everything here is owned by root and started with `python -I -m myelin_server`, so nothing in the home folder can change
how the server starts. It does run under the researcher's own user, who can stop it and run another in its place:
the guard deters and is never evidence. What leaves is decided by the egress service, outside the container.
"""


def _jupyter_server_extension_points() -> list[dict[str, object]]:
    """Name the application of this package to Jupyter Server, which asks for it by this name."""
    from myelin_server.app import NotebookServer

    return [{"module": "myelin_server", "app": NotebookServer}]
