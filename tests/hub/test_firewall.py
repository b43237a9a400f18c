"""The firewall on this machine's own kernel: put in place, checked, and found missing however it was weakened."""

import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from core.settings import Settings
from hub import firewall
from hub.errors import FirewallMissing
from hub.firewall import check_firewall, ensure_firewall, remove_firewall

FAMILIES = ("iptables", "ip6tables")


@pytest.fixture
def closed(settings: Settings) -> Iterator[Settings]:
    """An installation in a pool of this test's own, its firewall in place."""
    own = settings.model_copy(update={"network_pool": "10.191.0.0/18"})
    own = Settings(**own.model_dump())
    ensure_firewall(own)
    yield own
    ensure_firewall(own)
    remove_firewall(own)


def mangle(family: str, *rule: str) -> None:
    subprocess.run([family, "-w", "-t", "mangle", *rule], check=True)


def listed(family: str) -> str:
    return subprocess.run([family, "-w", "-t", "mangle", "-S"], check=True, capture_output=True, text=True).stdout


def test_putting_it_in_place_again_changes_nothing(closed: Settings) -> None:
    before = [listed(family) for family in FAMILIES]
    ensure_firewall(closed)
    assert [listed(family) for family in FAMILIES] == before


def test_one_container_holds_but_so_many_connections(closed: Settings) -> None:
    """Before anything lets them through: else one container holds all the egress API takes, and nobody else any."""
    own = [rule for rule in listed("iptables").splitlines() if rule.startswith(f"-A {firewall._chain(closed)} ")]
    ports = f"--dports {closed.hub_api_port},{closed.egress_port}"
    limit, accept = (rule for rule in own if rule.endswith(("-j DROP", "-j ACCEPT")) and f"{ports} " in rule)
    assert f"{ports} -m connlimit --connlimit-above 64 --connlimit-mask 32 --connlimit-saddr -j DROP" in limit
    assert accept.endswith("-j ACCEPT")


def test_another_installation_on_this_host_keeps_its_own(closed: Settings) -> None:
    other = Settings(**{**closed.model_dump(), "network_pool": "10.191.64.0/18", "hub_api_port": 40123})
    ensure_firewall(other)
    check_firewall(closed)
    remove_firewall(other)
    check_firewall(closed)
    with pytest.raises(FirewallMissing):
        check_firewall(other)


def test_installations_that_come_and_go_at_once_keep_each_others_rules(closed: Settings) -> None:
    others = [Settings(**{**closed.model_dump(), "network_pool": f"10.191.{16 * n}.0/20"}) for n in range(4, 8)]

    def come_and_go(other: Settings) -> None:
        for _ in range(5):
            ensure_firewall(other)
            check_firewall(closed)
            remove_firewall(other)

    with ThreadPoolExecutor(len(others)) as at_once:
        list(at_once.map(come_and_go, others))
    check_firewall(closed)


def test_what_is_removed_twice_is_removed(closed: Settings) -> None:
    remove_firewall(closed)
    remove_firewall(closed)
    with pytest.raises(FirewallMissing):
        check_firewall(closed)


@pytest.mark.parametrize("family", FAMILIES)
class TestWeakened:
    """Each way of weakening it is noticed, and healed by putting it in place."""

    def assert_noticed_and_healed(self, settings: Settings) -> None:
        with pytest.raises(FirewallMissing, match="no server starts"):
            check_firewall(settings)
        ensure_firewall(settings)
        check_firewall(settings)

    def test_the_drop_is_gone(self, family: str, closed: Settings) -> None:
        mangle(family, "-D", "MYELIN-CLOSED", "-i", "myl-+", "-j", "DROP")
        self.assert_noticed_and_healed(closed)

    def test_forwarding_is_open(self, family: str, closed: Settings) -> None:
        mangle(family, "-F", "MYELIN-FORWARD")
        self.assert_noticed_and_healed(closed)

    def test_a_port_is_added(self, family: str, closed: Settings) -> None:
        rule = ["-p", "tcp", "--dport", "22", "-j", "ACCEPT"]
        mangle(family, "-I", firewall._chain(closed), *rule)
        self.assert_noticed_and_healed(closed)

    def test_something_is_accepted_before_it(self, family: str, closed: Settings) -> None:
        rule = ["-i", "myl-+", "-p", "udp", "-j", "ACCEPT"]
        mangle(family, "-I", "INPUT", *rule)
        self.assert_noticed_and_healed(closed)
        mangle(family, "-D", "INPUT", *rule)

    def test_something_is_forwarded_before_it(self, family: str, closed: Settings) -> None:
        rule = ["-i", "myl-+", "-j", "ACCEPT"]
        mangle(family, "-I", "FORWARD", *rule)
        self.assert_noticed_and_healed(closed)
        mangle(family, "-D", "FORWARD", *rule)

    def test_nothing_jumps_to_it(self, family: str, closed: Settings) -> None:
        mangle(family, "-D", "INPUT", "-j", "MYELIN-CLOSED")
        self.assert_noticed_and_healed(closed)


def test_bridged_packets_must_pass_it(closed: Settings) -> None:
    switch = firewall._BRIDGED[0]
    switch.write_text("0")
    with pytest.raises(FirewallMissing, match="bridges"):
        check_firewall(closed)
    ensure_firewall(closed)
    check_firewall(closed)


def test_without_iptables_it_is_missing(closed: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(FirewallMissing, match="not installed"):
        check_firewall(closed)
