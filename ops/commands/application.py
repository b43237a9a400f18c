"""`myelin application …`: apply for data from a file, and decide on applications."""

from pathlib import Path
from typing import Annotated

import typer

from core.errors import InvalidInput
from ops import context
from ops.show import console, show_facts, show_table
from projects.applications import service
from projects.applications.exemptions import answer_exemption, ask_exemption
from projects.applications.models import Application, load_application_file
from projects.applications.records import key_of
from projects.committee import service as committee
from projects.committee.models import Deliberation, Word
from projects.resource_rules.models import RuleId, Verdict

app = typer.Typer(help="Applications: submit, amend, withdraw, vote, return, appeal.", no_args_is_help=True)

Id = Annotated[
    str, typer.Argument(help="The application's name; `cis-spinal.1` is the first amendment of that project.")
]
File = Annotated[Path, typer.Argument(help="The application (TOML).")]
Rule = Annotated[RuleId, typer.Argument(help="The rule, as a refusal cites it.")]
Reason = Annotated[str, typer.Option(help="Why; it is kept with the application.")]
BodyId = Annotated[str, typer.Option("--body", help="The body you vote for, as `myelin rules show` lists it.")]


@app.command("list")
def list_applications() -> None:
    """List the applications that are yours to see: your own, or by your role all that were submitted."""
    found = service.applications_for(context.database(), context.signed_in())
    rows = [[one.name, one.resource, one.state, f"{one.state_since:%Y-%m-%d %H:%M} UTC"] for one in found]
    show_table("Applications", ["name", "resource", "state", "since"], rows)


@app.command()
def show(name: Id) -> None:
    """Show an application: its state, what the rules said of it, and where the committee stands."""
    _show(service.application_for(context.database(), context.signed_in(), *key_of(name)))


@app.command()
def submit(file: File) -> None:
    """Apply as a file says, and declare it true; with something missing, or a rule against it, nothing is written."""
    submitted = service.apply_from_file(context.database(), context.signed_in(), load_application_file(file))
    _show_declared(submitted)


@app.command()
def amend(
    project_id: Annotated[str, typer.Argument(help="The running project, which you lead.")],
    file: Annotated[Path | None, typer.Option(help="The whole application as it is to be (TOML); submitted.")] = None,
) -> None:
    """Begin an amendment as a draft of what is approved, to be written in the portal; or submit one from a file."""
    database, actor = context.database(), context.signed_in()
    if file is None:
        _show(service.begin_amendment(database, actor, project_id))
        return
    amended = load_application_file(file)
    if amended.id != project_id:
        raise InvalidInput(f"The file is of {amended.id}, not of {project_id}.")
    _show_declared(service.amend_from_file(database, actor, amended))


@app.command()
def withdraw(name: Id) -> None:
    """Withdraw an application for good."""
    _show(service.withdraw_application(context.database(), context.signed_in(), *key_of(name)))


@app.command()
def declare(
    name: Id,
    conflict: Annotated[str, typer.Option(help="What your conflict of interest is; left out, you have none.")] = "",
) -> None:
    """Declare whether you have a conflict of interest in an application, as a member of the committee."""
    actor, key = context.signed_in(), key_of(name)
    committee.declare_interest(
        context.database(), actor, key.project_id, conflict=bool(conflict), words=conflict, number=key.number
    )
    console.print("Declared: a conflict of interest." if conflict else "Declared: no conflict of interest.")


@app.command()
def vote(
    name: Id,
    word: Annotated[Word, typer.Argument(help="Your word.")],
    body: BodyId,
    reason: Reason = "",
    conditions: Annotated[str, typer.Option(help="What you approve it under.")] = "",
    decline: Annotated[
        list[str] | None, typer.Option(help="A variable that is not given, and why: dataset.table.variable=reason")
    ] = None,
) -> None:
    """Vote on an application; the vote that meets the body's quorum decides."""
    key = key_of(name)
    declined = dict(_parts(one) for one in decline or ())
    _show(
        committee.cast_vote(
            context.database(),
            context.signed_in(),
            key.project_id,
            body,
            word,
            reason=reason,
            conditions=conditions,
            declined=declined,
            number=key.number,
        )
    )


@app.command("go-on")
def go_on(name: Id, body: Annotated[str, typer.Option(help="The body that did not decide in time.")]) -> None:
    """Go on without a body whose time is over: its data are not given, and the others' decisions stand."""
    key = key_of(name)
    _show(committee.go_on_without(context.database(), context.signed_in(), key.project_id, body, key.number))


@app.command("return")
def return_(name: Id, reason: Reason) -> None:
    """Return an application to its team for changes, as a member of the committee."""
    key = key_of(name)
    _show(committee.return_application(context.database(), context.signed_in(), key.project_id, reason, key.number))


@app.command()
def appeal(name: Id, reason: Reason) -> None:
    """Appeal against a decline: other members vote on the same application."""
    key = key_of(name)
    _show(committee.appeal_decision(context.database(), context.signed_in(), key.project_id, reason, key.number))


@app.command("ask-exemption")
def ask(name: Id, rule: Rule, reason: Reason) -> None:
    """Ask the committee to exempt a draft from a rule, or to authorise its commercial use (rule `commercial`)."""
    key = key_of(name)
    ask_exemption(context.database(), context.signed_in(), key.project_id, rule, reason, key.number)
    console.print(f"Asked. Two members grant it, one refuses it: rule {rule}.")


@app.command("answer-exemption")
def answer(
    name: Id,
    rule: Rule,
    reason: Reason,
    grant: Annotated[bool, typer.Option("--grant/--refuse", help="Whether you grant it.")],
) -> None:
    """Say a member's word on an exemption: it takes two to grant it."""
    actor, key = context.signed_in(), key_of(name)
    database, number = context.database(), key.number
    said = answer_exemption(database, actor, key.project_id, rule, granted=grant, reason=reason, number=number)
    console.print("In force." if said.in_force else "Refused." if said.settled else "It waits for a second member.")


def _parts(text: str) -> tuple[str, str]:
    name, equals, why = text.partition("=")
    if not equals:
        raise InvalidInput(f"{text!r} is not of the form dataset.table.variable=reason.")
    return name, why


def _show_declared(application: Application) -> None:
    """Say what was declared by submitting it, then what became of it."""
    console.print(f"Declared: {service.DECLARATION}", markup=False)
    _show(application)


def _show(application: Application) -> None:
    submission = application.submission
    facts = [("resource", application.resource), ("state", str(application.state))]
    if submission:
        facts += [("title", submission.file.title), ("submitted", f"{submission.submitted_at:%Y-%m-%d %H:%M} UTC")]
        facts += [(str(one.weight), _words(one)) for one in submission.verdicts]
        actor = context.signed_in()
        facts += _deliberation(committee.deliberation(context.database(), actor, application))
    for one in application.exemptions:
        facts.append((f"exemption {one.rule}", "in force" if one.in_force else f"{len(one.words)} of 2 words"))
    show_facts(application.name, facts)


def _words(verdict: Verdict) -> str:
    return f"{verdict.rule}: {verdict.message}{' (answered)' if verdict.answered else ''}"


def _deliberation(found: Deliberation) -> list[tuple[str, str]]:
    facts = [("returned", found.return_note)] if found.return_note else []
    facts += [("appeal", found.appeal)] if found.appeal else []
    return facts + [(one.body, "approved" if one.approved else "declined") for one in found.decisions]
