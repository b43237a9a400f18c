"""The resources' rules: every version, proposing one, and putting it in force."""

import json
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BeforeValidator, ValidationError

from core.forms import in_words
from portal.api.caller import Called
from portal.api.fields import Number, Resource, Shown
from portal.api.paging import Page, Windowed, paged
from projects.resource_rules.errors import RulesRejected
from projects.resource_rules.models import ResourceRules
from projects.resource_rules.pages import RulesPage, rules_page, rules_pages
from projects.resource_rules.service import RulesVersion, confirm_rules, propose_rules

router = APIRouter(tags=["rules"])


class RulesShown(Shown):
    """One version of a resource's rules, and whose word it stands on."""

    resource: str
    number: int
    in_force: bool
    rules: ResourceRules
    sha256: str
    proposed_by: str
    proposed_at: datetime
    confirmed_by: str | None
    confirmed_at: datetime | None


def _read(said: Any) -> ResourceRules:
    """Read rules as JSON has them; raises RulesRejected with every problem in them."""
    try:
        return ResourceRules.model_validate_json(json.dumps(said))
    except ValidationError as error:
        raise RulesRejected(in_words(error, "the rules")) from error


Rules = Annotated[ResourceRules, BeforeValidator(_read)]


@router.get("/rules")
def list_rules(caller: Called, window: Windowed) -> Page[RulesShown]:
    """List every resource's rules as they are in force, or as proposed where none are yet."""
    pages = rules_pages(caller.database, caller.person)
    return paged(window, pages, lambda page: page.version.rules.resource, _shown)


@router.get("/rules/{resource}")
def rules_in_force(caller: Called, resource: Resource) -> RulesShown:
    """Return a resource's rules in force."""
    return _shown(rules_page(caller.database, caller.person, resource))


@router.get("/rules/{resource}/{number}")
def rules_version(caller: Called, resource: Resource, number: Number) -> RulesShown:
    """Return one version of a resource's rules."""
    return _shown(rules_page(caller.database, caller.person, resource, number))


@router.post("/rules", status_code=201)
def propose_rules_version(caller: Called, rules: Rules) -> RulesShown:
    """Propose a version of a resource's rules; it is in force once a member of the committee confirms it."""
    made = propose_rules(caller.database, caller.person, rules)
    return _shown(rules_page(caller.database, caller.person, rules.resource, made.number))


@router.post("/rules/{resource}/{number}/confirm")
def confirm_rules_version(caller: Called, resource: Resource, number: Number) -> RulesShown:
    """Put a proposed version in force; what was submitted before is judged by the version it was submitted under."""
    confirm_rules(caller.database, caller.person, resource, number)
    return _shown(rules_page(caller.database, caller.person, resource, number))


def _shown(page: RulesPage) -> RulesShown:
    version: RulesVersion = page.version
    in_force = version.number == page.in_force
    return RulesShown(resource=version.rules.resource, in_force=in_force, **version.__dict__)
