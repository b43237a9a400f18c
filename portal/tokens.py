"""The page of tokens: a person makes, sees and ends what their programs call the API with."""

from fastapi import APIRouter
from fastapi.responses import Response

from core.errors import InvalidInput, MyelinError
from core.people.sessions import signed_in_with
from core.tokens.models import TokenScope
from core.tokens.policy import LONGEST_DAYS
from core.tokens.service import end_token, make_token, tokens_of
from core.web.visit import SignedIn, Visit

router = APIRouter()


@router.get("/tokens")
def tokens(visit: SignedIn) -> Response:
    """List the person's own tokens."""
    return _page(visit)


@router.post("/tokens")
def make(visit: SignedIn) -> Response:
    """Make a token, and show it this once; a refusal shows the page again with what was written."""
    form = visit.form
    try:
        scope, days = _asked(form.get("scope", ""), form.get("days", ""))
        factor = _began_with_second_factor(visit)
        token, _ = make_token(visit.database, visit.person, form.get("name", ""), scope, days, second_factor=factor)
    except MyelinError as refusal:
        return _page(visit, refusal=refusal)
    return _page(visit, token=token)


@router.post("/tokens/{token_id}/end")
def end(visit: SignedIn, token_id: str) -> Response:
    """End one of the person's own tokens."""
    ended = end_token(visit.database, visit.person, token_id)
    return visit.go("/tokens", f"The token “{ended.name}” has ended. What still uses it is refused from now on.")


def _asked(scope: str, days: str) -> tuple[TokenScope, int]:
    try:
        return TokenScope(scope), int(days)
    except ValueError as error:
        raise InvalidInput("Say what the token is for, and for how many days.") from error


def _began_with_second_factor(visit: Visit) -> bool:
    found = signed_in_with(visit.database, visit.session)
    return found is not None and found[1].second_factor


def _page(visit: Visit, token: str = "", refusal: MyelinError | None = None) -> Response:
    mine = tokens_of(visit.database, visit.person)
    counting = [one for one in mine if one.counts(visit.now)]
    ended = [one for one in mine if not one.counts(visit.now)]
    facts = {"counting": counting, "ended": ended, "token": token, "refusal": refusal, "most_days": LONGEST_DAYS}
    said = visit.form if refusal else {}
    return visit.show("portal/tokens.html", refusal.status if refusal else 200, said=said, **facts)
