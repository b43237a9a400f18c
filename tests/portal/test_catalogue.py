"""The catalogue as people see it: both resources, every dataset and variable, and counts nobody can be found by."""

import csv
import io
import json
import re
import zipfile
from pathlib import Path

import pytest
from sqlalchemy import select

from core.database import Database
from core.people.models import Person
from core.settings import Settings
from data_catalog.endpoints.catalogue import standard_endpoint
from data_catalog.published.service import publish_numbers
from data_catalog.tables import published_number
from tests.conftest import HandClock, add_cast
from tests.portal.test_accessibility import check_names, check_regions, check_states, check_structure, check_tables
from tests.support.catalog import active_project
from tests.support.endpoints import publish_endpoint
from tests.support.pages import Reader
from tests.support.portal import Sits
from tests.support.registries import (
    REGISTRIES,
    cohort_rows,
    declare,
    publish_registries,
    publish_rows,
    publish_trials,
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """An installation made once and copied for every test: six registries and the trials, their numbers published."""
    folder = tmp_path_factory.mktemp("catalogue")
    database, settings = Database(f"sqlite:///{folder / 'control.db'}", HandClock()), Settings(state=folder / "state")
    database.create_all()
    cast = add_cast(database)
    publish_registries(database, settings, cast["dana"], folder / "made")
    publish_trials(database, settings, cast["dana"], folder / "made")
    for dataset in (*REGISTRIES, "ms_cidr"):
        publish_numbers(database, settings, cast["dana"], dataset)
    active_project(database, settings, cast, folder / "sources")
    database.close()
    return {"people": folder, "house": folder}


@pytest.fixture
def rosa(sits: Sits) -> Reader:
    return sits("rosa")


MISSION = (
    "5 May 2026",
    "14 completed pharmaceutical trials, mostly of progressive MS",
    "more than 13,000",
    "about 52,000, of brain and spinal cord",
    "nearly 200,000",
    "blood biomarkers",
    "from 5 May 2026 through 17 June 2026, that day included",
    "natural history of the disease (untreated or placebo patients)",
    "comparing drugs with each other, also by simulation or modelling",
    "researchers of academic institutions and of pharmaceutical companies; not the general public",
    "academic: a one-time fee per project; industry: a three-year contract that covers several studies",
    "Since 2014",
    "Czech Republic ReMuS 24,030 June 2025 90%",
    "Denmark DMSR 34,720 August 2025 95%",
    "France OFSEP 86,180 August 2025 55%",
    "Italy RISM 95,294 July 2025 70%",
    "Sweden SMSreg 24,780 August 2025 90%",
    "international MSBase 122,604 August 2025 variable",
    "Together 6 registries 387,608",
)


def test_every_figure_of_the_mission_is_read_off_the_first_page(rosa: Reader) -> None:
    text = rosa.open("/data").text
    assert [fact for fact in MISSION if fact not in text] == []


def test_what_is_declared_is_not_taken_for_what_is_held(rosa: Reader) -> None:
    page = rosa.open("/data")
    (row,) = [row for row in page.soup.select("tbody tr") if "ReMuS" in row.get_text()]
    cells = [cell.get_text(" ", strip=True) for cell in row.find_all("td")]
    assert cells == ["ReMuS", "24,030", "June 2025", "90%", "60", "1 synthetic"]
    assert "declared, not counted here" in page.text


def test_the_map_draws_what_the_table_says(rosa: Reader) -> None:
    drawing = rosa.open("/data").soup.select_one("svg.map")
    assert drawing is not None
    written = [text.get_text() for text in drawing.find_all("text")]
    for code in ("CZ", "DK", "FR", "IT", "SE", "International"):
        assert code in written
    height = {text: float(rect["height"]) for text, rect in zip(("SE",), drawing.select("rect.covered"), strict=False)}
    tile = drawing.select_one("rect.tile")
    assert tile is not None
    assert len(drawing.select("rect.tile")) == 6
    assert all(0 < value <= float(tile["height"]) for value in height.values())


@pytest.mark.parametrize(
    ("words", "found", "not_found"),
    [
        ("edss", "ms_cidr.visit", "ms_cidr.mri"),
        ("Kurtzke", "dmsr.visit", "dmsr.patient"),
        ("primary progressive", "msbase.patient", "msbase.visit"),
        ("spinal_cord", "ms_cidr.mri", "remus.visit"),
    ],
)
def test_search_finds_variables_in_every_dataset(rosa: Reader, words: str, found: str, not_found: str) -> None:
    page = rosa.press(rosa.open("/data"), "Find", words=words)
    captions = " ".join(caption.get_text() for caption in page.soup.find_all("caption"))
    assert page.path == "/data/search"
    assert found in captions
    assert not_found not in captions


@pytest.mark.parametrize("words", ["MSBase", "Denmark dmsr", "isolated Mexico"])
def test_search_finds_datasets_by_their_names(rosa: Reader, words: str) -> None:
    page = rosa.open(f"/data/search?words={words}")
    assert "Datasets:" in page.text


def test_one_letter_is_no_search(rosa: Reader) -> None:
    assert "Write 2 characters or more." in rosa.open("/data/search?words=e").text


def test_a_variable_says_everything_that_is_declared_of_it(rosa: Reader) -> None:
    text = rosa.open("/data/remus/visit/edss").text
    for said in (
        "Expanded Disability Status Scale",
        "decimal, in EDSS points",
        "Kurtzke, Neurology 1983;33:1444–1452",
        "0 to 10",
        "declared, not observed",
        "in steps of 0.5, never 0.5",
        "Sensitivity sensitive",
        "natural history; imaging, biomarkers and outcomes",
        "Minimum dataset yes",
        "synthetic data",
    ):
        assert said in text, said


def test_a_variable_that_unblinds_says_how(rosa: Reader) -> None:
    text = rosa.open("/data/ms_cidr/patient/study").text
    assert "Blinding may tell the treatment. A trial tested one drug" in text
    assert "Blinding" not in rosa.open("/data/ms_cidr/patient/sex").text


def test_a_variable_says_how_it_is_made_from_its_source(rosa: Reader) -> None:
    text = rosa.open("/data/remus/patient/sex").text
    assert 'patients.csv, column "SEX"' in text
    assert "codes: F = female, M = male" in text
    assert "Names in this source are invented" in text


def test_every_number_on_a_page_is_on_the_ledger(database: Database, rosa: Reader) -> None:
    with database.read() as connection:
        columns = published_number.c
        query = select(columns.subject, columns.value).where(columns.dataset_id == "ms_cidr")
        ledger = {(subject, value) for subject, value in connection.execute(query)}
    seen = 0
    for path in ("patient/course", "visit/edss", "mri/region"):
        for row in rosa.open(f"/data/ms_cidr/{path}").soup.select("table.plot tbody tr"):
            value = row.find_all("td")[-1].get_text(strip=True).replace(",", "")
            assert (path.replace("/", "."), value) in ledger
            seen += 1
    assert seen > 15


def test_a_rare_value_is_held_back(rosa: Reader) -> None:
    rows = rosa.open("/data/ms_cidr/patient/course").soup.select("table.plot tbody tr")
    values = {row.find("code").get_text(): row.find_all("td")[-1].get_text() for row in rows}  # type: ignore[union-attr]
    assert values["ris"] == "held back"
    assert re.fullmatch("[0-9]+0", values["ppms"])


@pytest.mark.parametrize("path", ["ms_cidr/patient/nothing", "ms_cidr/nothing/sex", "nothing/patient/sex"])
def test_what_is_not_declared_is_not_there(rosa: Reader, path: str) -> None:
    assert rosa.open(f"/data/{path}").status == 404


def test_an_identifier_has_a_page_and_no_number(rosa: Reader) -> None:
    page = rosa.open("/data/ms_cidr/patient/patient_id")
    assert "never leaves the vault" in page.text
    assert "In edition 1" not in page.text


@pytest.mark.parametrize("page", ["small", "small/endpoint_neda_3_v2/neda"])
def test_a_table_of_an_endpoint_says_its_version_and_every_parameter(
    database: Database, settings: Settings, people: dict[str, Person], tmp_path: Path, rosa: Reader, page: str
) -> None:
    neda = standard_endpoint("neda_3", 2)
    publish_endpoint(database, settings, people["dana"], neda, tmp_path / "small")
    text = "".join(rosa.open(f"/data/{page}").text.split())
    assert "Standardendpointneda_3,version2:" in text
    assert [name for name, value in neda.reference.in_words if f"{name}={value}".replace(" ", "") not in text] == []


def test_the_data_manager_publishes_numbers_from_the_page(
    database: Database, settings: Settings, people: dict[str, Person], tmp_path: Path, sits: Sits
) -> None:
    fresh = declare("fresh", "Fresh", "patient")
    publish_rows(database, settings, people["dana"], fresh, cohort_rows("fresh", 20), tmp_path / "fresh")
    assert not sits("rosa").open("/data/fresh").has_button("Publish the numbers")
    dana = sits("dana")
    page = dana.press(dana.open("/data/fresh"), "Publish the numbers")
    assert "numbers are published and in the ledger" in page.text
    assert not page.has_button("Publish the numbers")


def test_the_quality_report_is_read_in_the_portal(rosa: Reader) -> None:
    page = rosa.open("/data/ms_cidr/quality")
    assert "Completeness" in page.text
    assert "what is not checked has not passed" in page.text


def test_a_feasibility_question_is_asked_on_the_page(rosa: Reader, sits: Sits) -> None:
    asked = {"patient.course": "ppms", "patient.arm": "placebo", "visit.least": "3", "mri.region": "spinal_cord"}
    page = rosa.press(rosa.open("/data/feasibility?dataset=ms_cidr"), "Ask", **asked)
    text = "arm = 'placebo' and course = 'ppms' and count(mri, region = 'spinal_cord') >= 1 and count(visit) >= 3"
    (row,) = page.soup.select("tbody tr")
    question, about, asker = (row.select(cell)[0].get_text(strip=True) for cell in ("code", "td", "td + td"))
    assert (question, asker) == (text, "by you")
    assert re.fullmatch("<10|[0-9]+0", about)
    assert "9 of your 10 questions today" in page.text
    others = sits("ravi").open("/data/feasibility?dataset=ms_cidr").text
    assert (text in others, "by somebody else" in others, "rosa" in others) == (True, True, False)


def test_a_question_about_nobody_in_particular_is_refused_in_words(rosa: Reader) -> None:
    page = rosa.press(rosa.open("/data/feasibility?dataset=ms_cidr"), "Ask")
    assert page.status == 422
    assert "Choose at least one condition." in page.text


WRITTEN = "patient.course = 'ppms' AND arm='placebo' and count(visit) > 2 and count(mri, region = 'spinal_cord') >= 1"


def test_a_question_written_as_text_is_the_forms_question(rosa: Reader) -> None:
    fields = {"patient.course": "ppms", "patient.arm": "placebo", "visit.least": "3", "mri.region": "spinal_cord"}
    chosen = rosa.press(rosa.open("/data/feasibility?dataset=ms_cidr"), "Ask", **fields)
    written = rosa.press(chosen, "Count these people", cohort=WRITTEN)
    assert "9 of your 10 questions today" in written.text
    (row,) = written.soup.select("tbody tr")
    copied = row.select_one("input[readonly]")
    assert copied is not None
    assert copied["value"] == row.select("code")[0].get_text()
    again = rosa.open(str(row.select_one("details a")["href"]))  # type: ignore[index]
    assert again.soup.select_one("textarea").get_text() == copied["value"]  # type: ignore[union-attr]


TURNED_DOWN = {
    "course = 'PPMS'": "did you mean 'ppms'?",
    "coarse = 'ppms'": "did you mean 'course'?",
    "edss >= 4": "write count(visit, edss …) >= 1",
    "count(imaging) >= 1": "has no table 'imaging'",
    "count(mri where region = 'spinal_cord') >= 1": "count(mri, condition)",
    "course = '<b>'": "<b> is no code of course",
}


@pytest.mark.parametrize(("text", "said"), TURNED_DOWN.items(), ids=TURNED_DOWN)
def test_a_text_that_is_refused_stays_and_the_refusal_says_why(rosa: Reader, text: str, said: str) -> None:
    page = rosa.press(rosa.open("/data/feasibility?dataset=ms_cidr"), "Count these people", cohort=text)
    assert page.status == 422
    assert said in page.soup.select_one("[role=alert]").get_text()  # type: ignore[union-attr]
    assert page.soup.select_one("textarea").get_text() == text  # type: ignore[union-attr]
    assert "10 of your 10 questions today" in page.text
    check_structure(page)
    check_names(page.soup)


def test_what_was_chosen_stays_after_a_refusal(rosa: Reader) -> None:
    page = rosa.press(
        rosa.open("/data/feasibility?dataset=ms_cidr"), "Ask", **{"patient.course": "ppms", "visit.least": "x"}
    )
    assert page.status == 422
    again = rosa.press(page, "Ask", **{"visit.least": "2"})
    assert "course = 'ppms' and count(visit) >= 2" in again.text


READERS = {"dana": 200, "otto": 200, "anna": 200, "rosa": 403, "dirk": 403}


@pytest.mark.parametrize(("name", "status"), READERS.items(), ids=READERS)
def test_the_ledger_is_read_by_those_who_answer_for_it(sits: Sits, name: str, status: int) -> None:
    reader = sits(name)
    assert [reader.open(path).status for path in ("/data/ledger", "/data/ledger.csv")] == [status, status]
    assert (">Ledger of published numbers<" in reader.open("/data").response.text) == (status == 200)


def test_the_ledger_says_what_was_published_when_by_which_rule_and_by_whom(rosa: Reader, sits: Sits) -> None:
    rosa.press(rosa.open("/data/feasibility?dataset=ms_cidr"), "Count these people", cohort=WRITTEN)
    dana = sits("dana")
    page = dana.press(dana.open("/data/ledger"), "Show", dataset="ms_cidr", edition="1", kind="feasibility")
    (row,) = page.soup.select("tbody tr")
    cells = {cell["data-label"]: cell.get_text(strip=True) for cell in row.find_all("td")}
    assert (cells["By"], cells["Edition"], cells["Rule"]) == ("rosa", "ms_cidr1", "feasibility 2, epsilon 0.1")
    assert cells["Of"].startswith("cohortarm = 'placebo' and course = 'ppms'")


def test_every_entry_is_on_one_page_of_the_ledger_and_in_its_download(sits: Sits, database: Database) -> None:
    with database.read() as connection:
        columns = published_number.c
        query = select(columns.subject, columns.predicate, columns.statistic)
        written = sorted(tuple(row) for row in connection.execute(query.where(columns.dataset_id == "remus")))
    dana, pages = sits("dana"), []
    page = dana.open("/data/ledger?dataset=remus")
    while True:
        pages.append(page.soup.select("tbody tr"))
        older = page.soup.select_one("a[rel=next]")
        if older is None:
            break
        page = dana.open(str(older["href"]))
    assert len(pages) > 1
    assert max(map(len, pages)) == 200
    assert sum(map(len, pages)) == len(written)
    rows = csv.DictReader(io.StringIO(dana.client.get("/data/ledger.csv?dataset=remus").text))
    assert sorted((row["subject"], row["predicate"], row["statistic"]) for row in rows) == written


@pytest.mark.parametrize("asked", ["kind=all", "edition=two", "edition=-1", "page=0", "page=x"])
def test_what_the_ledger_can_not_be_asked_is_refused_in_words(sits: Sits, asked: str) -> None:
    page = sits("dana").open(f"/data/ledger?{asked}")
    assert (page.status, page.heading) == (422, "Something is missing or not right")


def test_a_ledger_page_beyond_the_last_says_so_and_leads_back(sits: Sits) -> None:
    page = sits("dana").open("/data/ledger?dataset=remus&page=999")
    assert "The ledger has no such page." in page.text
    assert sits("dana").open(str(page.soup.select_one("a[rel=prev]")["href"])).soup.select("tbody tr")  # type: ignore[index]


def test_the_ledger_can_be_used_without_seeing_it(sits: Sits) -> None:
    page = sits("dana").open("/data/ledger?dataset=ms_cidr")
    check_structure(page)
    for check in (check_names, check_regions, check_states, check_tables):
        check(page.soup)


DOWNLOADS = {
    "dictionary.csv": lambda content: len(list(csv.reader(io.StringIO(content.decode())))) > 30,
    "schema.json": lambda content: json.loads(content)["properties"]["visit"]["type"] == "array",
    "dataset.jsonld": lambda content: json.loads(content)["@type"] == "dcat:Dataset",
}


@pytest.mark.parametrize(("name", "is_right"), DOWNLOADS.items())
def test_a_dictionary_is_downloaded_from_its_datasets_page(rosa: Reader, name: str, is_right: object) -> None:
    links = [link["href"] for link in rosa.open("/data/ms_cidr").soup.select(".actions a")]
    assert f"/data/ms_cidr/{name}" in links
    response = rosa.client.get(f"/data/ms_cidr/{name}")
    assert "attachment" in response.headers["content-disposition"]
    assert is_right(response.content)  # type: ignore[operator]


def test_the_whole_catalogue_is_described_for_others(rosa: Reader) -> None:
    document = json.loads(rosa.client.get("/data/catalog.jsonld").content)
    assert len(document["dcat:dataset"]) == 8


def test_a_team_downloads_the_twin_of_its_cut_and_nobody_else_does(sits: Sits) -> None:
    response = sits("rosa").client.get("/projects/cis-spinal/twin.zip")
    names = zipfile.ZipFile(io.BytesIO(response.content)).namelist()
    assert "synthetic-twin.zip" in response.headers["content-disposition"]
    assert {"SYNTHETIC", "cis_cohort/patients.csv", "cis_cohort/patients.parquet"} <= set(names)
    assert sits("ravi").open("/projects/cis-spinal/twin.zip").status == 404


PAGES = (
    "/data",
    "/data/search?words=edss",
    "/data/remus",
    "/data/ms_cidr/patient/course",
    "/data/ms_cidr/visit/edss",
    "/data/ms_cidr/quality",
    "/data/feasibility",
    "/data/feasibility?dataset=ms_cidr",
)


def test_every_page_can_be_used_without_seeing_it(rosa: Reader) -> None:
    for path in PAGES:
        page = rosa.open(path)
        assert page.status == 200, path
        check_structure(page)
        for check in (check_names, check_regions, check_states, check_tables):
            check(page.soup)
        assert "Synthetic data." in page.text
