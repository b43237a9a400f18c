"""Who is told by mail that a release request moved on: with its id, state and a link, and nothing of its content."""

from collections.abc import Collection, Mapping

from core.database import Transaction
from core.outbox.service import queue_mail
from core.outbox.templates import OutputTemplate, register
from core.people.models import Role
from core.people.service import holders
from egress_review.models import Part, ReleaseRequest, State

TOLD: Mapping[State, Collection[Part]] = {
    State.SUBMITTED: [Part.CHECKER],
    State.REVIEWED: [Part.CHECKER],
    State.APPROVED: [Part.CHECKER, Part.AUTHOR],
    State.RELEASED: [Part.AUTHOR],
    State.RETURNED: [Part.AUTHOR],
    State.REJECTED: [Part.AUTHOR],
    State.WITHDRAWN: [Part.CHECKER],
}
"""Who hears of a state; of one that is not here nobody does, as nobody has more to do than before."""


def _states_told_to(part: Part) -> frozenset[str]:
    return frozenset(state for state, parts in TOLD.items() if part in parts)


MAILS: Mapping[Part, OutputTemplate] = {
    Part.AUTHOR: OutputTemplate(
        "egress_review:request:author",
        "Your release request $id is $state",
        "Your release request $id is $state.\n\nWhat to do next is said on the page of your requests:\n$link",
        states=_states_told_to(Part.AUTHOR),
        page="/requests",
    ),
    Part.CHECKER: OutputTemplate(
        "egress_review:request:checker",
        "Release request $id is $state",
        "Release request $id is $state.\n\nIts page is for output checkers:\n$link",
        states=_states_told_to(Part.CHECKER),
        page="/reviews/$id",
    ),
}
for _mail in MAILS.values():
    register(_mail)


def tell(tx: Transaction, request: ReleaseRequest) -> None:
    """Queue the mails about the state a request has just come to, to everybody it concerns but whoever moved it."""
    for part in TOLD.get(request.state, ()):
        mail, to = MAILS[part], _concerned(tx, request, part)
        key = f"request:{request.id}:{request.round}:{request.state}"
        queue_mail(tx, key, to, mail.name, mail.about(request.id, request.state))


def _concerned(tx: Transaction, request: ReleaseRequest, part: Part) -> list[str]:
    if part is Part.AUTHOR:
        return [request.author]
    checkers = holders(tx.connection, Role.CHECKER) - request.team - {request.author}
    return sorted(name for name in checkers if f"person:{name}" != tx.actor.audit_name)
