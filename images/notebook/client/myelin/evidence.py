"""The code of the running session, sent beside each file as the researcher's claim of how it was made."""

import sys

MAX_CHARACTERS = 64 * 1024
"""The latest code that fits is kept: it stands nearest to the output."""


def session_code(limit: int = MAX_CHARACTERS) -> str:
    """Return the cells run in this session, oldest first and cut at the front; nothing outside a notebook."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    history = getattr(shell, "history_manager", None)
    if history is None:
        return ""
    cells = (f"# cell {number}\n{code}" for _, number, code in history.get_range(session=0, raw=True))
    return latest("\n\n".join(cells), limit)


def latest(code: str, limit: int) -> str:
    """Keep the last `limit` characters of the code and say when more was left out."""
    if len(code) <= limit:
        return code
    return f"# ... {len(code) - limit:,} earlier characters left out\n{code[-limit:]}"
