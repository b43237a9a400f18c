"""The guard's two rules, without a server: closed places however written, and only handlers that were read."""

import pytest
from myelin_server.guard import CLOSED, DOWNLOAD, EXTENSIONS, TERMINAL, UNKNOWN, Refusal, parts_of, refusal

BASE = "/user/rosa/cis-spinal/"
CONTENTS = "jupyter_server.services.contents.handlers.ContentsHandler"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("files/table.csv", DOWNLOAD),
        ("files", DOWNLOAD),
        ("%66iles/table.csv", DOWNLOAD),
        ("%2566iles/table.csv", DOWNLOAD),
        ("/files//table.csv", DOWNLOAD),
        ("FILES/table.csv", DOWNLOAD),
        ("files%2Ftable.csv", DOWNLOAD),
        ("files%5Ctable.csv", DOWNLOAD),
        ("files;a=b/table.csv", DOWNLOAD),
        ("./files/table.csv", DOWNLOAD),
        ("api/../files/table.csv", DOWNLOAD),
        ("api/%2e%2e/files/table.csv", DOWNLOAD),
        ("fi%00les/table.csv", DOWNLOAD),
        ("view/report.html", DOWNLOAD),
        ("nbconvert/html/Welcome.ipynb", DOWNLOAD),
        ("api//nbconvert", DOWNLOAD),
        ("terminals/websocket/1", TERMINAL),
        ("api/terminals/", TERMINAL),
        ("lab/api/extensions", EXTENSIONS),
        ("api/contents/files/view.csv", None),
        ("api/contents/outbox/table.csv", None),
        ("lab/tree/files/table.csv", None),
    ],
)
def test_a_closed_place_is_closed_however_it_is_written(path: str, expected: Refusal | None) -> None:
    assert refusal(BASE + path, BASE, CONTENTS) is expected


def test_the_prefix_may_be_written_oddly_too() -> None:
    assert refusal("/user/rosa/cis%2Dspinal//files/table.csv", BASE, CONTENTS) is DOWNLOAD
    assert refusal("/user/r%40x/p/files/table.csv", "/user/r%40x/p/", CONTENTS) is DOWNLOAD
    assert refusal("/files/table.csv", BASE, CONTENTS) is DOWNLOAD


def test_an_address_encoded_without_end_is_read_in_finite_time() -> None:
    assert parts_of("%" + "25" * 20_000 + "66iles")


def test_a_handler_nobody_read_is_refused() -> None:
    assert refusal(f"{BASE}new", BASE, "jupyter_server.new.handlers.DownloadHandler") is UNKNOWN


def test_every_refusal_says_what_to_do_instead() -> None:
    assert all(reason.message and reason.hint for reason in (*CLOSED.values(), UNKNOWN))
