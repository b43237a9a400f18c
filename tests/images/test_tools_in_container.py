"""What a researcher works with, run inside the image without a network."""

import json
from pathlib import Path

import pytest
from docker.errors import ContainerError
from docker.types import Mount

from tests.images.containers import RESEARCHER, run_once

SPILLING_SORT = """
connection.execute("SET memory_limit = '200MB'")
connection.execute("SET threads = 1")
query = "SELECT max(n) FROM (SELECT row_number() OVER (ORDER BY hash(i)) AS n FROM range(8_000_000) r(i))"
print(connection.sql(query).fetchall()[0][0])
"""


def python(code: str, data: Path, **options: object) -> str:
    mount = Mount("/data", str(data), "bind", read_only=True)
    return run_once("python", "-c", code, mounts=[mount], user=f"{RESEARCHER}:{RESEARCHER}", **options)


def test_a_sort_that_spills_works(cut_with_views: Path) -> None:
    assert "8000000" in python(f"import myelin\nconnection = myelin.connect()\n{SPILLING_SORT}", cut_with_views)


def test_without_a_scratch_folder_the_same_sort_dies(cut_with_views: Path) -> None:
    plain = "import duckdb\nconnection = duckdb.connect('/data/project.duckdb', read_only=True)\n"
    with pytest.raises(ContainerError, match=r"Read-only file system|Out of Memory"):
        python(plain + SPILLING_SORT, cut_with_views)


def test_the_database_takes_half_of_the_containers_memory(cut_with_views: Path) -> None:
    code = "import myelin\nprint(myelin.connect().sql(\"SELECT current_setting('memory_limit')\").fetchall())"
    assert "1.0 GiB" in python(code, cut_with_views)


def test_the_views_are_made_in_the_image_and_read_only_there(cut_with_views: Path) -> None:
    code = "import myelin\nprint(myelin.connect().sql('SELECT sql FROM duckdb_views() WHERE NOT internal').fetchall())"
    assert "/data/cis_cohort/patients.parquet" in python(code, cut_with_views)


def test_a_cut_out_of_order_stops_the_activation(cut: Path) -> None:
    (cut / "manifest.json").unlink()
    with pytest.raises(ContainerError, match=r"manifest\.json cannot be read"):
        run_once("python", "-m", "myelin.make_views", mounts=[Mount("/data", str(cut), "bind")], user="0:0")


CHART = """
from IPython.core.interactiveshell import InteractiveShell
import json, sys
shell = InteractiveShell.instance()
import altair, pandas
chart = altair.Chart(pandas.DataFrame({"age": [1, 2]})).mark_bar().encode(x="age:Q", y="count()")
shell.run_line_magic("load_ext", sys.argv[1]) if len(sys.argv) > 1 else None
print(json.dumps(shell.display_formatter.format(chart)[0]))
"""


def chart(data: Path, *extension: str) -> dict[str, str]:
    mount = Mount("/data", str(data), "bind", read_only=True)
    printed = run_once("python", "-c", CHART, *extension, mounts=[mount], environment={"HOME": "/tmp"})
    return dict(json.loads(printed.splitlines()[-1]))


def test_a_chart_is_a_picture_and_needs_no_other_server(cut_with_views: Path) -> None:
    shown = chart(cut_with_views, "myelin.charts")
    assert shown["image/svg+xml"].startswith("<svg")
    assert "text/html" not in shown


def test_without_it_a_chart_is_a_page_that_fetches_its_program(cut_with_views: Path) -> None:
    assert "https://" in chart(cut_with_views)["text/html"]


def test_every_kernel_shows_charts_as_pictures() -> None:
    code = "from IPython import get_ipython; print(get_ipython().extension_manager.loaded)"
    assert "myelin.charts" in run_once("python", "-c", IN_A_KERNEL, code, environment={"HOME": "/tmp"})


IN_A_KERNEL = """
import sys
from jupyter_client.manager import start_new_kernel
kernel, client = start_new_kernel(kernel_name="python3")
client.execute_interactive(sys.argv[1], timeout=60)
kernel.shutdown_kernel()
"""
