"""What a mail may say: a closed list of templates, each with fixed fields. Rooms register theirs.

There are two kinds. A `Template` may carry words of people, such as the reason of a decision. An `OutputTemplate` is
for mails about outputs, which carry the id, the state and a link and nothing else: names, comments and numbers of a
held file would leave by mail what has not been released.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from string import Template as Sentence

from core.outbox.errors import WordsRefused
from core.outbox.words import one_line, plain_text

LINK = "link"
_PATH = re.compile(r"/(?:[A-Za-z0-9_.-]+(?:/[A-Za-z0-9_.-]+)*)?")
_OUTPUT_ID = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True)
class Words:
    """What one mail says."""

    subject: str
    body: str


@dataclass(frozen=True)
class Template:
    """A mail's subject and body with `$field` where a value goes.

    A field called `link` is a path of the portal's, without a query; the mail says it with the portal's address.
    """

    name: str
    subject: str
    body: str
    fields: Collection[str]

    def __post_init__(self) -> None:
        used = {*Sentence(self.subject).get_identifiers(), *Sentence(self.body).get_identifiers()}
        if self.name.count(":") != 2 or used != set(self.fields):
            raise ValueError(f"{self.name!r} is no template room:thing:event that uses each of its fields.")

    def check(self, values: Mapping[str, str]) -> None:
        """Raise WordsRefused unless there is a value for each field and for nothing else."""
        if set(values) != set(self.fields):
            raise WordsRefused(f"A mail {self.name} has the fields {', '.join(sorted(self.fields))} and no others.")
        if not _PATH.fullmatch(values.get(LINK, "/")):
            raise WordsRefused(f"The link of a mail {self.name} is a path of the portal's.")

    def write(self, values: Mapping[str, str], portal_url: str) -> Words:
        """Return what a mail says with these values; raises WordsRefused where they are not its own."""
        self.check(values)
        said = {name: plain_text(value) for name, value in values.items()}
        if LINK in said:
            said[LINK] = portal_url.rstrip("/") + said[LINK]
        return Words(one_line(Sentence(self.subject).substitute(said)), Sentence(self.body).substitute(said))


@dataclass(frozen=True)
class OutputTemplate(Template):
    """A mail about an output: an id of one shape, one state of a closed list, and a link to one page."""

    fields: Collection[str] = field(default=("id", "state", LINK), init=False)
    states: Collection[str] = ()
    page: str = "/"
    """The page it links to, with `$id` where the output's id goes."""

    def about(self, output_id: str, state: str) -> dict[str, str]:
        """Return the values of a mail about this output in this state."""
        return {"id": output_id, "state": state, LINK: self._link(output_id)}

    def check(self, values: Mapping[str, str]) -> None:
        """Raise WordsRefused for anything that could be a word or a number of an output."""
        super().check(values)
        shaped = _OUTPUT_ID.fullmatch(values["id"]) and values["state"] in self.states
        if not shaped or values[LINK] != self._link(values["id"]):
            raise WordsRefused(f"A mail {self.name} carries an id, a state and a link, and nothing else.")

    def _link(self, output_id: str) -> str:
        return Sentence(self.page).substitute(id=output_id)


_templates: dict[str, Template] = {}


def register(template: Template) -> None:
    """Add a template to the house's one list; raises ValueError where its name is another's."""
    if _templates.setdefault(template.name, template) != template:
        raise ValueError(f"There is another template {template.name}.")


def all_templates() -> dict[str, Template]:
    """Return every template by name, in order."""
    return dict(sorted(_templates.items()))


def find_template(name: str) -> Template:
    """Return a template; raises WordsRefused where there is none of this name."""
    if name not in _templates:
        raise WordsRefused(f"There is no mail {name!r}.")
    return _templates[name]
