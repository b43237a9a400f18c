"""What is done with an agreement that is signed in the portal: draw it up, sign, countersign, withdraw, read it."""

from sqlalchemy import Connection

from core.database import Database, Transaction
from core.people.affiliations import affiliations_of
from core.people.models import Person
from core.people.service import find_person
from core.permissions import check_may
from core.settings import Settings
from projects.agreements import permissions
from projects.agreements.errors import AgreementMoved
from projects.agreements.models import AgreementKind
from projects.agreements.records import end_agreements, insert_agreement
from projects.agreements.signing.document import render
from projects.agreements.signing.facts import AgreementFacts, Signer, Substance, substance_of
from projects.agreements.signing.mails import tell
from projects.agreements.signing.models import (
    DrawnAgreement,
    Party,
    Signature,
    SignedByTyping,
    SigningAction,
    SigningState,
)
from projects.agreements.signing.policy import (
    SIGNS,
    check_drawable,
    check_signers,
    check_step,
    check_typed,
    concerns,
    words_signed,
)
from projects.agreements.signing.records import (
    drawn_agreements,
    end_in_force,
    find_drawn,
    insert_drawn,
    insert_signature,
    move,
    not_found,
)
from projects.agreements.signing.wording import Wording, load_wording
from projects.agreements.store import keep, kept
from projects.models import Project, ProjectState
from projects.records import find_project


def draw_up(
    database: Database, settings: Settings, actor: Person, project_id: str, signatory: str, countersignatory: str
) -> DrawnAgreement:
    """Draw up the data use agreement of a project as it stands, to be signed by these two people, by user name.

    Raises NotFound for an unknown project or person, and where its resource has no wording; SigningRejected for people
    who can not sign; AgreementMoved for a project that is over, or whose last agreement has yet to be signed.
    """
    check_may(actor, permissions.AGREEMENT_RECORD)
    with database.write(actor) as tx:
        project = find_project(tx.connection, project_id)
        drawn = drawn_agreements(tx.connection, project_id)
        check_drawable(project, drawn, tx.now.date())
        signers = find_person(tx.connection, signatory), find_person(tx.connection, countersignatory)
        check_signers(project, *signers)
        wording = load_wording(project.resource)
        facts = _facts(tx, project, signers, wording, number=len(drawn) + 1)
        made = _drawn(tx, actor, facts, keep(settings, render(facts, wording)))
        insert_drawn(tx, made)
        tell(tx, made, project)
        return made


def sign(
    database: Database, settings: Settings, person: Person, project_id: str, number: int, typed: SignedByTyping
) -> DrawnAgreement:
    """Sign an agreement as the party whose turn it is; with the second signature it is in force.

    What is kept: the hash of the very bytes, who, when, what they typed and the words they ticked. Raises
    SigningRefused for anybody but the person named, AgreementMoved where it waits for something else or the project has
    changed since, SigningRejected for another name, DocumentDamaged where the document is not what was drawn up.
    """
    with database.write(person) as tx:
        drawn = agreement_for(tx.connection, person, project_id, number)
        action = SigningAction.SIGN if drawn.state is SigningState.DRAFTED else SigningAction.COUNTERSIGN
        to = check_step(drawn, action, person)
        check_typed(drawn, person, typed)
        project = find_project(tx.connection, project_id)
        _check_still_so(tx, project, drawn)
        kept(settings, drawn.document_sha256)
        party = SIGNS[action]
        words = words_signed(drawn, party)
        signature = Signature(party, person.username, typed.name.strip(), words, drawn.document_sha256, tx.now)
        insert_signature(tx, drawn, signature)
        if to is SigningState.IN_FORCE:
            _put_in_force(tx, drawn, person)
        else:
            move(tx, drawn, action, to)
        signed = find_drawn(tx.connection, project_id, number)
        tell(tx, signed, project)
        return signed


def withdraw(database: Database, actor: Person, project_id: str, number: int) -> DrawnAgreement:
    """Withdraw an agreement that has yet to be signed, such as one whose project has changed since."""
    with database.write(actor) as tx:
        drawn = agreement_for(tx.connection, actor, project_id, number)
        move(tx, drawn, SigningAction.WITHDRAW, check_step(drawn, SigningAction.WITHDRAW, actor))
        return find_drawn(tx.connection, project_id, number)


def agreement_for(connection: Connection, person: Person, project_id: str, number: int) -> DrawnAgreement:
    """Return an agreement to somebody whom it concerns; raises the same NotFound for any other and for none."""
    drawn = find_drawn(connection, project_id, number)
    if not concerns(drawn, find_project(connection, project_id).team, person):
        raise not_found(project_id, number)
    return drawn


def document_for(database: Database, settings: Settings, person: Person, project_id: str, number: int) -> bytes:
    """Return an agreement's PDF to somebody whom it concerns; raises NotFound, and DocumentDamaged."""
    with database.read() as connection:
        drawn = agreement_for(connection, person, project_id, number)
    return kept(settings, drawn.document_sha256)


def has_changed(connection: Connection, project: Project, drawn: DrawnAgreement) -> bool:
    """Tell whether a project's team, data, purposes, time or conditions are others than those an agreement names."""
    return substance_of(connection, project).sha256 != drawn.substance_sha256


def _facts(
    tx: Transaction, project: Project, signers: tuple[Person, Person], wording: Wording, number: int
) -> AgreementFacts:
    substance = substance_of(tx.connection, project)
    signatory, countersignatory = signers
    return AgreementFacts(
        number=number,
        drawn_on=tx.now.date(),
        wording_version=wording.version,
        substance=substance,
        signatory=_signer(tx, signatory, substance),
        countersignatory=Signer(
            username=countersignatory.username, name=countersignatory.name, organisation=substance.resource_label
        ),
    )


def _signer(tx: Transaction, person: Person, substance: Substance) -> Signer:
    recorded = affiliations_of(tx.connection, [person.username]).get(person.username)
    organisation = recorded.organisation if recorded else substance.institution
    return Signer(username=person.username, name=person.name, organisation=organisation)


def _drawn(tx: Transaction, actor: Person, facts: AgreementFacts, document_sha256: str) -> DrawnAgreement:
    return DrawnAgreement(
        project_id=facts.substance.project_id,
        number=facts.number,
        state=SigningState.DRAFTED,
        state_since=tx.now,
        through=facts.substance.ends,
        facts=facts,
        substance_sha256=facts.substance.sha256,
        document_sha256=document_sha256,
        signatory=facts.signatory.username,
        countersignatory=facts.countersignatory.username,
        drawn_by=actor.username,
        drawn_at=tx.now,
    )


def _check_still_so(tx: Transaction, project: Project, drawn: DrawnAgreement) -> None:
    if project.state is ProjectState.CLOSED or has_changed(tx.connection, project, drawn):
        raise AgreementMoved(
            f"{project.id} is not what it was when agreement {drawn.id} was drawn up.",
            "Nothing was signed. Operations withdraw it and draw up another.",
        )


def _put_in_force(tx: Transaction, drawn: DrawnAgreement, person: Person) -> None:
    """Have an agreement that both signed hold in place of any before it."""
    end_agreements(tx, drawn.project_id, AgreementKind.DATA_USE)
    end_in_force(tx, drawn.project_id)
    move(tx, drawn, SigningAction.COUNTERSIGN, SigningState.IN_FORCE)
    applicant = drawn.signature(Party.APPLICANT)
    assert applicant is not None
    insert_agreement(
        tx,
        drawn.project_id,
        AgreementKind.DATA_USE,
        through=drawn.through,
        signatory=applicant.typed_name,
        document_sha256=drawn.document_sha256,
        recorded_by=person.username,
    )
