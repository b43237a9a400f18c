"""Project-own pseudonyms: HMAC-SHA-256 of the source identifier under the project's key."""

import base64
import hmac
from collections.abc import Iterable
from hashlib import sha256

from data_catalog.errors import PseudonymCollision

KEY_BYTES = 32
_HASH_BYTES = 10  # 80 bits are 16 characters of base32; among 10 million people two meet with a chance under 1e-10


def pseudonym(key: bytes, dataset_id: str, person: str) -> str:
    """Return `P` and 16 base32 characters for a person of a dataset.

    An identifier means somebody within its dataset only, so the dataset's name goes into the hash.
    """
    mac = hmac.digest(key, f"{dataset_id}\0{person}".encode(), sha256)
    return "P" + base64.b32encode(mac[:_HASH_BYTES]).decode()


def pseudonyms(key: bytes, dataset_id: str, people: Iterable[str]) -> dict[str, str]:
    """Return the pseudonym of every person; raises PseudonymCollision where two would share one."""
    mapping = {person: pseudonym(key, dataset_id, person) for person in people}
    if len(set(mapping.values())) < len(mapping):
        raise PseudonymCollision(f"Two people of {dataset_id} would get one pseudonym.", "Use another project key.")
    return mapping
