"""One server per person and project: who may have it, what is mounted and where it is connected, the database decides.

The name of the server is the project's id. What a browser sends along (`user_options`) is never read.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

from docker.errors import APIError, DockerException, NotFound
from dockerspawner import DockerSpawner
from requests import RequestException

from core.database import Actor, Database
from core.errors import MyelinError
from core.people.models import SystemActor
from core.people.service import person_by_username
from core.settings import Settings
from hub import container
from hub.errors import ServerDied, SpawnRefused
from hub.firewall import check_firewall
from hub.folders import ensure_workspace
from hub.models import ServerState
from hub.names import container_name, network_name
from hub.network import ensure_project_network
from hub.pages import PageError
from hub.servers import move, record_refusal, servers_of, settle
from projects.access import check_access
from projects.models import Access

START_SECONDS = 120
"""How long a server may take from the request until it answers."""

STOP_SECONDS = 5
"""How long a server that is asked to stop may take before it is killed."""

POLL_SECONDS = 3
"""How soon JupyterHub notices that a server is gone, and closes its route."""

_HUB = SystemActor("hub")


class ProjectSpawner(DockerSpawner):  # type: ignore[misc]
    """Start what `projects.access` allows, as `hub.container` says, and leave nothing behind."""

    settings: ClassVar[Settings]
    database: ClassVar[Database]

    async def start(self) -> tuple[str, int]:
        """Start the server and wait until it answers; where it may not or can not, say so on the page."""
        with self._in_words():
            access = await self._admit()
            try:
                return await self._start_for(access)
            except BaseException:  # a cancelled start too leaves nothing behind
                await self._remove_container()
                await self._settle("hub:server:failed")
                raise

    async def stop(self, now: bool = False) -> None:
        """Ask the server to end, kill it where it does not within seconds, and remove it."""
        await self._record(ServerState.STOPPING, "hub:server:stop")
        if not now:
            await self._ask_to_end()
        await self._remove_container()
        self.clear_state()

    async def run_post_stop_hook(self) -> None:
        """Remove what may be left of a server that ended by itself, and record the outcome."""
        await self._remove_container()
        await self._settle("hub:server:stopped")

    async def _start_for(self, access: Access) -> tuple[str, int]:
        person = await asyncio.to_thread(person_by_username, self.database, access.username)
        await self._record(ServerState.STARTING, "hub:server:start", actor=person)
        await self._admit()  # from here on close-out waits for this server; before, it may have deleted its folders
        await self._prepare(access)
        address: tuple[str, int] = await super().start()
        await self._wait_until_it_answers(*address)
        await self._admit()  # the right may have ended while the server started
        await self._record(ServerState.RUNNING, "hub:server:started")
        return address

    async def _admit(self) -> Access:
        others = {name for name, spawner in self.user.spawners.items() if spawner.active} - {self.name}
        try:
            return await asyncio.to_thread(self._check_may_start, others)
        except MyelinError as error:
            await asyncio.to_thread(record_refusal, self.database, _HUB, self.user.name, self.name, error)
            raise

    def _check_may_start(self, others: set[str]) -> Access:
        if not self.name:
            hint = f"Open one of your projects at {self.settings.portal_url}."
            raise SpawnRefused("A server belongs to a project, and none was named.", hint)
        access = check_access(self.database, self.user.name, self.name)
        self._check_alone(others)
        check_firewall(self.settings)
        return access

    def _check_alone(self, others: set[str]) -> None:
        on_record = {server.project_id for server in servers_of(self.database, self.user.name)} - {self.name}
        if running := sorted(others | on_record):
            raise SpawnRefused(
                f"Your server in {running[0]} is running, and one project's server runs at a time.",
                f"Stop it at {self.settings.hub_url}/hub/home, then open {self.name} again.",
            )

    async def _prepare(self, access: Access) -> None:
        """Turn the access into what DockerSpawner reads; called anew at every start."""
        settings = self.settings
        await asyncio.to_thread(ensure_project_network, settings, access.project_id, access.subnet)
        await asyncio.to_thread(ensure_workspace, access, settings)
        self.user_options: dict[str, Any] = {}
        self.network_name = network_name(settings, access.project_id)
        self.hub_connect_url = f"http://{access.gateway}:{settings.hub_api_port}"
        self.environment = container.environment_of(access, settings)
        self.extra_create_kwargs = container.create_options(access, settings)
        self.extra_host_config = container.host_options(settings)
        self.mounts = [
            {"type": "bind", "source": str(m.source), "target": m.target, "read_only": m.read_only}
            for m in container.mounts_of(access, settings)
        ]

    async def _wait_until_it_answers(self, ip: str, port: int) -> None:
        """Wait for the server's port; JupyterHub alone would wait on a dead container and answer with a bare 500."""
        for _ in range(START_SECONDS * 2):
            if await self.poll() is not None:
                await self._log_end()
                hint = "If it does so again, tell operations: the hub's log says how it ended."
                raise ServerDied("Your server stopped while it was starting.", hint)
            if await _answers(ip, port):
                return
            await asyncio.sleep(0.5)
        raise ServerDied(f"Your server did not answer within {START_SECONDS} seconds.", "Open it once more.")

    async def _log_end(self) -> None:
        """Tell operations how it ended, and not what it said: that may quote data, which the host never logs."""
        try:
            state = (await self.docker("inspect_container", self.object_name))["State"]
            said = len(await self.docker("logs", self.object_name))
        except NotFound:
            self.log.error("%s died at start and is already removed", self.object_name)
            return
        facts = (self.object_name, state["ExitCode"], state["OOMKilled"], said)
        self.log.error("%s died at start: exit code %s, out of memory: %s, %s bytes of output", *facts)

    async def _ask_to_end(self) -> None:
        try:
            await self.docker("kill", self.object_name, signal="SIGTERM")
        except APIError:  # gone, or not running any more
            return
        for _ in range(STOP_SECONDS * 5):
            if await self.poll() is not None:
                return
            await asyncio.sleep(0.2)

    async def _remove_container(self) -> None:
        try:
            await self.docker("remove_container", self.object_name, force=True, v=True)
        except NotFound:
            pass
        except APIError as error:
            if error.status_code != 409:  # 409: somebody else is removing it
                raise
        self.object_id = ""

    async def _record(self, state: ServerState, action: str, *, actor: Actor = _HUB) -> None:
        await asyncio.to_thread(move, self.database, actor, self.user.name, self.name, state, action)

    async def _settle(self, action: str) -> None:
        await asyncio.to_thread(settle, self.database, _HUB, self.user.name, self.name, action)

    @contextmanager
    def _in_words(self) -> Iterator[None]:
        """Let errors of ours reach the page in their own words, and Docker's without any."""
        try:
            yield
        except MyelinError as error:
            raise PageError(error.status, str(error)) from error
        except (DockerException, RequestException) as error:
            self.log.exception("Docker did not start %s", self.object_name)
            raise PageError(503, "The server can not be started; the hub's log holds the reason.") from error


async def _answers(ip: str, port: int) -> bool:
    try:
        async with asyncio.timeout(2):
            _, writer = await asyncio.open_connection(ip, port)
    except OSError:  # a refused connection and a time-out alike
        return False
    writer.close()
    return True


def configure(c: Any, settings: Settings, database: Database) -> None:
    """Have JupyterHub start servers this way, and only named ones."""
    ProjectSpawner.settings = settings
    ProjectSpawner.database = database
    c.JupyterHub.spawner_class = ProjectSpawner
    c.JupyterHub.allow_named_servers = True
    c.JupyterHub.named_server_limit_per_user = 100  # names a person may have tried, of servers or of none
    c.ProjectSpawner.name_template = container_name(settings, "{raw_username}", "{raw_servername}")
    c.ProjectSpawner.image = settings.notebook_image
    c.ProjectSpawner.pull_policy = "never"
    c.ProjectSpawner.use_internal_ip = True
    c.ProjectSpawner.remove = True
    c.ProjectSpawner.format_volume_name = lambda path, _spawner: path
    c.ProjectSpawner.mem_limit = settings.server_memory_bytes
    c.ProjectSpawner.cpu_limit = settings.server_cpus
    c.ProjectSpawner.disable_user_config = True
    c.ProjectSpawner.default_url = "/lab"
    c.ProjectSpawner.start_timeout = START_SECONDS + 30  # ours speaks first, and clearer
    c.ProjectSpawner.http_timeout = START_SECONDS
    c.ProjectSpawner.poll_interval = POLL_SECONDS
