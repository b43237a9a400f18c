"""`myelin outbox …`: mail that waits or was given up, and trying it again."""

from typing import Annotated

import typer

from core.outbox import service
from core.outbox.models import Effect
from core.web.words import write_moment
from ops import context
from ops.show import show_table

app = typer.Typer(help="Mail that waits to be sent.", no_args_is_help=True)


@app.command("list")
def list_effects() -> None:
    """List what waits and what was given up: to whom, when and how often it was tried; no mail's content."""
    seen = service.overview(context.database(), context.signed_in())
    _show(f"Waiting ({seen.waiting_in_all})", seen.waiting)
    _show(f"Given up ({seen.given_up_in_all})", seen.given_up)
    if not context.settings().smtp_host:
        typer.echo("No mail server is set (MYELIN_SMTP_HOST): nothing is sent, and all of it waits.")


@app.command()
def retry(effect_id: Annotated[str, typer.Argument(help="The effect, as `myelin outbox list` shows it.")]) -> None:
    """Try again now what failed or was given up."""
    service.retry(context.database(), context.signed_in(), effect_id)
    typer.echo("The worker tries it again within seconds.")


def _show(title: str, effects: tuple[Effect, ...]) -> None:
    columns = ["effect", "kind", "to", "due", "tries", "next try", "last failure"]
    show_table(title, columns, [_row(effect) for effect in effects])


def _row(effect: Effect) -> list[str]:
    times = [write_moment(effect.due_at), str(effect.attempts)]
    again = "none" if effect.given_up_at else write_moment(effect.next_attempt_at)
    return [effect.id, effect.kind, effect.recipient, *times, again, effect.last_failure or ""]
