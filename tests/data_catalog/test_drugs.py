"""Words of a text that name drugs, arms and comparisons: whole words, however they are written."""

import re

import pytest

from data_catalog.drugs import arm_words, comparison_words, drug_list, drug_words
from data_catalog.quality.rules import approvals
from data_catalog.synth.rates import rates

NAMED = {
    "in any case": ("OCRELIZUMAB and Natalizumab", ("ocrelizumab", "natalizumab")),
    "by trade name": ("People on Tysabri or Gilenya.", ("natalizumab", "fingolimod")),
    "by ATC code, also an old one": ("l04ag08, L04AA27", ("ocrelizumab", "fingolimod")),
    "by a code in development": ("BG-12, BG12 and baf312", ("dimethyl fumarate", "siponimod")),
    "with accents": ("le tériflunomide, ocrélizumab", ("teriflunomide", "ocrelizumab")),
    "with accents that stand apart": ("te\u0301riflunomide", ("teriflunomide",)),
    "with a soft hyphen inside": ("ocre\u00adlizumab", ("ocrelizumab",)),
    "in full-width letters": ("\uff4f\uff43\uff52\uff45\uff4c\uff49\uff5a\uff55\uff4d\uff41\uff42", ("ocrelizumab",)),
    "with Greek letters": ("interferon-β1a", ("interferon beta-1a",)),
    "the longest name": ("peginterferon beta-1a, interferon beta 1b, interferon", (
        "peginterferon beta-1a", "interferon beta-1b", "interferon beta")),
    "as part of a variable's name": ("mean_edss_ocrelizumab, rebif44", ("ocrelizumab", "interferon beta-1a")),
    "as a class": ("anti-CD20 or S1P modulators", ("antibodies against cd20", "s1p modulators")),
    "once each": ("Ocrevus, ocrelizumab, L04AG08", ("ocrelizumab",)),
    "not within a word": ("ocrelizumabish, preocrelizumab, L04AG081, XL04AG08", ()),
    "not what means too much else": ("OCR of forms, GA weeks, RTX card", ()),
    "not in a text of something else": ("Brain volume and EDSS over two years in placebo arms", ()),
}  # fmt: skip


@pytest.mark.parametrize(("text", "drugs"), NAMED.values(), ids=NAMED)
def test_drugs_are_found(text: str, drugs: tuple[str, ...]) -> None:
    assert drug_words(text) == drugs


COMPARED = {
    "We compare A and B.": ("compare",),
    "Ocrelizumab VS. natalizumab, versus": ("vs", "versus"),
    "a comparative-effectiveness study": ("comparative effectiveness",),
    "Head-to-head": ("head to head",),
    "an emulated trial; we emulate a target trial": ("emulated trial", "emulate a target trial"),
    "non-inferior, noninferiority, Superior to": ("non inferior", "noninferiority", "superior to"),
    "switching from natalizumab to ocrelizumab": ("switching from natalizumab to ocrelizumab",),
    "people who switched therapy from one drug to another": ("switched therapy from one drug to another",),
    "better than before, more effective than": ("better than", "more effective than"),
    "slope by treatment arm": ("by treatment arm",),
    "network meta-analysis with propensity scores": ("network meta analysis", "propensity scores"),
    "we rank the treatments; arms contrasted": ("rank the treatments", "arms contrasted"),
    "Which DMT works best?": ("which dmt", "works best"),
    "people on one drug and people on another": ("one drug and people on another",),
    "matching-adjusted; under two alternative therapies": ("matching adjusted", "two alternative therapies"),
    "a MAIC: which arm does better?": ("maic", "which arm", "does better"),
    "ranked by volume, with contrast, both eyes, which works, armed": (),
    "superior frontal gyrus, inferior temporal lobe, converse": (),
    "natural history of brain atrophy": (),
}


@pytest.mark.parametrize(("text", "phrases"), COMPARED.items(), ids=COMPARED)
def test_comparisons_are_found(text: str, phrases: tuple[str, ...]) -> None:
    assert comparison_words(text) == phrases


def test_arms_are_found() -> None:
    assert arm_words("Placebo (n = 20), treated, no treatment, Arm B") == ("placebo", "active", "untreated", "arm b")
    assert arm_words("armature of untreatedness") == ()
    assert arm_words("Active (n = 20)") == arm_words("active arm") == ("active",)
    assert arm_words("active lesions") == ()


def test_every_drug_is_found_by_every_name_it_has() -> None:
    for inn, drug in drug_list().drugs.items():
        for name in (inn, *drug.also, *drug.atc):
            assert drug_words(f"({name.upper()})") == (inn,), name


def test_the_list_is_in_shape() -> None:
    drugs = drug_list()
    names = [name for inn, drug in drugs.drugs.items() for name in (inn, *drug.also)]
    codes = [code for drug in drugs.drugs.values() for code in drug.atc]
    assert len(set(names)) == len(names)
    assert len(set(codes)) == len(codes)
    assert all(name == name.lower() for name in names)
    assert all(re.fullmatch(r"[A-Z]\d{2}[A-Z]{2}\d{2}", code) for code in codes)
    assert all(drugs.sources.values())


def test_it_knows_every_drug_with_a_year_of_approval_and_every_synthetic_one_by_its_code() -> None:
    known = drug_list().drugs
    assert set(approvals()) <= set(known)
    synthetic = {row[0]: row[2] for row in rates()["drugs"]["rows"]}
    assert {inn: known[inn].atc[0] for inn in synthetic} == synthetic
