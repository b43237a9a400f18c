"""What is said of a draft while it is written: what is missing, and that what was emptied is missing again."""

from core.database import Database
from core.people.models import Person
from projects.applications.service import answers_of, begin_application, check_application, save_answer
from tests.support.catalog import application_file, ready


def problems_after(database: Database, lena: Person, field: str, value: object) -> list[str]:
    """What is missing in a draft once one of its answers was changed, as a form or a program says it."""
    version = 1 if field in answers_of(application_file()) else 0
    save_answer(database, lena, "cis-spinal", field, value, version)
    return [str(problem) for problem in check_application(database, lena, "cis-spinal").problems]


def test_an_answer_that_was_emptied_is_as_one_never_given(database: Database, people: dict[str, Person]) -> None:
    ready(database, people)
    lena = people["lena"]
    begin_application(database, lena, "open", "cis-spinal")
    for field, value in answers_of(application_file()).items():
        save_answer(database, lena, "cis-spinal", field, value, 0)
    before = [str(problem) for problem in check_application(database, lena, "cis-spinal").problems]
    assert problems_after(database, lena, "answers", None) == before, "no rule asked anything"
    assert any("not answered yet" in one for one in problems_after(database, lena, "title", None))
