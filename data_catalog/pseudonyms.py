"""Project-own pseudonyms: HMAC-SHA-256 of the source identifier under the project's key."""

import base64
import hmac
from hashlib import sha256

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from data_catalog.engine import identifier, registered
from data_catalog.errors import PseudonymCollision
from data_catalog.generalisation import OFFSET
from data_catalog.models import PSEUDONYM

KEY_BYTES = 32
SOURCE = "_source"
"""The column of a mapping that holds the source identifier."""

_HASH_BYTES = 10  # 80 bits are 16 characters of base32; among 10 million people two meet with a chance under 1e-10
_BLOCK = 64  # of SHA-256, in bytes
_PARTS = ("$inner", "$shift")
_SHIFT = "\0shift\0"  # no dataset's id begins with NUL, so no pseudonym is made of such a message
_OFFSET_DIGITS = 13  # 52 bits: of 730 numbers none is likelier by more than 1e-12
_ALPHABET = np.frombuffer(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", dtype=np.uint8)


def pseudonym(key: bytes, dataset_id: str, person: str) -> str:
    """Return `P` and 16 base32 characters for a person of a dataset.

    An identifier means somebody within its dataset only, so the dataset's name goes into the hash.
    """
    mac = hmac.digest(key, f"{dataset_id}\0{person}".encode(), sha256)
    return "P" + base64.b32encode(mac[:_HASH_BYTES]).decode()


def offset_days(key: bytes, dataset_id: str, person: str, most: int) -> int:
    """Return by how many days a person's dates are moved in a project: from -most to most, never 0, all as likely."""
    mac = hmac.digest(key, f"{_SHIFT}{dataset_id}\0{person}".encode(), sha256)
    drawn = int(mac.hex()[:_OFFSET_DIGITS], 16) % (2 * most)
    return drawn - most if drawn < most else drawn - most + 1


def map_people(
    connection: duckdb.DuckDBPyConnection, key: bytes, dataset_id: str, people: str, table: str, days: int = 0
) -> None:
    """Make the table (source identifier, pseudonym, offset) of the distinct people a query gives as its one column.

    The offset is by how many of up to so many `days` a person's dates are moved.

    The pseudonym is an enum, which sorts as its text and is compared as a number. HMAC is spelt out in SQL, so that
    DuckDB does it on every core: `pseudonym` says the same of one person. Raises PseudonymCollision where two people
    would share one.
    """
    found = f"SELECT DISTINCT {identifier(SOURCE)} FROM ({people}) AS people({identifier(SOURCE)})"
    mac, of_offset = (f"sha256($outer || unhex(sha256({part} || encode({identifier(SOURCE)}))))" for part in _PARTS)
    drawn = f"('0x' || substr({of_offset}, 1, {_OFFSET_DIGITS}))::BIGINT % {2 * days}" if days else "0"
    halves = ", ".join(f"('0x' || substr(mac, {start}, 10))::UBIGINT AS half_{start}" for start in (1, 11))
    connection.execute(
        f"CREATE TEMP TABLE macs AS SELECT {identifier(SOURCE)}, {halves}, {OFFSET} FROM "
        f"(SELECT {identifier(SOURCE)}, {mac} AS mac, ({drawn})::INTEGER AS {OFFSET} FROM ({found}))",
        _pads(key, dataset_id) if days else _pads(key, dataset_id, ("inner", "outer")),
    )
    macs = connection.sql("FROM macs").to_arrow_table().combine_chunks()
    connection.execute("DROP TABLE macs")
    pseudonyms = _texts(macs["half_1"].to_numpy(), macs["half_11"].to_numpy())
    mapped = pa.table({SOURCE: macs[SOURCE], PSEUDONYM: pseudonyms, OFFSET: macs[OFFSET]})
    kind = identifier(f"{table}_{PSEUDONYM}")
    with registered(connection, "mapped", mapped):
        _check_apart(connection, dataset_id)
        connection.execute(f"CREATE TYPE {kind} AS ENUM (SELECT {PSEUDONYM} FROM mapped ORDER BY {PSEUDONYM})")
        connection.execute(
            f"CREATE TABLE {identifier(table)} AS SELECT {SOURCE}, {PSEUDONYM}::{kind} AS {PSEUDONYM}, "
            f"{OFFSET} - {days} + ({OFFSET} >= {days} AND {days} > 0)::INTEGER AS {OFFSET} FROM mapped"
        )


def _check_apart(connection: duckdb.DuckDBPyConnection, dataset_id: str) -> None:
    apart = connection.execute(f"SELECT count(*) = count(DISTINCT {PSEUDONYM}) FROM mapped").fetchone()
    if apart != (True,):
        raise PseudonymCollision(f"Two people of {dataset_id} would get one pseudonym.", "Use another project key.")


def _pads(key: bytes, dataset_id: str, parts: tuple[str, ...] = ("inner", "shift", "outer")) -> dict[str, bytes]:
    """Return what HMAC puts before the inner and the outer message (RFC 2104)."""
    block = (sha256(key).digest() if len(key) > _BLOCK else key).ljust(_BLOCK, b"\0")
    inner, outer = (bytes(byte ^ pad for byte in block) for pad in (0x36, 0x5C))
    of_dataset = f"{dataset_id}\0".encode()
    pads = {"inner": inner + of_dataset, "shift": inner + _SHIFT.encode() + of_dataset, "outer": outer}
    return {part: pads[part] for part in parts}


def _texts(*halves: NDArray[np.uint64]) -> pa.Array:
    """Return the text of each pseudonym from its halves of 40 bits, 8 characters each."""
    count = len(halves[0])
    texts = np.full((count, 1 + 8 * len(halves)), ord("P"), dtype=np.uint8)
    for number, half in enumerate(halves):
        for place in range(8):
            bits = (half >> np.uint64(35 - 5 * place)) & np.uint64(31)
            texts[:, 1 + 8 * number + place] = _ALPHABET[bits.astype(np.uint8)]
    width = texts.shape[1]
    ends = np.arange(0, width * (count + 1), width, dtype=np.int64)
    return pa.LargeStringArray.from_buffers(count, pa.py_buffer(ends), pa.py_buffer(texts))
