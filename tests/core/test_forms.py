"""Files people write: read whole, or refused with every problem at its place."""

from pathlib import Path
from typing import Annotated

import pytest
from pydantic import BaseModel, BeforeValidator, ConfigDict, model_validator

from core.errors import InvalidInput
from core.forms import folded, load_form


class Line(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str


class Letter(BaseModel):
    model_config = ConfigDict(extra="forbid")

    title: str
    lines: list[Line]
    to: str = "nobody"

    @model_validator(mode="after")
    def _has_lines(self) -> "Letter":
        if not self.lines:
            raise ValueError("needs a line")
        return self


class Rejected(Exception):
    pass


REFUSED = {
    "every field that is wrong": (
        'titel = "x"\n[[lines]]\nname = 1',
        [
            "title: Field required",
            "lines.0.name: Input should be a valid string",
            "titel: Extra inputs are not permitted",
        ],
    ),
    "the whole": ('title = "x"\nlines = []', ["the file: needs a line"]),
    "no TOML": ("title = ", ["it is no TOML file: Invalid value (at end of document)"]),
}


@pytest.mark.parametrize("case", REFUSED)
def test_it_is_refused_with_everything_at_its_place(case: str, tmp_path: Path) -> None:
    text, expected = REFUSED[case]
    (tmp_path / "letter.toml").write_text(text)
    with pytest.raises(Rejected) as refusal:
        load_form(Letter, tmp_path / "letter.toml", Rejected)
    assert refusal.value.args[0] == expected


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "letter.toml").write_bytes(b'title = "\xe9"')
    with pytest.raises(Rejected, match="no TOML file"):
        load_form(Letter, tmp_path / "letter.toml", Rejected)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"letter\.toml can not be read: No such file"):
        load_form(Letter, tmp_path / "letter.toml", Rejected)


def test_values_from_beside_count_and_places_can_be_said_better(tmp_path: Path) -> None:
    (tmp_path / "letter.toml").write_text('title = "x"\n[[lines]]\nname = "a"')
    assert load_form(Letter, tmp_path / "letter.toml", Rejected, to="anna").to == "anna"
    (tmp_path / "letter.toml").write_text('title = "x"\n[[lines]]')
    with pytest.raises(Rejected) as refusal:
        load_form(Letter, tmp_path / "letter.toml", Rejected, place=lambda where: where.replace("lines.0", "line 1"))
    assert refusal.value.args[0] == ["line 1.name: Field required"]


class Essay(BaseModel):
    prose: Annotated[str, BeforeValidator(folded)]
    code: str


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("One line\ngoes on.\n", "One line goes on."),
        ("One  \n  goes on.", "One goes on."),
        ("One.\n\nTwo\nlines.", "One.\n\nTwo lines."),
        ("One.\n \t\n\nTwo.", "One.\n\n\nTwo."),
        ("List:\n- a\n- b\n  goes on\n1. c\n2) d", "List:\n- a\n- b goes on\n1. c\n2) d"),
        ("from\n-3 to\n2.5", "from -3 to 2.5"),
    ],
)
def test_prose_from_a_file_has_paragraphs_and_no_lines(written: str, read: str, tmp_path: Path) -> None:
    (tmp_path / "essay.toml").write_text(f'''prose = """\n{written}"""\ncode = """\na\nb"""''')
    essay = load_form(Essay, tmp_path / "essay.toml", Rejected)
    assert (essay.prose, essay.code) == (read, "a\nb"), "what is no prose keeps its lines"


def test_what_was_not_read_from_a_file_stays_as_it_was_written() -> None:
    assert Essay(prose="One\nline. ", code="").prose == "One\nline. "
    assert Essay.model_validate_json('{"prose": "One\\nline. ", "code": ""}').prose == "One\nline. "
