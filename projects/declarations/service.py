"""What is done with declarations: made by oneself, listed; and the rights that come of them."""

from collections.abc import Collection

from sqlalchemy import Connection, insert, select

from core.database import Database, Transaction
from core.errors import NotFound
from core.people.models import Person
from core.people.policy import check_active
from core.people.service import find_person
from projects.asking import rules_asking
from projects.declarations.models import Asked, Declared
from projects.declarations.tables import declaration_text, person_declaration
from projects.resource_rules.models import AskedDeclaration, ResourceRules
from projects.resource_rules.service import all_in_force
from projects.rights import Right, RightKind


def declare(database: Database, actor: Person, sha256: str) -> AskedDeclaration:
    """Make a declaration for oneself, of a text that is asked for now, by its hash; raises NotFound for any other.

    Making it again renews it.
    """
    with database.write(actor) as tx:
        check_active(find_person(tx.connection, actor.username))
        asked = {one.declaration.sha256: one.declaration for one in asked_of(tx.connection, actor.username)}
        if sha256 not in asked:
            raise NotFound("Nobody asks for this declaration now.", "Its text may have changed: open your page anew.")
        found = asked[sha256]
        _keep_text(tx, found)
        tx.execute(insert(person_declaration).values(username=actor.username, sha256=sha256, declared_at=tx.now))
        detail = {"declaration": found.id, "sha256": sha256}
        tx.record("projects:declaration:make", f"person:{actor.username}", detail)
    return found


def declared_by(connection: Connection, username: str) -> list[Declared]:
    """Return everything somebody declared, oldest first."""
    joined = person_declaration.join(declaration_text, person_declaration.c.sha256 == declaration_text.c.sha256)
    columns = (*person_declaration.c, declaration_text.c.id, declaration_text.c.title, declaration_text.c.text)
    mine = select(*columns).select_from(joined).where(person_declaration.c.username == username)
    return [Declared(**row) for row in connection.execute(mine.order_by(person_declaration.c.declared_at)).mappings()]


def declaration_rights(connection: Connection, username: str, asked: Collection[AskedDeclaration]) -> tuple[Right, ...]:
    """Return the right somebody has from each of these declarations: made of this very text, not of an older one."""
    made = _newest(connection, username) if asked else {}
    return tuple(_right(username, one, made.get(one.sha256)) for one in asked)


def asked_of(connection: Connection, username: str) -> list[Asked]:
    """Return what somebody is asked to declare: for their projects, then what any resource's rules in force ask for."""
    asking = [*rules_asking(connection, username), *((one.rules, "") for one in all_in_force(connection))]
    declarations = {one.sha256: one for rules, _ in asking for one in rules.people.declarations}
    made = _newest(connection, username)
    return [_asked(one, asking, made.get(sha256)) for sha256, one in declarations.items()]


def _asked(wanted: AskedDeclaration, asking: list[tuple[ResourceRules, str]], made: Declared | None) -> Asked:
    """Put together who asks for one text; where they count it differently long, the shortest counts here."""
    by = [
        (rules, project, one.days)
        for rules, project in asking
        for one in rules.people.declarations
        if one.sha256 == wanted.sha256
    ]
    resources = tuple(dict.fromkeys(rules.label for rules, _, _ in by))
    projects = tuple(project for _, project, _ in by if project)
    return Asked(wanted, resources, projects, made.through(min(days for _, _, days in by)) if made else None)


def _keep_text(tx: Transaction, asked: AskedDeclaration) -> None:
    if tx.execute(select(declaration_text).where(declaration_text.c.sha256 == asked.sha256)).first() is None:
        values = {"sha256": asked.sha256, "id": asked.id, "title": asked.title, "text": asked.text}
        tx.execute(insert(declaration_text).values(**values, kept_at=tx.now))


def _newest(connection: Connection, username: str) -> dict[str, Declared]:
    return {one.sha256: one for one in declared_by(connection, username)}


def _right(username: str, asked: AskedDeclaration, made: Declared | None) -> Right:
    words, renewal = f"the declaration {asked.id} of {username}", "They make it on their own page of the portal, /me."
    through = made.through(asked.days) if made else None
    return Right(RightKind.DECLARATION, f"person:{username}:{asked.id}", through, words, renewal)
