"""The image's server in a real container, confined as the hub confines it; and the same server without its guard."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from docker.types import Mount
from myelin_server.guard import CLOSED, SERVED

from tests.images.containers import RESEARCHER, Folders, Notebook, Place, notebook_server
from tests.images.services import Service

UNGUARDED = ("python", "-m", "jupyterhub.singleuser", "--ServerApp.root_dir=/home/researcher")
"""JupyterHub's own server as it comes, started as it usually is."""

CELL = {"cell_type": "code", "source": "1", "metadata": {}, "outputs": [], "execution_count": None, "id": "a"}
NOTEBOOK = {"cells": [CELL], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}

ATTACKS = [
    ("GET", "/files/table.csv", ""),
    ("HEAD", "/files/table.csv", ""),
    ("GET", "/files/table.csv?download=1", ""),
    ("GET", "/files/%74able.csv", ""),
    ("GET", "/files/outbox/../table.csv", ""),
    ("GET", "/view/page.html", ""),
    ("GET", "/nbconvert/script/Mine.ipynb", ""),
    ("GET", "/nbconvert/html/Mine.ipynb?download=true", ""),
    ("POST", "/nbconvert/script", json.dumps({"name": "Mine.ipynb", "content": NOTEBOOK})),
    ("GET", "/api/nbconvert", ""),
    ("GET", "/api/terminals", ""),
    ("POST", "/api/terminals", "{}"),
    ("GET", "/lab/api/extensions", ""),
    ("GET", "/lab/api/plugins", ""),
    ("GET", "/lab/extensions/mine/table.csv", ""),
    ("GET", "/kernelspecs/mine/table.csv", ""),
    ("GET", "/api/contents/large.bin", ""),
]
"""What brings a file or a shell out of an unguarded server. Two need a folder that the researcher prepared."""

TRICKS = [
    ("GET", "/%66iles/table.csv"),
    ("GET", "/%2566iles/table.csv"),
    ("GET", "//files/table.csv"),
    ("GET", "/files//table.csv"),
    ("GET", "/files/table.csv/"),
    ("GET", "/FILES/table.csv"),
    ("GET", "/./files/table.csv"),
    ("GET", "/api/../files/table.csv"),
    ("GET", "/api/contents/%2e%2e/%2e%2e/files/table.csv"),
    ("GET", "/files%2ftable.csv"),
    ("GET", "/files%00/table.csv"),
    ("GET", "/files\\table.csv"),
    ("GET", "/files;x/table.csv"),
    ("OPTIONS", "/files/table.csv"),
    ("POST", "/files/table.csv"),
    ("PUT", "/files/table.csv"),
    ("DELETE", "/files/table.csv"),
    ("GET", "/VIEW/page.html"),
    ("GET", "/%76iew/page.html"),
    ("GET", "/nbconvert//html/Mine.ipynb"),
    ("GET", "/api//nbconvert"),
    ("GET", "/terminals/websocket/1"),
    ("GET", "/terminals/1"),
    ("DELETE", "/api/terminals/1"),
    ("POST", "/lab/api/extensions/"),
    ("GET", "/lab/api/listings/x"),
    ("POST", "/lab/api/build"),
    ("POST", "/api/shutdown"),
    ("GET", "/metrics"),
]


def furnish(folders: Folders) -> None:
    """Put into the home what a researcher could: files, and folders that Jupyter would look into."""
    home = folders.home
    (home / "table.csv").write_text("a row of data")
    (home / "page.html").write_text("a row of data")
    (home / "large.bin").write_bytes(b"x" * 17 * 2**20)
    (home / "Mine.ipynb").write_text(json.dumps(NOTEBOOK))
    (folders.team / "table.csv").write_text("a row of data")
    extensions = home / ".local/share/jupyter/labextensions"
    extensions.mkdir(parents=True)
    (extensions / "mine").symlink_to("/team")
    kernel = home / ".ipython/kernels/mine"
    kernel.mkdir(parents=True)
    (kernel / "kernel.json").write_text(json.dumps({"argv": ["true"], "display_name": "Mine", "language": "python"}))
    (kernel / "table.csv").write_text("a row of data")
    (home / ".jupyter/jupyter_server_config.d").mkdir(parents=True)
    (home / ".jupyter/jupyter_server_config.py").write_text("open('/home/researcher/config-was-run', 'w')")
    extension = {"ServerApp": {"jpserver_extensions": {"mine": True}}}
    (home / ".jupyter/jupyter_server_config.d/mine.json").write_text(json.dumps(extension))
    (home / "mine.py").write_text("open('/home/researcher/extension-was-run', 'w')")
    for path in home.rglob("*"):
        os.chown(path, RESEARCHER, RESEARCHER, follow_symlinks=False)


@pytest.fixture(scope="module")
def notebook(
    place: Place, hub_service: Service, cut_with_views: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Notebook]:
    folders = Folders.empty(cut_with_views, tmp_path_factory.mktemp("guarded"))
    furnish(folders)
    with notebook_server(place, folders, hub_port=hub_service.port) as notebook:
        yield notebook


@pytest.fixture(scope="module")
def unguarded(
    place: Place, hub_service: Service, cut_with_views: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Notebook]:
    """The same image and home, but JupyterHub's own server with nothing of Myelin's configuration."""
    folders = Folders.empty(cut_with_views, tmp_path_factory.mktemp("unguarded"))
    furnish(folders)
    without = [Mount("/opt/venv/etc/jupyter/jupyter_server_config.py", "/dev/null", "bind", read_only=True)]
    with notebook_server(place, folders, hub_port=hub_service.port, command=UNGUARDED, mounts=without) as notebook:
        yield notebook


@pytest.mark.parametrize(("method", "path", "body"), ATTACKS)
def test_without_the_guard_each_attack_succeeds(unguarded: Notebook, method: str, path: str, body: str) -> None:
    status, _ = unguarded.ask(method, path, body)
    assert status in (200, 201)


@pytest.mark.parametrize(("method", "path", "body"), ATTACKS)
def test_with_the_guard_no_attack_succeeds(notebook: Notebook, method: str, path: str, body: str) -> None:
    status, content = notebook.ask(method, path, body)
    assert status in (403, 404, 413)
    assert "a row of data" not in content


@pytest.mark.parametrize(("method", "path"), TRICKS)
def test_a_closed_place_answers_403_and_says_why(notebook: Notebook, method: str, path: str) -> None:
    status, content = notebook.ask(method, path)
    assert status == 403
    assert "environment" in json.loads(content)["message"] or "of the image" in json.loads(content)["message"]


def test_the_refusal_tells_how_to_ask_for_a_release(notebook: Notebook) -> None:
    _, content = notebook.ask("GET", "/files/table.csv")
    assert "myelin.request_release(" in json.loads(content)["message"]


def test_what_jupyter_needs_stays_open(notebook: Notebook) -> None:
    assert json.loads(notebook.ask("GET", "/api/contents/table.csv")[1])["content"] == "a row of data"
    saved = json.dumps({"type": "file", "format": "text", "content": "a,b"})
    assert notebook.ask("PUT", "/api/contents/new.csv", saved)[0] == 201
    session = json.dumps({"path": "x.ipynb", "name": "x", "type": "notebook", "kernel": {"name": "python3"}})
    status, content = notebook.ask("POST", "/api/sessions", session)
    assert status == 201
    assert notebook.ask("DELETE", f"/api/sessions/{json.loads(content)['id']}")[0] == 204
    for path in ("/lab", "/api/kernels", "/api/kernelspecs", "/kernelspecs/python3/logo-svg.svg", "/lab/api/settings"):
        assert notebook.ask("GET", path)[0] == 200


def test_a_file_too_large_for_the_browser_is_refused_with_advice(notebook: Notebook) -> None:
    status, content = notebook.ask("GET", "/api/contents/large.bin")
    assert (status, "open it from a notebook" in content) == (413, True)


def test_without_a_token_nothing_is_served(notebook: Notebook) -> None:
    assert '"type": "directory"' not in notebook.run("python", "-c", GET_WITHOUT_TOKEN)


GET_WITHOUT_TOKEN = """
import httpx
print(httpx.get("http://127.0.0.1:8888/user/rosa/cis-spinal/api/contents").text)
"""


def test_only_kernels_of_the_image_are_offered(notebook: Notebook, unguarded: Notebook) -> None:
    def kernels(server: Notebook) -> set[str]:
        return set(json.loads(server.ask("GET", "/api/kernelspecs")[1])["kernelspecs"])

    assert kernels(unguarded) == {"python3", "mine"}
    assert kernels(notebook) == {"python3"}


def test_files_in_the_home_folder_change_a_server_that_reads_them(unguarded: Notebook) -> None:
    assert unguarded.run("sh", "-c", "ls ~ | grep was-run").split() == ["config-was-run", "extension-was-run"]


def test_files_in_the_home_folder_do_not_change_this_server(notebook: Notebook) -> None:
    assert "was-run" not in notebook.run("ls", "/home/researcher")


def test_the_server_starts_without_a_complaint(notebook: Notebook) -> None:
    start, running, _ = notebook.log.partition(" is running at")
    assert running
    assert "Traceback" not in start
    assert "not recognized" not in start


def test_the_home_folder_is_prepared(notebook: Notebook) -> None:
    assert {"Welcome.ipynb", "outbox", "team"} <= set(notebook.run("ls", "/home/researcher").split())
    assert notebook.run("cat", "/home/researcher/team/table.csv") == "a row of data"


def test_the_configuration_is_found_where_only_root_writes(notebook: Notebook) -> None:
    owners = notebook.run("find", "/opt/venv/etc", "/opt/myelin", "-printf", "%u:%m\n").split()
    assert {owner.split(":")[0] for owner in owners} == {"root"}
    assert not [mode for owner in owners if (mode := int(owner.split(":")[1], 8)) & 0o022]


def test_every_handler_of_the_installed_jupyter_was_read(notebook: Notebook) -> None:
    """A new version that routes to a handler neither served nor known as closed fails here, not in production."""
    said = notebook.run("python", "-I", "-c", LIST_HANDLERS).splitlines()  # among lines of the log, in any order
    (listed,) = (line for line in said if line.startswith("handlers: "))
    routed = set(listed.split()[1:])
    assert routed - SERVED == {
        "jupyter_server.base.handlers.AuthenticatedFileHandler",
        "jupyter_server.base.handlers.PrometheusMetricsHandler",
        "jupyter_server.nbconvert.handlers.NbconvertFileHandler",
        "jupyter_server.nbconvert.handlers.NbconvertPostHandler",
        "jupyter_server.services.api.handlers.APISpecHandler",
        "jupyter_server.services.api.handlers.PathResolverHandler",
        "jupyter_server.services.config.handlers.ConfigHandler",
        "jupyter_server.services.contents.handlers.NotebooksRedirectHandler",
        "jupyter_server.services.events.handlers.EventHandler",
        "jupyter_server.services.nbconvert.handlers.NbconvertRootHandler",
        "jupyter_server.services.shutdown.ShutdownHandler",
        "jupyter_server.view.handlers.ViewHandler",
        "jupyterlab.handlers.announcements.CheckForUpdateHandler",
        "jupyterlab.handlers.announcements.NewsHandler",
        "jupyterlab.handlers.build_handler.BuildHandler",
        "jupyterlab.handlers.extension_manager_handler.ExtensionHandler",
        "jupyterlab.handlers.plugin_manager_handler.PluginHandler",
        "jupyterlab_server.listings_handler.ListingsHandler",
    }
    assert routed >= SERVED - {"tornado.web.ErrorHandler"}


LIST_HANDLERS = """
import os
from pathlib import Path
from myelin_server.home import fix_environment
fix_environment(Path("/home/researcher"))
os.environ["JUPYTERHUB_SERVICE_URL"] = "http://127.0.0.1:8899/user/rosa/cis-spinal/"
from myelin_server.app import NotebookServer
server = NotebookServer.initialize_server([])
def handlers(router):
    for rule in router.rules:
        if hasattr(rule.target, "rules"):
            yield from handlers(rule.target)
        else:
            yield f"{rule.target.__module__}.{rule.target.__qualname__}"
print("handlers:", *sorted(set(handlers(server.web_app.default_router))))
"""


def test_each_closed_place_is_attacked_above() -> None:
    attacked = " ".join(path for _, path, *_ in ATTACKS) + " ".join(path for _, path in TRICKS)
    assert [closed for closed in CLOSED if "/" + "/".join(closed) not in attacked] == []
