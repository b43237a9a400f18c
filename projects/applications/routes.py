"""Pages of those who apply: their applications, the form with its pre-check, and the steps open to them."""

import json
from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response

from core.errors import Conflict, InvalidInput, MyelinError, NotFound
from core.web.visit import SignedIn, Visit
from data_catalog.errors import BudgetSpent
from data_catalog.feasibility import service as feasibility
from data_catalog.feasibility.fields import TEXT
from data_catalog.feasibility.policy import in_words
from projects.applications import forms, service
from projects.applications.errors import EditedElsewhere, NotDeclared, NotOpen, RulesRefuse
from projects.applications.exemptions import ask_exemption
from projects.applications.models import Answer, Application, ApplicationKey
from projects.applications.naming import Named
from projects.applications.pages import (
    ApplicationPage,
    Dispute,
    application_page,
    my_applications,
    people_allowed,
    resources_to_apply_to,
    whole_page,
    with_mine,
)
from projects.applications.picking import with_picked
from projects.committee.pages import committee_page
from projects.committee.service import appeal_decision
from projects.resource_rules.models import RuleId

router = APIRouter()


@router.get("/applications")
def applications(visit: SignedIn) -> Response:
    """List the person's applications, and the resources they can apply to."""
    mine = my_applications(visit.database, visit.person)
    return visit.show(
        "projects/applications/list.html", applications=mine, resources=resources_to_apply_to(visit.database)
    )


@router.post("/applications")
def begin(visit: SignedIn) -> Response:
    """Begin an application under a short name."""
    name = visit.form.get("name", "").strip()
    begun = service.begin_application(visit.database, visit.person, visit.form.get("resource", ""), name)
    return visit.go(f"/applications/{begun.project_id}", "Your draft is begun, and saved as you write it.")


@router.post("/projects/{project_id}/amend")
def amend(visit: SignedIn, project_id: str) -> Response:
    """Begin an amendment of a running project: a draft of what it is approved for now."""
    begun = service.begin_amendment(visit.database, visit.person, project_id)
    return visit.go(f"/applications/{begun.name}", "Your draft says what is approved now. Change what is to change.")


@router.get("/applications/{project_id}")
def application(visit: SignedIn, key: Named) -> Response:
    """Show an application: the form while it is written, then what becomes of it."""
    return _page(visit, key)


@router.post("/applications/{project_id}/answers/{section}")
def save(visit: SignedIn, key: Named, section: str) -> Response:
    """Save what changed in one section of the form, and say what the pre-check finds now.

    From a page with JavaScript the answer is the pre-check alone; without it, the whole page.
    """
    if section not in forms.SECTIONS:
        raise InvalidInput("There is no such part of the form.")
    disputes = _save(visit, key, section)
    if visit.request.headers.get("hx-request") == "true":
        page = with_mine(application_page(visit.database, visit.person, *key), disputes)
        return visit.show("projects/applications/saved.html", page=page, disputes=disputes, forms=forms, oob=True)
    if disputes:
        return _page(visit, key, disputes=disputes)
    return visit.go(f"/applications/{key}#{section}", "Saved.")


@router.post("/applications/{project_id}/everywhere/{table_id}")
def pick_everywhere(visit: SignedIn, key: Named, table_id: str) -> Response:
    """Pick variables of a table at every dataset that is ticked, beside what is picked already."""
    page = application_page(visit.database, visit.person, *key)
    picked, datasets = forms.ticked(visit.form, "pick:"), forms.ticked(visit.form, "at:")
    if not picked or not datasets:
        raise InvalidInput("Nothing was picked.", "Tick at least one variable, and one dataset to have it of.")
    tables = [one.table for one in page.offered]
    asked = with_picked(page.answer("datasets") or {}, tables, table_id, picked, datasets)
    said = {f"{one}.{table_id}": why for one in datasets if (why := visit.form.get("why", "").strip())}
    versions = forms.versions_of(page.application.answers)
    for field, value in {"datasets": asked, "reasons": {**(page.answer("reasons") or {}), **said}}.items():
        service.save_answer(visit.database, visit.person, key.project_id, field, value, versions[field], key.number)
    return visit.go(f"/applications/{key}#data", f"Picked at {len(datasets)} datasets.")


@router.post("/applications/{project_id}/people/{dataset_id}/{table_id}")
def count_people(visit: SignedIn, key: Named, dataset_id: str, table_id: str) -> Response:
    """Say how many people a cohort that is being written would find, with those alone whom the rules allow."""
    words = _people_found(visit, key, dataset_id, visit.form.get(f"cohort:{dataset_id}.{table_id}", ""))
    if visit.request.headers.get("hx-request") == "true":
        return visit.show("projects/applications/people_found.html", words=words)
    return visit.go(f"/applications/{key}#data", f"{dataset_id}: {words} Save what you wrote before you go on.")


@router.get("/applications/{project_id}/read")
def read(visit: SignedIn, key: Named) -> Response:
    """Show a draft as the committee will read it, with the declaration that submits it."""
    return _whole(visit, key)


@router.post("/applications/{project_id}/submit")
def submit(visit: SignedIn, key: Named) -> Response:
    """Submit the application as it was read and declared to be true, or show it with what stands against it."""
    service.application_for(visit.database, visit.person, *key)
    try:
        if visit.form.get("declared") != "yes":
            raise NotDeclared
        service.submit_application(visit.database, visit.person, *key, read=visit.form.get("read", ""))
    except NotOpen:
        raise
    except (Conflict, InvalidInput, RulesRefuse) as refusal:
        return _whole(visit, key, refusal)
    return visit.go(f"/applications/{key}", "Your application is before the committee.")


@router.post("/applications/{project_id}/withdraw")
def withdraw(visit: SignedIn, key: Named) -> Response:
    """Withdraw the application for good."""
    service.withdraw_application(visit.database, visit.person, *key)
    return visit.go(f"/applications/{key}", "The application is withdrawn.")


@router.post("/applications/{project_id}/appeal")
def appeal(visit: SignedIn, key: Named) -> Response:
    """Appeal against the committee's decision."""
    appeal_decision(visit.database, visit.person, key.project_id, visit.form.get("reason", ""), key.number)
    return visit.go(f"/applications/{key}", "Your appeal is before other members of the committee.")


@router.post("/applications/{project_id}/exemption/{rule}")
def exemption(visit: SignedIn, key: Named, rule: RuleId) -> Response:
    """Ask the committee for an exemption from a rule, or for its authorisation."""
    ask_exemption(visit.database, visit.person, key.project_id, rule, visit.form.get("reason", ""), key.number)
    return visit.go(f"/applications/{key}", "The committee is asked. Two of its members grant it.")


def _save(visit: Visit, key: ApplicationKey, section: str) -> list[Dispute]:
    """Save every answer of a section that differs from what is kept; return those somebody else changed first."""
    found = service.application_for(visit.database, visit.person, *key)
    versions = forms.versions_in(visit.form)
    disputes = []
    for field, value in forms.answers_in(section, visit.form).items():
        if not _differs(found, field, value):
            continue
        read = versions.get(field, 0)
        try:
            service.save_answer(visit.database, visit.person, key.project_id, field, value, read, key.number)
        except EditedElsewhere as conflict:
            mine = Answer(field, json.dumps(value), read, visit.person.username, visit.now)
            disputes.append(Dispute(mine, conflict.current, conflict.version))
    return disputes


def _differs(found: Application, field: str, value: object) -> bool:
    known = found.answers.get(field)
    return (json.loads(known.value) if known else None) != value


def _page(
    visit: Visit, key: ApplicationKey, refusal: MyelinError | None = None, disputes: Sequence[Dispute] = ()
) -> Response:
    page = with_mine(application_page(visit.database, visit.person, *key), disputes)
    status = refusal.status if refusal else EditedElsewhere.status if disputes else 200
    facts: dict[str, Any] = {"page": page, "refusal": refusal, "forms": forms, "disputes": disputes, "oob": False}
    if page.may_write:
        return visit.show("projects/applications/form.html", status=status, **facts, returned=_returned(visit, page))
    seen = committee_page(visit.database, visit.person, *key)
    return visit.show("projects/applications/submitted.html", status=status, **facts, seen=seen)


def _whole(visit: Visit, key: ApplicationKey, refusal: MyelinError | None = None) -> Response:
    whole = whole_page(visit.database, visit.person, *key)
    facts = {"page": whole.page, "tables": whole.tables, "refusal": refusal, "forms": forms}
    status = refusal.status if refusal else 200
    return visit.show("projects/applications/read.html", status=status, declaration=service.DECLARATION, **facts)


def _people_found(visit: Visit, key: ApplicationKey, dataset_id: str, cohort: str) -> str:
    page = application_page(visit.database, visit.person, *key)
    if dataset_id not in {one.table.dataset for one in page.offered}:
        raise NotFound("This data is not offered here.")
    try:
        restricted = people_allowed(visit.database, page, dataset_id, cohort)
        value = feasibility.ask(visit.database, visit.settings, visit.person, dataset_id, {TEXT: restricted})
    except (InvalidInput, BudgetSpent) as refusal:
        return f"{refusal.message} {refusal.hint}".strip()
    return f"{in_words(value)}."


def _returned(visit: Visit, page: ApplicationPage) -> str:
    return committee_page(
        visit.database, visit.person, page.application.project_id, page.application.number
    ).deliberation.return_note
