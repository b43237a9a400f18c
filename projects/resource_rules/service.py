"""Versions of the resources' rules: propose, confirm, and find the one in force or the one of an application."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from core.database import Database
from core.errors import NotFound
from core.people.models import Person
from core.permissions import check_may
from data_catalog.hints import did_you_mean
from projects.resource_rules import permissions
from projects.resource_rules.errors import RulesSettled
from projects.resource_rules.models import OPEN, ResourceRules
from projects.resource_rules.policy import check_confirm
from projects.resource_rules.tables import resource_rules


@dataclass(frozen=True)
class RulesVersion:
    """One version of a resource's rules, and whose word it stands on."""

    rules: ResourceRules
    number: int
    sha256: str
    proposed_by: str
    proposed_at: datetime
    confirmed_by: str | None
    confirmed_at: datetime | None


def propose_rules(database: Database, actor: Person, rules: ResourceRules) -> RulesVersion:
    """Keep a new version, which is in force once a member of the committee confirms it."""
    check_may(actor, permissions.RULES_PROPOSE)
    with database.write(actor) as tx:
        mine = resource_rules.c.resource == rules.resource
        number = 1 + tx.execute(select(func.count()).select_from(resource_rules).where(mine)).scalar_one()
        values = {"resource": rules.resource, "number": number, "sha256": rules.sha256}
        content = rules.to_bytes().decode()
        tx.execute(
            insert(resource_rules).values(**values, content=content, proposed_by=actor.username, proposed_at=tx.now)
        )
        tx.record("projects:rules:propose", f"resource:{rules.resource}", {"number": number, "sha256": rules.sha256})
        return _find(tx.connection, rules.resource, number)


def confirm_rules(database: Database, actor: Person, resource: str, number: int) -> RulesVersion:
    """Put a proposed version in force.

    Raises RulesSettled where it was confirmed, or a newer one is there, OwnRules for whoever proposed it.
    """
    check_may(actor, permissions.RULES_CONFIRM)
    with database.write(actor) as tx:
        found = _find(tx.connection, resource, number)
        newest = versions(tx.connection, resource)[-1].number
        check_confirm(found.proposed_by, found.confirmed_by, actor)
        if newest != number:
            raise RulesSettled(f"Version {number} of the rules of {resource} was replaced.", "Look at the newest one.")
        this = (resource_rules.c.resource == resource, resource_rules.c.number == number)
        word = {"confirmed_by": actor.username, "confirmed_at": tx.now}
        tx.execute(update(resource_rules).where(*this).values(word))
        tx.record("projects:rules:confirm", f"resource:{resource}", {"number": number, "sha256": found.sha256})
        return _find(tx.connection, resource, number)


def versions(connection: Connection, resource: str | None = None) -> list[RulesVersion]:
    """Return every version of a resource's rules, or of all, oldest first."""
    query = select(resource_rules).order_by(resource_rules.c.resource, resource_rules.c.number)
    if resource is not None:
        query = query.where(resource_rules.c.resource == resource)
    return [_version(dict(row)) for row in connection.execute(query).mappings()]


def rules_in_force(connection: Connection, resource: str) -> RulesVersion:
    """Return the newest confirmed version of a resource's rules; raises NotFound where there is none."""
    confirmed = [one for one in versions(connection, resource) if one.confirmed_by]
    if not confirmed:
        known = sorted({one.rules.resource for one in versions(connection) if one.confirmed_by})
        message = f"There are no rules in force for {resource!r}{did_you_mean(resource, known)}."
        raise NotFound(message, "Without them nobody can apply: operations propose them, the committee confirms them.")
    return confirmed[-1]


def all_in_force(connection: Connection) -> list[RulesVersion]:
    """Return the version in force of every resource that has one, in order of id, open records last."""
    newest = {one.rules.resource: one for one in versions(connection) if one.confirmed_by}
    return sorted(newest.values(), key=lambda one: (one.rules.resource == OPEN, one.rules.resource))


def rules_by_hash(connection: Connection, sha256: str) -> ResourceRules:
    """Return the rules something was judged by; raises NotFound."""
    row = connection.execute(select(resource_rules.c.content).where(resource_rules.c.sha256 == sha256)).first()
    if row is None:
        raise NotFound("These rules are not kept here.")
    return _rules(row.content)


def _find(connection: Connection, resource: str, number: int) -> RulesVersion:
    this = (resource_rules.c.resource == resource, resource_rules.c.number == number)
    row = connection.execute(select(resource_rules).where(*this)).mappings().first()
    if row is None:
        raise NotFound(f"There is no version {number} of the rules of {resource}.", "`myelin rules list` shows them.")
    return _version(dict(row))


def _version(row: Mapping[str, Any]) -> RulesVersion:
    fields = {name: value for name, value in row.items() if name not in ("resource", "content")}
    return RulesVersion(rules=_rules(row["content"]), **fields)


@lru_cache(maxsize=16)
def _rules(content: str) -> ResourceRules:
    """Return the rules of a text; each is read once, as every use of a project is judged by its version."""
    kept = json.loads(content)
    people = kept.get("people", {})
    # Versions from before declarations had texts only named them: nobody can make one of those.
    people["declarations"] = [one for one in people.get("declarations", []) if not isinstance(one, str)]
    return ResourceRules.model_validate_json(json.dumps(kept))
