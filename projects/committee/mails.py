"""Who is told by mail where an application has come, and who is reminded before a clock ends and when it has."""

from collections.abc import Mapping

from core.database import Transaction
from core.outbox.service import cancel, queue_mail
from core.outbox.templates import Template, register
from projects.applications.models import Application, ApplicationState
from projects.applications.policy import IN_REVIEW
from projects.committee.policy import bodies_asked, due_at, reminders_of
from projects.committee.records import deliberation_on, seats_of
from projects.resource_rules.models import ResourceRules

TO_DECIDE = Template(
    "projects:application:decide",
    "Application $id is before you",
    "$title\n\nThis application to $resource waits for your vote, until $until. Declare first whether you have a "
    "conflict of interest.\n\n$link",
    ("id", "title", "resource", "until", "link"),
)
SETTLED = Template(
    "projects:application:settled",
    "Your application $id: $state",
    "$title\n\nYour application to $resource is $state.\n\n$reason\n\nWhat to do next is said on its page:\n$link",
    ("id", "title", "resource", "state", "reason", "link"),
)
REMINDER = Template(
    "projects:application:remind",
    "Application $id: $when",
    "$title\n\nThis application to $resource waits for you, and $when.\n\n$link",
    ("id", "title", "resource", "when", "link"),
)
for _template in (TO_DECIDE, SETTLED, REMINDER):
    register(_template)

SAID: Mapping[ApplicationState, str] = {
    ApplicationState.RETURNED: "returned to you for changes",
    ApplicationState.APPROVED: "approved",
    ApplicationState.DECLINED: "declined",
    ApplicationState.UPHELD: "declined for good",
}
"""States those who apply are told of; of the others it was they who took the step."""


def tell(tx: Transaction, application: Application, rules: ResourceRules) -> None:
    """Queue the mails about the state an application has just come to, and its reminders in place of earlier ones."""
    cancel(tx, _reminders(application))
    if application.submission is None:
        return
    if application.state in IN_REVIEW:
        due = due_at(application, rules)
        fields = _fields(application, rules, "committee") | {"until": f"{due:%-d %B %Y}"}
        queue_mail(tx, _key(application), members_waited_for(tx, application, rules), TO_DECIDE.name, fields)
    elif application.state in SAID:
        fields = _fields(application, rules, "applications") | {
            "state": SAID[application.state],
            "reason": _reason(tx, application),
        }
        queue_mail(tx, _key(application), sorted(application.writers), SETTLED.name, fields)
    _remind(tx, application, rules)


def no_more_reminders(tx: Transaction, application: Application, username: str) -> None:
    """Take back the reminders of somebody who did what they were waited for."""
    cancel(tx, f"{_reminders(application)}{username}:")


def nobody_is_waited_for(tx: Transaction, application: Application) -> None:
    """Take back every reminder of an application that ended."""
    cancel(tx, _reminders(application))


def members_waited_for(tx: Transaction, application: Application, rules: ResourceRules) -> list[str]:
    """Return who may vote on an application: members with a seat, not of its people, nor of an appealed decision."""
    assert application.submission is not None
    bodies = bodies_asked(application, rules)
    seated = {name for body in bodies for name in seats_of(tx.connection, application.resource, body.id)}
    return sorted(seated - application.people - deliberation_on(tx.connection, application).earlier_voters)


def _remind(tx: Transaction, application: Application, rules: ResourceRules) -> None:
    judged = application.state in IN_REVIEW
    to = members_waited_for(tx, application, rules) if judged else sorted(application.writers)
    for reminder in reminders_of(application, rules):
        fields = _fields(application, rules, "committee" if judged else "applications") | {"when": reminder.words}
        for username in to:
            key = f"{_reminders(application)}{username}:{_moment(application)}:{reminder.name}"
            queue_mail(tx, key, [username], REMINDER.name, fields, due_at=reminder.at)


def _reason(tx: Transaction, application: Application) -> str:
    """Return the words of the committee that those who apply are to read."""
    now = deliberation_on(tx.connection, application)
    if application.state is ApplicationState.RETURNED:
        return now.return_note
    said = [text for vote in now.votes for text in (vote.reason, vote.conditions) if text]
    late = [f"{one.body} did not decide in time: its data are not given." for one in now.decisions if one.lapsed]
    return "\n\n".join((*said, *late)) or "No words were added."


def _fields(application: Application, rules: ResourceRules, pages: str) -> dict[str, str]:
    assert application.submission is not None
    return {
        "id": application.id,
        "title": application.submission.file.title,
        "resource": rules.label,
        "link": f"/{pages}/{application.name}",
    }


def _key(application: Application) -> str:
    return f"application:{application.id}:{_moment(application)}"


def _reminders(application: Application) -> str:
    return f"application:{application.id}:remind:"


def _moment(application: Application) -> str:
    return f"{len(application.submissions)}:{application.state}"
