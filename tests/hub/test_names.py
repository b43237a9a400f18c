"""Names are short enough for the kernel, and no two people, projects or installations share one."""

from core.settings import Settings
from hub.names import bridge_name, container_name, network_name

LONGEST = "a" + "-b" * 15


def test_a_bridge_of_the_longest_project_fits_the_kernel(settings: Settings) -> None:
    assert len(LONGEST) == 31
    assert len(bridge_name(settings, LONGEST)) == 12 < 16


def test_every_bridge_is_one_the_firewall_knows(settings: Settings) -> None:
    assert bridge_name(settings, "cis-spinal").startswith("myl-")


def test_names_of_different_servers_differ(settings: Settings) -> None:
    pairs = [("rosa", "a-b"), ("rosa-a", "b"), ("rosa", "a"), ("ro", "sa-a")]
    assert len({container_name(settings, *pair) for pair in pairs}) == len(pairs)


def test_installations_on_one_host_may_have_projects_of_one_id(settings: Settings) -> None:
    other = Settings(**{**settings.model_dump(), "network_pool": "10.78.0.0/16"})
    for name in (network_name, bridge_name):
        assert name(settings, "cis-spinal") != name(other, "cis-spinal")
    assert container_name(settings, "rosa", "cis-spinal") != container_name(other, "rosa", "cis-spinal")
