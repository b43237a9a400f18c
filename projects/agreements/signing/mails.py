"""Whom mail tells that an agreement waits for them, or that it holds."""

from core.database import Transaction
from core.outbox.service import queue_mail
from core.outbox.templates import Template, register
from projects.agreements.signing.models import DrawnAgreement, SigningState
from projects.models import Project, TeamRole

TO_SIGN = Template(
    "projects:agreement:to_sign",
    "A data use agreement waits for your signature: $project",
    "The data use agreement for the project $project waits for your signature.\n\nRead it and sign it on its page, "
    "under your own account; an agreement is never signed by answering a mail:\n$link",
    ("project", "link"),
)
IN_FORCE = Template(
    "projects:agreement:in_force",
    "$project: the data use agreement is in force",
    "Both parties have signed the data use agreement of $project. It holds through $through.\n\n"
    "The document and both signatures:\n$link",
    ("project", "through", "link"),
)
register(TO_SIGN)
register(IN_FORCE)


def tell(tx: Transaction, drawn: DrawnAgreement, project: Project) -> None:
    """Queue the mail about the state an agreement has just come to: to whose turn it is, or to the leads."""
    key, link = f"agreement:{drawn.id}:{drawn.state}", f"/agreements/{drawn.project_id}/{drawn.number}"
    fields = {"project": project.title, "link": link}
    if drawn.state is SigningState.DRAFTED:
        queue_mail(tx, key, [drawn.signatory], TO_SIGN.name, fields)
    elif drawn.state is SigningState.SIGNED:
        queue_mail(tx, key, [drawn.countersignatory], TO_SIGN.name, fields)
    elif drawn.state is SigningState.IN_FORCE:
        leads = [name for name, role in project.team.items() if role is TeamRole.LEAD]
        queue_mail(tx, key, leads, IN_FORCE.name, {**fields, "through": f"{drawn.through:%-d %B %Y}"})
