"""Scans for a synthetic twin: tiny images of noise under names as a cut has them, so that code that opens them runs."""

import json
import random
from collections import Counter
from collections.abc import Mapping, Sequence

from data_catalog.imaging.exposure import BIDS_VERSION
from data_catalog.imaging.index import FOLDER
from data_catalog.imaging.names import ScanKinds, scan_stem
from data_catalog.imaging.synthetic import scan_bytes
from data_catalog.imaging.tree import DESCRIPTION


def scan_files(
    dataset: str, kinds: ScanKinds, people: Sequence[str], said: Mapping[str, Sequence[object]], draw: random.Random
) -> list[str | None]:
    """Return where the scan of each row of a table of scans is, None for one of another kind than the project's.

    `said` has the columns `region` and `modality` where they were approved; where not, any kind is drawn.
    """
    sessions = Counter[str]()
    return [_file(dataset, kinds, person, place, said, sessions, draw) for place, person in enumerate(people)]


def _file(
    dataset: str,
    kinds: ScanKinds,
    person: str,
    place: int,
    said: Mapping[str, Sequence[object]],
    sessions: Counter[str],
    draw: random.Random,
) -> str | None:
    region = said["region"][place] if "region" in said else draw.choice(kinds.regions)
    modality = said["modality"][place] if "modality" in said else draw.choice(kinds.modalities)
    if region not in kinds.regions or modality not in kinds.modalities:
        return None
    sessions[person] += 1
    session = f"{sessions[person]:02}"
    stem = scan_stem(person, session, str(region), str(modality))
    return f"{FOLDER}/{dataset}/sub-{person}/ses-{session}/anat/{stem}.nii.gz"


def scan_tree(dataset: str, files: Sequence[str | None]) -> dict[str, bytes]:
    """Return every file of the twin's scans by its path: noise drawn from its name, and what makes the tree BIDS."""
    description = {"Name": "Synthetic twin", "BIDSVersion": BIDS_VERSION, "DatasetType": "raw"}
    scans = {path: scan_bytes(path) for path in files if path}
    return {f"{FOLDER}/{dataset}/{DESCRIPTION}": json.dumps(description).encode(), **scans}
