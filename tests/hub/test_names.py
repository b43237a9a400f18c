"""Names are short enough for the kernel, and no two people or projects share one."""

from hub.names import bridge_name, container_name, network_name

LONGEST = "a" + "-b" * 15


def test_a_bridge_of_the_longest_project_fits_the_kernel() -> None:
    assert len(LONGEST) == 31
    assert len(bridge_name(LONGEST)) == 12 < 16


def test_every_bridge_is_one_the_firewall_knows() -> None:
    assert bridge_name("cis-spinal").startswith("myl-")


def test_names_of_different_servers_differ() -> None:
    pairs = [("rosa", "a-b"), ("rosa-a", "b"), ("rosa", "a"), ("ro", "sa-a")]
    assert len({container_name(*pair) for pair in pairs}) == len(pairs)
    assert container_name("rosa", "cis-spinal") == "myelin-rosa--cis-spinal"
    assert network_name("cis-spinal") == "myelin-cis-spinal"
