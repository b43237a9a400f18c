"""Picking variables at every registry at once."""

from data_catalog.cdm import cdm_table
from data_catalog.dictionary import DictionaryTable
from projects.applications.picking import shared_tables, with_picked


def table(dataset: str, name: str, *variables: str) -> DictionaryTable:
    """A table of the common data model as a dataset with some of its variables has it."""
    model = cdm_table(name)
    kept = tuple(variable for variable in model.variables if variable.name in variables)
    return DictionaryTable(dataset, 1, True, name, model.label, kept)


NORTH, SOUTH = table("north", "patient", "sex", "course"), table("south", "patient", "sex", "country")
TABLES = [NORTH, table("north", "visit", "edss"), SOUTH]


def test_what_several_datasets_have_is_shared_with_every_variable_of_any() -> None:
    (shared,) = shared_tables(TABLES)
    assert (shared.name, shared.datasets) == ("patient", ("north", "south"))
    assert list(shared.variables) == ["sex", "course", "country"]


def test_a_choice_is_added_where_there_is_such_a_variable_and_what_was_said_stays() -> None:
    asked = {
        "north": {"patient": {"variables": ["course"], "cohort": "sex = 'female'"}, "visit": {"variables": ["edss"]}}
    }
    picked = with_picked(asked, TABLES, "patient", ["sex", "country"], ["north", "south"])
    assert picked == {
        "north": {
            "patient": {"variables": ["sex", "course"], "cohort": "sex = 'female'"},
            "visit": {"variables": ["edss"]},
        },
        "south": {"patient": {"variables": ["country", "sex"]}},
    }
    assert asked["north"]["patient"]["variables"] == ["course"], "the draft itself is not touched"
    (shared,) = shared_tables(TABLES)
    assert shared.all_picked(picked) == {"sex"}


def test_a_dataset_that_is_not_ticked_gets_nothing() -> None:
    assert with_picked({}, TABLES, "patient", ["sex"], ["south"]) == {"south": {"patient": {"variables": ["sex"]}}}
