"""Who runs the house, who lets data in, who lets them out, who looks on: no role, and no person, does two of these."""

from dataclasses import replace

import pytest

import portal.app  # noqa: F401  (every room's permissions)
from core.database import Database
from core.errors import Refused
from core.people.models import Person, Role
from core.people.policy import KEPT_APART
from core.people.service import confirm_role, person_by_username, propose_role
from core.permissions import all_permissions, check_may, may
from tests.conftest import person

ADMINISTERS = {
    "core:affiliation:record",
    "core:person:add",
    "core:person:close",
    "core:person:read",
    "core:person:reopen",
    "core:role:confirm",
    "core:role:grant",
    "projects:training:read",
    "projects:training:record",
}
"""What ops may do with people."""

RUNS = {
    "core:audit:read",
    "core:effect:read",
    "core:effect:retry",
    "data_catalog:edition:verify",
    "data_catalog:ledger:read",
    "projects:agreement:countersign",
    "projects:agreement:record",
    "projects:archive:purge",
    "projects:contract:read",
    "projects:contract:record",
    "projects:invoice:issue",
    "projects:invoice:settle",
    "projects:member:remove",
    "projects:project:activate",
    "projects:project:close",
    "projects:project:read_all",
    "projects:project:suspend",
    "projects:rules:propose",
    "projects:seat:give",
}
"""What else ops may do: they carry out what others decided, stop things, propose and read."""

LETS_IN = {
    "data_catalog:edition:publish": Role.DATA_MANAGER,
    "data_catalog:edition:withdraw": Role.DATA_MANAGER,
    "data_catalog:numbers:publish": Role.DATA_MANAGER,
    "projects:application:decide": Role.DAC_MEMBER,
    "projects:member:add": Role.DAC_MEMBER,
    "projects:project:resume": Role.DAC_MEMBER,
    "projects:rules:confirm": Role.DAC_MEMBER,
}
"""What brings data in or opens them to somebody, and the one role that may."""

LETS_OUT = {
    "egress_review:request:decide": Role.CHECKER,
    "egress_review:request:read_held": Role.CHECKER,
    "egress_review:request:release": Role.CHECKER,
    "egress_review:request:review": Role.CHECKER,
}
"""What lets outputs out, or shows what is held, and the one role that may."""


OF_OPS = replace(person("olga"), roles=frozenset({Role.OPS}))


def holds(role: Role) -> set[str]:
    return {permission for permission, roles in all_permissions().items() if role in roles}


def test_every_permission_is_sorted_so_that_a_new_one_is_thought_about() -> None:
    assert set(all_permissions()) == ADMINISTERS | RUNS | LETS_IN.keys() | LETS_OUT.keys()


def test_ops_administer_people_and_run_the_house_and_nothing_else() -> None:
    assert holds(Role.OPS) == ADMINISTERS | RUNS


@pytest.mark.parametrize(("permission", "role"), [*LETS_IN.items(), *LETS_OUT.items()])
def test_what_lets_data_in_or_out_is_one_roles_own(permission: str, role: Role) -> None:
    assert all_permissions()[permission] == {role}


@pytest.mark.parametrize("permission", [*LETS_IN, *LETS_OUT])
def test_somebody_of_ops_is_refused_it_by_name(permission: str) -> None:
    with pytest.raises(Refused, match=permission):
        check_may(OF_OPS, permission)


@pytest.mark.parametrize("permission", sorted(ADMINISTERS | RUNS))
def test_somebody_of_ops_may_do_the_rest_while_their_account_is_open(permission: str) -> None:
    assert may(OF_OPS, permission)
    assert not may(replace(OF_OPS, active=False), permission)


@pytest.mark.parametrize("decides", [Role.DAC_MEMBER, Role.CHECKER])
def test_who_decides_administers_nobody_but_for_the_second_word(decides: Role) -> None:
    assert holds(decides) & ADMINISTERS <= {"core:role:confirm"}


def test_who_looks_on_changes_nothing() -> None:
    assert {permission.rsplit(":", 1)[1] for permission in holds(Role.AUDITOR)} == {"read", "read_all", "verify"}


@pytest.mark.parametrize("role", [Role.DAC_MEMBER, Role.CHECKER, Role.AUDITOR])
def test_who_decides_reviews_or_looks_on_is_not_of_ops(role: Role) -> None:
    assert frozenset({Role.OPS, role}) in KEPT_APART


@pytest.mark.parametrize("pair", sorted(KEPT_APART, key=sorted), ids=lambda pair: " and ".join(sorted(pair)))
def test_no_person_comes_to_hold_two_roles_that_are_kept_apart(
    database: Database, people: dict[str, Person], pair: frozenset[Role]
) -> None:
    """Neither one after the other, nor both proposed first and confirmed in turn."""
    with pytest.raises(Refused, match="kept apart"):
        for grant in [propose_role(database, people["olga"], "ravi", role) for role in sorted(pair)]:
            confirm_role(database, people["otto"], grant.id)
    assert len(person_by_username(database, "ravi").roles) == 1
