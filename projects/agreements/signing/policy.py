"""Who signs an agreement, when, and by which words. Pure."""

from collections.abc import Collection
from datetime import date

from core.people.models import Person
from core.permissions import may
from projects.agreements import permissions
from projects.agreements.errors import AgreementMoved, SigningRefused, SigningRejected
from projects.agreements.signing.models import (
    DrawnAgreement,
    Party,
    SignedByTyping,
    SigningAction,
    SigningState,
    SigningTransition,
)
from projects.models import Project, ProjectState, TeamRole

TRANSITIONS = (
    SigningTransition(SigningState.DRAFTED, SigningAction.SIGN, Party.APPLICANT, SigningState.SIGNED),
    SigningTransition(SigningState.SIGNED, SigningAction.COUNTERSIGN, Party.RESOURCE, SigningState.IN_FORCE),
    SigningTransition(SigningState.DRAFTED, SigningAction.WITHDRAW, Party.OPERATIONS, SigningState.WITHDRAWN),
    SigningTransition(SigningState.SIGNED, SigningAction.WITHDRAW, Party.OPERATIONS, SigningState.WITHDRAWN),
    SigningTransition(SigningState.IN_FORCE, SigningAction.END, Party.OPERATIONS, SigningState.ENDED),
)
"""Every step of an agreement. The applicant signs first: the resource binds itself to what is signed already."""

SIGNS = {SigningAction.SIGN: Party.APPLICANT, SigningAction.COUNTERSIGN: Party.RESOURCE}
"""By which action which party signs."""


def parties_of(agreement: DrawnAgreement, person: Person) -> frozenset[Party]:
    """Return as which parties somebody may act on an agreement; nobody as the applicant's who is of operations."""
    operations = may(person, permissions.AGREEMENT_RECORD)
    countersigns = may(person, permissions.AGREEMENT_COUNTERSIGN)
    acts = {
        Party.APPLICANT: person.active and person.username == agreement.signatory and not operations,
        Party.RESOURCE: person.username == agreement.countersignatory and countersigns,
        Party.OPERATIONS: operations,
    }
    return frozenset(party for party, holds in acts.items() if holds)


def check_step(agreement: DrawnAgreement, action: SigningAction, person: Person) -> SigningState:
    """Return the state a person's action leads to; raises SigningRefused for somebody else's, AgreementMoved."""
    steps = [step for step in TRANSITIONS if step.action is action]
    if not {step.party for step in steps} & parties_of(agreement, person):
        raise SigningRefused(f"{person.username} may not {action} agreement {agreement.id}.", whose_turn(agreement))
    to = next((step.to for step in steps if step.state is agreement.state), None)
    if to is None:
        raise AgreementMoved(f"Agreement {agreement.id} is {in_words(agreement.state)}.", whose_turn(agreement))
    return to


def can_step(agreement: DrawnAgreement, action: SigningAction, person: Person) -> bool:
    """Tell whether a person may take an action now."""
    try:
        check_step(agreement, action, person)
    except (SigningRefused, AgreementMoved):
        return False
    return True


def in_words(state: SigningState) -> str:
    """Return a state as people say it."""
    return {
        SigningState.DRAFTED: "drawn up",
        SigningState.SIGNED: "signed by the applicant",
        SigningState.IN_FORCE: "in force",
    }.get(state, str(state))


def whose_turn(agreement: DrawnAgreement) -> str:
    """Say as a sentence whom an agreement waits for; nothing where it waits for nobody."""
    facts, waits = agreement.facts, f"Agreement {agreement.id} waits for the signature of"
    if agreement.state is SigningState.DRAFTED:
        return f"{waits} {facts.signatory.name}, for {facts.signatory.organisation}."
    if agreement.state is SigningState.SIGNED:
        return f"{waits} {facts.countersignatory.name}, for {facts.countersignatory.organisation}."
    return ""


def words_signed(agreement: DrawnAgreement, party: Party) -> str:
    """Return the words that are ticked and kept: for whom, and of which bytes."""
    signer = agreement.facts.signatory if party is Party.APPLICANT else agreement.facts.countersignatory
    return (
        f"I have read agreement {agreement.id}, the document with SHA-256 {agreement.document_sha256}. "
        f"I may sign it for {signer.organisation}, and by typing my name I do."
    )


def check_typed(agreement: DrawnAgreement, person: Person, typed: SignedByTyping) -> None:
    """Refuse a signature under another name, without the tick, or of another document; raises SigningRejected,
    AgreementMoved.
    """
    if typed.document_sha256 != agreement.document_sha256:
        raise AgreementMoved("You were shown another document than the one there is.", "Open the page anew.")
    if not typed.agreed:
        raise SigningRejected("Tick that you have read it and may sign it.", "Nothing was signed.")
    if typed.name.split() != person.name.split():
        raise SigningRejected(
            f"Type your name as it stands on your account: {person.name}.",
            "Nothing was signed. Operations correct names.",
        )


def check_drawable(project: Project, drawn: Collection[DrawnAgreement], today: date) -> None:
    """Refuse an agreement about a project that is over, or beside one that has yet to be signed."""
    if project.state is ProjectState.CLOSED or project.ends < today:
        raise AgreementMoved(f"{project.id} is over: there is nothing to agree on.")
    waiting = next((one for one in drawn if one.is_open), None)
    if waiting is not None:
        raise AgreementMoved(f"Agreement {waiting.id} is not settled yet.", whose_turn(waiting))


def check_signers(project: Project, signatory: Person, countersignatory: Person) -> None:
    """Refuse people who can not sign for their party: one person for both, operations for the applicant, somebody of
    the team for the resource, or somebody whose account is closed.
    """
    for one in (signatory, countersignatory):
        if not one.active:
            raise SigningRejected(f"The account of {one.username} is closed.")
    if signatory.username == countersignatory.username:
        raise SigningRejected("Two people sign, one for each party.")
    if not can_sign(signatory):
        raise SigningRejected(f"{signatory.username} is of operations and does not sign for an applicant.")
    if not may(countersignatory, permissions.AGREEMENT_COUNTERSIGN):
        raise SigningRejected(
            f"{countersignatory.username} does not sign for a resource.",
            "Name somebody of the committee or of operations.",
        )
    if not can_countersign(project, countersignatory):
        raise SigningRejected(f"{countersignatory.username} was in the team and does not sign for the resource.")


def can_sign(person: Person) -> bool:
    """Tell whether somebody can sign for an applicant: anybody with an account who is not of operations."""
    return person.active and not may(person, permissions.AGREEMENT_RECORD)


def can_countersign(project: Project, person: Person) -> bool:
    """Tell whether somebody can sign for the resource: of the committee or operations, and never of the team."""
    was_in = {member.username for member in project.memberships}
    return may(person, permissions.AGREEMENT_COUNTERSIGN) and person.username not in was_in


def concerns(agreement: DrawnAgreement, team: dict[str, TeamRole], person: Person) -> bool:
    """Tell whether an agreement is a person's to see: they sign it, lead its project, or may read all."""
    if may(person, permissions.CONTRACT_READ):
        return True
    named = {agreement.signatory, agreement.countersignatory}
    return person.active and (person.username in named or team.get(person.username) is TeamRole.LEAD)
