"""`myelin project …`: from an approved application to a running project, and to its end."""

from collections.abc import Iterator
from typing import Annotated

import typer

from data_catalog.anonymity import facts as facts_of
from ops import context
from ops.activation import activate as activate_project
from ops.activation import recut as recut_project
from ops.show import console, show_facts, show_table, step
from projects import service
from projects.models import ApprovedTable, Project, TeamRole
from projects.recutting import purge_cuts
from projects.risk import project_anonymity
from projects.visibility import project_for, projects_visible_to

app = typer.Typer(help="Projects: activate, recut, suspend, resume, close.", no_args_is_help=True)

ProjectId = Annotated[str, typer.Argument(help="The project's id.")]
Username = Annotated[str, typer.Argument(help="The person's user name.")]


@app.command("list")
def list_projects() -> None:
    """List the projects that are yours to see: your own, or all by your role."""
    visible = projects_visible_to(context.database(), context.signed_in())
    rows = [[p.id, p.state, p.title, ", ".join(p.team), str(p.ends)] for p in visible]
    show_table("Projects", ["project", "state", "title", "team", "ends"], rows)


@app.command()
def show(project_id: ProjectId) -> None:
    """Show a project: its state, team, dates, data and cut."""
    _show(project_for(context.database(), context.signed_in(), project_id))


@app.command()
def activate(project_id: ProjectId) -> None:
    """Make the project's cut and network, and open it to its team."""
    actor = context.signed_in()
    with step("Making the cut, its views and the network"):
        activated = activate_project(context.settings(), context.database(), actor, project_id)
    _show(activated)


@app.command()
def recut(project_id: ProjectId) -> None:
    """Make the next cut of what the project is approved for; servers with the old one are ended within seconds."""
    actor = context.signed_in()
    with step("Making the cut and its views beside the old one"):
        made = recut_project(context.settings(), context.database(), actor, project_id)
    _show(made)


@app.command()
def purge(project_id: ProjectId) -> None:
    """Delete the bytes of the project's old cuts, which it does not work on any more."""
    with step("Deleting old cuts"):
        numbers = purge_cuts(context.database(), context.settings(), context.signed_in(), project_id)
    console.print(f"Deleted: {', '.join(map(str, numbers)) or 'none, there is no old cut'}.")


@app.command("anonymity")
def show_anonymity(project_id: ProjectId) -> None:
    """Show how few people share their quasi-identifiers in the cut a project, or its amendment, asks for."""
    actor = context.signed_in()
    with step("Counting people"):
        found = project_anonymity(context.database(), context.settings(), actor, project_id)
    for dataset_id, measured in found.items():
        show_facts(f"{project_id}: {dataset_id}", facts_of(measured))


@app.command()
def suspend(project_id: ProjectId) -> None:
    """Stop a project until it is resumed; its running servers are killed within seconds."""
    _show(service.suspend_project(context.database(), context.signed_in(), project_id))


@app.command()
def resume(project_id: ProjectId) -> None:
    """Open a suspended project again, as a member of the data access committee."""
    _show(service.resume_project(context.database(), context.signed_in(), project_id))


@app.command("add-member")
def add_member(
    project_id: ProjectId,
    username: Username,
    role: Annotated[TeamRole, typer.Option(help="Place in the team.")] = TeamRole.RESEARCHER,
) -> None:
    """Add somebody to the team."""
    _show(service.add_member(context.database(), context.signed_in(), project_id, username, role))


@app.command("remove-member")
def remove_member(project_id: ProjectId, username: Username) -> None:
    """Take somebody out of the team; their running server is killed within seconds."""
    _show(service.remove_member(context.database(), context.signed_in(), project_id, username))


def _show(project: Project) -> None:
    team = ", ".join(f"{name} ({role})" for name, role in project.team.items()) or "nobody"
    facts = [("state", str(project.state)), ("team", team), ("dates", f"{project.starts} to {project.ends}")]
    facts += [fact for table in project.tables for fact in _of_table(table)]
    show_facts(f"{project.id}: {project.title}", [*facts, *_of_cuts(project)])


def _of_table(table: ApprovedTable) -> Iterator[tuple[str, str]]:
    rows = f", rows where {table.row_filter}" if table.row_filter else ""
    yield f"{table.dataset_id}.{table.table_id}", f"edition {table.edition}: {', '.join(table.variables)}{rows}"
    yield from ((f"  {name}", rule.words) for name, rule in table.rules.items())
    if table.cohort:
        yield "  people", f"where {table.cohort}"
    if table.scan_kinds:
        yield "  scans", table.scan_kinds.words


def _of_cuts(project: Project) -> Iterator[tuple[str, str]]:
    if cut := project.cut:
        of = f" of amendment {cut.amendment}" if cut.amendment else ""
        made = f"{cut.made_at:%Y-%m-%d %H:%M} UTC, manifest {cut.manifest_sha256[:12]}…"
        yield "cut", f"{cut.number}{of}, made {made}"
    if project.waits_for_cut:
        yield "to be cut", f"amendment {project.approved_amendment} is approved; `myelin project recut` makes its cut"
    if project.old_cuts:
        numbers = ", ".join(str(cut.number) for cut in project.old_cuts)
        yield "old cuts", f"{numbers}, kept beside it until `myelin project purge`"
