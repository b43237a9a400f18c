"""Files people write: read whole, or refused with every problem at its place."""

from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict, model_validator

from core.errors import InvalidInput
from core.forms import load_form


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
