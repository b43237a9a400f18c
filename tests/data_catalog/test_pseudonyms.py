"""Pseudonyms are a project's own: nobody links two projects by them, and nobody gets back to the identifier."""

import re
from collections.abc import Iterable
from itertools import pairwise

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from data_catalog import pseudonyms as made
from data_catalog.errors import PseudonymCollision
from data_catalog.pseudonyms import map_people, pseudonym

KEY, OTHER_KEY = bytes(32), bytes(31) + b"\x01"
PEOPLE = [f"ipt {number:05}" for number in range(20_000)]


def pseudonyms(key: bytes, dataset_id: str, people: Iterable[str]) -> dict[str, str]:
    with duckdb.connect() as connection:
        connection.register("given", pa.table({"person": list(people)}))
        map_people(connection, key, dataset_id, "SELECT person FROM given", "mapping")
        return dict(connection.execute("SELECT _source, pseudonym::VARCHAR FROM mapping").fetchall())


def test_a_pseudonym_is_p_and_sixteen_characters_of_base32() -> None:
    assert re.fullmatch("P[A-Z2-7]{16}", pseudonym(KEY, "cis_cohort", "17"))


def test_it_is_hmac_sha_256_of_dataset_and_person() -> None:
    """Computed with OpenSSL: printf 'cis_cohort\\0%s' 17 | openssl dgst -sha256 -mac HMAC -macopt hexkey:00…00."""
    assert pseudonym(KEY, "cis_cohort", "17") == "PTMMMUJFRHHHYGMIA"


def test_the_same_person_has_the_same_one_in_every_table_and_cut_of_a_project() -> None:
    assert pseudonyms(KEY, "clinic", PEOPLE) == pseudonyms(KEY, "clinic", reversed(PEOPLE))


def test_two_projects_share_none_and_two_datasets_share_none() -> None:
    mine = set(pseudonyms(KEY, "clinic", PEOPLE).values())
    assert not mine & set(pseudonyms(OTHER_KEY, "clinic", PEOPLE).values())
    assert not mine & set(pseudonyms(KEY, "other", PEOPLE).values())


def test_their_order_says_nothing_about_the_order_of_the_source() -> None:
    mine = pseudonyms(KEY, "clinic", PEOPLE)
    in_order = sum(mine[a] < mine[b] for a, b in pairwise(PEOPLE))
    assert abs(in_order - len(PEOPLE) / 2) < len(PEOPLE) / 50


def test_two_people_never_share_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(made, "_ALPHABET", np.frombuffer(b"A" * 32, dtype=np.uint8))
    with pytest.raises(PseudonymCollision):
        pseudonyms(KEY, "clinic", PEOPLE)


@pytest.mark.parametrize("key", [KEY, bytes(range(64)), bytes(range(100))], ids=["short", "a block", "long"])
def test_those_of_a_cut_are_the_same_as_one_made_by_itself(key: bytes) -> None:
    people = ["17", "ipt 01", "žluť", "a\tb", "é" * 100]
    assert pseudonyms(key, "clinic", people) == {person: pseudonym(key, "clinic", person) for person in people}


def test_nobody_gives_nothing_and_somebody_twice_gives_one() -> None:
    assert pseudonyms(KEY, "clinic", []) == {}
    assert pseudonyms(KEY, "clinic", ["17", "17"]) == {"17": pseudonym(KEY, "clinic", "17")}


def test_in_a_cut_they_are_in_the_order_of_their_text() -> None:
    with duckdb.connect() as connection:
        connection.register("given", pa.table({"person": PEOPLE}))
        map_people(connection, KEY, "clinic", "SELECT person FROM given", "mapping")
        ordered = connection.execute("SELECT pseudonym::VARCHAR FROM mapping ORDER BY pseudonym").fetchall()
    assert ordered == sorted(ordered)
