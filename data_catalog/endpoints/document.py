"""Write the tables of `docs/endpoints.md` from the definitions, and record what was published under each version."""

import re
from collections.abc import Iterator
from pathlib import Path

from data_catalog.endpoints.catalogue import record_published, standard_endpoints
from data_catalog.endpoints.compute import NEEDS

DOCUMENT = Path(__file__).parents[2] / "docs" / "endpoints.md"
_GENERATED = re.compile(r"(<!-- made from the definitions -->\n).*?(<!-- end -->)", re.DOTALL)


def generated() -> str:
    """Return the tables: every endpoint, and every parameter of those that have the same."""
    return "\n".join([*_overview(), "", *_parameters()]) + "\n"


def with_tables(text: str) -> str:
    """Return a document with its tables made anew."""
    return _GENERATED.sub(lambda found: f"{found[1]}\n{generated()}\n{found[2]}", text)


def _overview() -> Iterator[str]:
    yield "| endpoint | version | what | from the tables | after |"
    yield "|---|---:|---|---|---|"
    for one in standard_endpoints():
        sources = "; ".join(one.sources)
        yield f"| `{one.id}` | {one.version} | {one.label} | {', '.join(NEEDS[one.kind])} | {sources} |"


def _parameters() -> Iterator[str]:
    """Yield a table for each kind: a row per parameter, a column per endpoint."""
    for kind in NEEDS:
        same_kind = [one for one in standard_endpoints() if one.kind == kind]
        columns = [dict(one.reference.in_words) for one in same_kind]
        yield f"| {kind} | {' | '.join(f'`{one.id}`' for one in same_kind)} |"
        yield "|---|" + "---|" * len(same_kind)
        yield from (f"| `{name}` | {' | '.join(each[name] for each in columns)} |" for name in columns[0])
        yield ""


if __name__ == "__main__":
    record_published()
    DOCUMENT.write_text(with_tables(DOCUMENT.read_text()))
