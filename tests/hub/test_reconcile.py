"""The worker's turn: what may be stays, what may not be is killed and removed, and the record says so."""

from collections.abc import Iterator
from time import monotonic
from typing import Any

import docker
import pytest
from docker.types import Mount
from sqlalchemy.exc import DatabaseError

from core.audit.log import entries
from core.database import Database
from core.errors import Unavailable
from core.people.models import SystemActor
from core.people.service import person_by_username
from hub import container, reconcile
from hub.errors import FirewallMissing
from hub.firewall import check_firewall, remove_firewall
from hub.folders import ensure_workspace
from hub.models import ServerState
from hub.names import container_name, network_name
from hub.reconcile import Watch, end_all_servers, reconcile_once
from hub.servers import move, request_stop, servers_of
from projects.access import check_access
from projects.models import Access
from tests.support.hub import (
    House,
    RunningHub,
    change_project,
    containers_of,
    end_membership,
)

HUB = SystemActor("hub")


@pytest.fixture
def study(house: House) -> tuple[str, str]:
    """Somebody and a project they are in."""
    rosa = house.person("rosa")
    return rosa, house.project(rosa)


def start(hub: RunningHub, username: str, project_id: str, **others: Any) -> Any:
    """Start a container as the spawner would, sleeping instead of serving, and put it on record as running."""
    settings, access = hub.settings, check_access(hub.database, username, project_id)
    ensure_workspace(access, settings)
    options = {
        "name": container_name(settings, username, project_id),
        "network": network_name(settings, project_id),
        "mounts": [
            Mount(m.target, str(m.source), type="bind", read_only=m.read_only)
            for m in container.mounts_of(access, settings)
        ],
        **container.create_options(access, settings),
    }
    started = docker.from_env().containers.run(
        "myelin/notebook", ["sleep", "600"], detach=True, **{**options, **others}
    )
    move(hub.database, HUB, username, project_id, ServerState.RUNNING, "hub:server:started")
    return started


def last_event(hub: RunningHub, subject: str) -> tuple[str, Any]:
    with hub.database.read() as connection:
        entry, _ = list(entries(connection, subject=subject))[-1]
    return entry.action, entry.detail.get("reason")


def test_a_server_that_may_be_stays(hub: RunningHub, study: tuple[str, str]) -> None:
    start(hub, *study)
    assert reconcile_once(hub.database, hub.settings) == []
    (kept,) = containers_of(study[1])
    assert kept.status == "running"


class TestLostRights:
    def assert_killed(self, hub: RunningHub, study: tuple[str, str], reason: str) -> None:
        begun = monotonic()
        (done,) = reconcile_once(hub.database, hub.settings)
        assert monotonic() - begun < 5
        assert reason in done
        assert containers_of(study[1]) == []
        assert servers_of(hub.database, study[0]) == []
        assert last_event(hub, "server:" + "/".join(study)) == ("hub:server:killed", reason)

    def test_membership_ended(self, hub: RunningHub, study: tuple[str, str]) -> None:
        start(hub, *study)
        end_membership(hub.database, study[1], study[0])
        self.assert_killed(hub, study, "AccessRefused")

    @pytest.mark.parametrize("state", ["suspended", "closed"])
    def test_project_ended(self, hub: RunningHub, study: tuple[str, str], state: str) -> None:
        start(hub, *study)
        change_project(hub.database, study[1], state=state)
        self.assert_killed(hub, study, "AccessRefused")

    def test_the_cut_was_made_anew(self, hub: RunningHub, study: tuple[str, str]) -> None:
        start(hub, *study, mounts=[Mount("/data", str(hub.settings.cuts), type="bind", read_only=True)])
        self.assert_killed(hub, study, "other mounts")

    def test_the_cut_is_mounted_for_writing(self, hub: RunningHub, study: tuple[str, str]) -> None:
        access = check_access(hub.database, *study)
        wrong = [Mount(m.target, str(m.source), type="bind") for m in container.mounts_of(access, hub.settings)]
        start(hub, *study, mounts=wrong)
        self.assert_killed(hub, study, "other mounts")

    def test_another_network_is_connected(self, hub: RunningHub, study: tuple[str, str]) -> None:
        docker.from_env().networks.get("bridge").connect(start(hub, *study))
        self.assert_killed(hub, study, "other networks")

    def test_it_runs_as_root(self, hub: RunningHub, study: tuple[str, str]) -> None:
        start(hub, *study, user="0:0")
        self.assert_killed(hub, study, "other user")

    def test_it_ended_by_itself(self, hub: RunningHub, study: tuple[str, str]) -> None:
        start(hub, *study).kill()
        self.assert_killed(hub, study, "it had ended")

    def test_a_stubborn_one_that_was_to_stop(self, hub: RunningHub, study: tuple[str, str], house: House) -> None:
        start(hub, *study)  # sleep, as the first process, does not hear SIGTERM
        request_stop(hub.database, person_by_username(hub.database, study[0]), study[1])
        assert reconcile_once(hub.database, hub.settings) == []
        later = hub.database.clock
        hub.database.clock = lambda: later() + reconcile.timedelta(seconds=reconcile.STOP_SECONDS + 1)
        try:
            self.assert_killed(hub, study, "it was to stop")
        finally:
            hub.database.clock = later


def test_a_second_server_of_one_person_is_killed(hub: RunningHub, house: House) -> None:
    rosa = house.person("rosa")
    first, second = house.project(rosa), house.project(rosa)
    start(hub, rosa, first)
    start(hub, rosa, second)
    (done,) = reconcile_once(hub.database, hub.settings)
    assert "a second server of one person" in done
    assert (len(containers_of(first)), containers_of(second)) == (1, [])


def test_a_container_not_on_record_is_killed(hub: RunningHub, study: tuple[str, str]) -> None:
    start(hub, *study)
    move(hub.database, HUB, *study, ServerState.STOPPED, "hub:server:stopped")
    (done,) = reconcile_once(hub.database, hub.settings)
    assert "not on record" in done
    assert containers_of(study[1]) == []
    assert last_event(hub, f"container:{container_name(hub.settings, *study)}")[0] == "hub:container:killed"


class TestRecord:
    """What was begun and never ended gets its end."""

    def test_a_server_whose_container_is_gone_has_ended(self, hub: RunningHub, study: tuple[str, str]) -> None:
        start(hub, *study).remove(force=True)
        assert reconcile_once(hub.database, hub.settings) == [f"recorded the end of server:{'/'.join(study)}"]
        assert last_event(hub, "server:" + "/".join(study))[0] == "hub:server:ended"
        assert reconcile_once(hub.database, hub.settings) == []

    def test_a_server_that_is_starting_is_given_time(self, hub: RunningHub, study: tuple[str, str]) -> None:
        move(hub.database, HUB, *study, ServerState.STARTING, "hub:server:start")
        assert reconcile_once(hub.database, hub.settings) == []
        later = hub.database.clock
        hub.database.clock = lambda: later() + reconcile.timedelta(seconds=reconcile.START_SECONDS + 1)
        try:
            assert reconcile_once(hub.database, hub.settings) == [f"recorded the end of server:{'/'.join(study)}"]
        finally:
            hub.database.clock = later


def test_another_installations_servers_are_left_alone(hub: RunningHub, study: tuple[str, str]) -> None:
    start(
        hub,
        *study,
        labels={
            **container.labels_of(check_access(hub.database, *study), hub.settings),
            "org.myelin.pool": "10.1.0.0/16",
        },
    )
    end_membership(hub.database, study[1], study[0])
    reconcile_once(hub.database, hub.settings)
    (foreign,) = containers_of(study[1])
    foreign.remove(force=True)


class TestWatch:
    @pytest.fixture
    def watch(self, hub: RunningHub, study: tuple[str, str]) -> Iterator[Watch]:
        start(hub, *study)
        return Watch(hub.database, hub.settings)

    @pytest.mark.parametrize(
        "error",
        [
            Unavailable("The control database does not answer."),
            DatabaseError("SELECT", {}, Exception("database disk image is malformed")),
            OSError(24, "Too many open files"),
            KeyError("a defect"),
        ],
        ids=lambda error: type(error).__name__,
    )
    def test_while_nothing_can_be_checked_servers_go_on_for_a_while_and_end_then(
        self,
        error: Exception,
        hub: RunningHub,
        study: tuple[str, str],
        watch: Watch,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        def gone(*_: Any) -> None:
            raise error

        monkeypatch.setattr(reconcile, "servers_up", gone)
        with pytest.raises(type(error)):
            watch.turn()
        assert len(containers_of(study[1])) == 1
        now = monotonic()
        monkeypatch.setattr(reconcile, "monotonic", lambda: now + reconcile.BLIND_SECONDS + 1)
        with pytest.raises(type(error)):
            watch.turn()
        assert containers_of(study[1]) == []

    def test_without_the_firewall_they_end_at_once(
        self, hub: RunningHub, study: tuple[str, str], watch: Watch, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fails(*_: Any) -> None:
            raise FirewallMissing("iptables failed.")

        monkeypatch.setattr(reconcile, "check_firewall", fails)
        monkeypatch.setattr(reconcile, "ensure_firewall", fails)
        with pytest.raises(FirewallMissing):
            watch.turn()
        assert containers_of(study[1]) == []

    def test_they_end_too_where_nothing_can_be_logged(
        self, hub: RunningHub, study: tuple[str, str], watch: Watch, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(reconcile, "_log", FullDisk())
        end_membership(hub.database, study[1], study[0])
        with pytest.raises(OSError, match="No space left"):
            watch.turn()
        assert containers_of(study[1]) == []

    def test_a_weakened_firewall_is_healed(self, hub: RunningHub, study: tuple[str, str], watch: Watch) -> None:
        remove_firewall(hub.settings)
        watch.turn()
        check_firewall(hub.settings)
        assert len(containers_of(study[1])) == 1


class FullDisk:
    """A logger that can not write."""

    def info(self, *_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    warning = error = info


class TestOneOfTwo:
    """What fails with one container keeps the other from nothing."""

    @pytest.fixture
    def two(self, hub: RunningHub, house: House) -> tuple[tuple[str, str], tuple[str, str]]:
        rosa, ravi = house.person("rosa"), house.person("ravi")
        first, second = (rosa, house.project(rosa)), (ravi, house.project(ravi))
        start(hub, *first)
        start(hub, *second)
        return first, second

    @pytest.mark.parametrize(
        "error", [KeyError("a defect"), DatabaseError("SELECT", {}, Exception("malformed"))], ids=["defect", "record"]
    )
    def test_one_that_can_not_be_judged_is_killed_and_the_next_looked_at(
        self,
        error: Exception,
        hub: RunningHub,
        two: tuple[tuple[str, str], tuple[str, str]],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        first, second = two

        def judge(database: Database, username: str, project_id: str) -> Access:
            if username == first[0]:
                raise error
            return check_access(database, username, project_id)

        monkeypatch.setattr(reconcile, "check_access", judge)
        end_membership(hub.database, second[1], second[0])
        assert len(reconcile_once(hub.database, hub.settings)) == 2
        assert containers_of(first[1]) == containers_of(second[1]) == []
        assert last_event(hub, "server:" + "/".join(first)) == ("hub:server:killed", type(error).__name__)

    def test_a_kill_that_can_not_be_recorded_is_done_and_so_is_the_next(
        self, hub: RunningHub, two: tuple[tuple[str, str], tuple[str, str]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(*_: Any) -> None:
            raise Unavailable("The control database does not answer.")

        monkeypatch.setattr(reconcile, "move", full)
        for username, project_id in two:
            end_membership(hub.database, project_id, username)
        with pytest.raises(Unavailable):
            reconcile_once(hub.database, hub.settings)
        assert containers_of(two[0][1]) == containers_of(two[1][1]) == []


def test_ending_all_servers_needs_no_database(hub: RunningHub, study: tuple[str, str]) -> None:
    start(hub, *study)
    assert end_all_servers(hub.settings, "a test") == 1
    assert containers_of(study[1]) == []
