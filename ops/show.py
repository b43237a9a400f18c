"""How the command line shows things: tables, facts, and that something is under way."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from time import monotonic

from rich.console import Console
from rich.table import Table
from rich.text import Text

console = Console()


def show_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table, or that there is nothing in it."""
    if not rows:
        console.print(f"{title}: none")
        return
    table = Table(*columns, title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for row in rows:
        table.add_row(*map(Text, row))  # as it stands: square brackets in a title are no markup
    console.print(table)


def show_facts(title: str, facts: Sequence[tuple[str, str]]) -> None:
    """Print names and values below a title."""
    console.print(title, style="bold")
    for name, value in facts:
        console.print(f"  {name:<14} {value}", highlight=False, markup=False)


@contextmanager
def step(what: str) -> Iterator[None]:
    """Say what is being done while it is, and how long it took when it is done."""
    started = monotonic()
    with console.status(what):
        try:
            yield
        except BaseException:
            console.print(f"[red]failed[/red]  {what}", highlight=False)
            raise
    console.print(f"[green]done[/green]    {what} [dim]{monotonic() - started:.1f} s[/dim]", highlight=False)


@contextmanager
def steps() -> Iterator[Callable[[str], None]]:
    """Give a function that says what is begun, and show each step with its time when the next one is."""
    begun: list[tuple[str, float]] = []

    def finish(mark: str) -> None:
        if begun:
            what, started = begun.pop()
            console.print(f"{mark}  {what} [dim]{monotonic() - started:.1f} s[/dim]", highlight=False)

    def begin(what: str) -> None:
        finish("[green]done[/green]  ")
        begun.append((what, monotonic()))
        status.update(what)

    with console.status("…") as status:
        try:
            yield begin
        except BaseException:
            finish("[red]failed[/red]")
            raise
        finish("[green]done[/green]  ")
