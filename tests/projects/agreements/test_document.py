"""The agreement as a document: what it says, that its bytes can be made again, and what its wording may be."""

import re
from datetime import date
from pathlib import Path

import pytest
from reportlab.pdfbase.pdfmetrics import getFont

from projects.agreements.errors import NoWording, WordingRejected
from projects.agreements.signing.document import BODY, BOLD, render
from projects.agreements.signing.facts import AgreementFacts, GivenTable, GivenVariable, Member, Signer, Substance
from projects.agreements.signing.wording import WORDINGS, load_wording
from projects.resource_rules.models import load_rules
from tests.support.catalog import RULES


def facts(**changes: object) -> AgreementFacts:
    """An agreement of an invented project, with names from beyond Latin-1 and signs that markup is made of."""
    table = GivenTable(
        dataset="ms_cidr",
        edition=3,
        synthetic=True,
        name="visit",
        label="Visits",
        rows=("age >= 18",),
        variables=tuple(GivenVariable(name=f"variable_{n}", label="Score <0–10> & more") for n in range(60)),
    )
    about = {
        "project_id": "cord",
        "title": "Lesions & <conversion>",
        "question": "Whether they go together.",
        "resource": "ms_cidr",
        "resource_label": "MS CIDR",
        "institution": "University of Examples",
        "starts": date(2026, 1, 1),
        "ends": date(2026, 12, 31),
        "purposes": ("outcome measurement",),
        "team": (Member(username="lena", name="Léna Řehořová", role="lead", organisation="University of Examples"),),
        "conditions": "No copies.\nNews after half a year.",
        "tables": (table,),
    }
    return AgreementFacts(
        number=1,
        drawn_on=date(2026, 6, 1),
        wording_version=1,
        substance=Substance.model_validate({**about, **changes}),
        signatory=Signer(username="ravi", name="Ravi", organisation="University of Examples"),
        countersignatory=Signer(username="dora", name="Dora", organisation="MS CIDR"),
    )


def test_equal_facts_make_equal_bytes_and_other_facts_others() -> None:
    wording = load_wording("ms_cidr")
    document = render(facts(), wording)
    assert document.startswith(b"%PDF-")
    assert render(facts(), wording) == document
    assert render(facts(conditions="None."), wording) != document
    assert render(AgreementFacts.model_validate_json(facts().to_text()), wording) == document, "kept, and made again"


def test_it_goes_over_as_many_pages_as_it_takes() -> None:
    document = render(facts(), load_wording("ms_cidr"))
    pages = len(re.findall(rb"/Type /Page\b(?!s)", document))
    assert pages >= 4
    assert len(re.findall(rb"/Count (\d+)", document)) == 1
    assert f"/Count {pages}".encode() in document


@pytest.mark.parametrize("font", [BODY, BOLD])
def test_the_letters_of_european_names_are_in_its_fonts(font: str) -> None:
    render(facts(), load_wording("ms_cidr"))
    standard = {letter for letter in "ěčřšžłőåßøÉΩЖ–’“" if not letter.encode("cp1252", "ignore")}
    assert standard, "letters the standard fonts of a PDF lack"
    assert all(ord(letter) in getFont(font).face.charToGlyph for letter in standard)


def test_every_resource_has_a_wording_that_says_it_is_not_the_resources_own() -> None:
    resources = {load_rules(path).resource for path in RULES.glob("*.toml")}
    assert resources == {path.stem for path in WORDINGS.glob("*.toml")}
    for resource in resources:
        assert load_wording(resource).resource == resource
        assert "Model text of Myelin's" in (WORDINGS / f"{resource}.toml").read_text()


GOOD = 'resource = "x"\nversion = 1\ntitle = "T"\n[[clauses]]\nheading = "H"\ntext = "{}"\n'


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (GOOD.format("$drug"), "names a field that is none of ends, institution, project, resource"),
        (GOOD.format("100 $"), "names a field"),
        (GOOD.format("ok").replace("version = 1", "version = 0"), "version"),
        (GOOD.format("ok").replace('"x"', '"y"'), "it is of y, in the file of x"),
        ('resource = "x"\nversion = 1\ntitle = "T"\nclauses = []\n', "clauses"),
    ],
)
def test_a_wording_that_is_none_is_refused(tmp_path: Path, content: str, said: str) -> None:
    (tmp_path / "x.toml").write_text(content)
    with pytest.raises(WordingRejected, match=said):
        load_wording("x", tmp_path)
    with pytest.raises(NoWording, match="no wording of a data use agreement with y"):
        load_wording("y", tmp_path)
