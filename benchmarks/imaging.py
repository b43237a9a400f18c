"""Expose scans to a project beside `cp -al` of the same tree, and what each step costs a scan.

    python -m benchmarks.imaging                 52,000 tiny synthetic scans, five pairs of runs
    python -m benchmarks.imaging --validate      and the BIDS validator over the whole delivery

Ours is all of it: reading and proving the index, making pseudonyms, choosing and naming, sidecars, tables and manifest.
`cp -al` copies the tree that ours made. Which of the two goes first changes from pair to pair.
"""

import argparse
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from itertools import count, islice
from pathlib import Path

import numpy as np

from data_catalog.imaging.bids import validate_bids
from data_catalog.imaging.checks import check_scan
from data_catalog.imaging.exposure import ExposureRequest, SeenScan, expose
from data_catalog.imaging.index import earlier_edition, read_index, verify_imaging
from data_catalog.imaging.ingest import prepare_imaging
from data_catalog.imaging.names import MODALITIES, REGIONS, ScanKinds, scan_stem
from data_catalog.imaging.nifti import HEADER, Header, compress, normal_header
from data_catalog.imaging.normalise import Earlier, Stored, prepare_objects, store_scan
from data_catalog.imaging.synthetic import Scan, write_scans
from data_catalog.pseudonyms import KEY_BYTES, pseudonym

REAL_SHAPE = (192, 256, 256)
"""Voxels of a usual T1-weighted scan of a head, 1 mm, in 16-bit whole numbers."""

BACKGROUND = 0.6
"""Share of such a scan that is air and zero."""


def main() -> None:
    """Measure and print."""
    arguments = _arguments()
    with tempfile.TemporaryDirectory(prefix="myelin-benchmark-", dir=arguments.folder) as name:
        folder = Path(name)
        print(f"{arguments.scans:,} synthetic scans, {os.cpu_count()} processors, {arguments.pairs} pairs of runs\n")
        sha256 = _measure_ingest(folder, arguments.scans, validate=arguments.validate)
        _measure_exposure(folder, sha256, arguments.pairs)
        _measure_real_size(folder)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scans", type=int, default=52_000)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--validate", action="store_true", help="run the BIDS validator over the delivery too")
    parser.add_argument("--folder", type=Path, default=None, help="where to work, if not where temporary files go")
    return parser.parse_args()


def _scans() -> Iterator[Scan]:
    """Give four scans for each person, on two days; every third person has no scan of the cord."""
    for number in count(1):
        kinds = [("brain", "t1w"), ("brain", "flair") if number % 3 == 0 else ("spinal_cord", "t2w")]
        for visit in range(2):
            day = date(2010, 1, 1) + timedelta(days=(number * 37 + visit * 200) % 3000)
            for region, modality in kinds:
                stem = scan_stem(f"S{number:06}", f"V{visit}", region, modality)
                yield Scan(f"S-{number:06}", stem, day, region, modality, 1.5 if number % 2 else 3.0)


def _timed(what: Callable[[], object]) -> float:
    os.sync()
    start = time.perf_counter()
    what()
    return time.perf_counter() - start


def _row(what: str, seconds: float, scans: int) -> None:
    print(f"{what:<58}{seconds:>9.2f} s{seconds / scans * 1e6:>10.0f} µs a scan")


def _measure_ingest(folder: Path, scans: int, *, validate: bool) -> str:
    delivery, first, second = folder / "delivery", folder / "1", folder / "2"
    _row("write synthetic scans", _timed(lambda: write_scans(islice(_scans(), scans), delivery)), scans)
    if validate:
        _row("BIDS validator over the whole delivery", _timed(lambda: _validated(delivery)), scans)
    taken = []
    _row(
        "check and hold, in normal form already",
        _timed(lambda: taken.append(prepare_imaging(delivery, first, dataset="bench", validate=lambda tree: []))),
        scans,
    )
    sha256 = taken[0].manifest_sha256
    earlier = earlier_edition(first, sha256)
    again = _timed(
        lambda: prepare_imaging(delivery, second, dataset="bench", earlier=earlier, validate=lambda tree: [])
    )
    _row("check and share with the earlier edition", again, scans)
    _row("re-hash an edition", _timed(lambda: verify_imaging(first, sha256)), scans)
    return sha256


def _validated(delivery: Path) -> None:
    faults = validate_bids(delivery)
    if faults:
        raise SystemExit(f"The validator says: {faults[0]}")


def _measure_exposure(folder: Path, sha256: str, pairs: int) -> None:
    """Measure pairs of runs; nothing is deleted between: right after a big deletion both are many times slower."""
    model = folder / "model"
    _expose(folder / "1", sha256, model)
    times = [_pair(folder, sha256, model, number) for number in range(1, pairs + 1)]
    ratios = [ours / copied for ours, copied in times]
    print(f"\n{'pair':<8}{'exposed':>12}{'cp -al':>12}{'ratio':>9}")
    for number, ((ours, copied), ratio) in enumerate(zip(times, ratios, strict=True), 1):
        print(f"{number:<8}{ours:>10.2f} s{copied:>10.2f} s{ratio:>9.2f}")
    ours, copied = (statistics.median(column) for column in zip(*times, strict=True))
    print(f"{'median':<8}{ours:>10.2f} s{copied:>10.2f} s{statistics.median(ratios):>9.2f}   (at most 2)\n")


def _pair(folder: Path, sha256: str, model: Path, number: int) -> tuple[float, float]:
    steps: dict[str, Callable[[], object]] = {
        "ours": lambda: _expose(folder / "1", sha256, folder / f"ours-{number}"),
        "copied": lambda: subprocess.run(["cp", "-al", str(model), str(folder / f"copied-{number}")], check=True),
    }
    order = list(steps) if number % 2 else list(reversed(steps))
    times = {name: _timed(steps[name]) for name in order}
    return times["ours"], times["copied"]


def _expose(vault: Path, sha256: str, destination: Path) -> None:
    scans = read_index(vault, sha256)
    people = {entry.patient_id for entry in scans.entries}
    key = b"k" * KEY_BYTES
    names = {person: pseudonym(key, "bench", person) for person in people}
    seen = {entry.scan: SeenScan(names[entry.patient_id], _shifted(entry.scan_date)) for entry in scans.entries}
    kinds = ScanKinds(regions=tuple(REGIONS), modalities=tuple(MODALITIES))
    request = ExposureRequest("bench", vault, scans, kinds, seen, key)
    assert expose(request, destination).content["scans"] == len(scans.entries)


def _shifted(day: date | None) -> date | None:
    return day - timedelta(days=100) if day else None


def _measure_real_size(folder: Path) -> None:
    """Time one scan of a real one's size: noise where the head would be, which packs worse than a head."""
    header = np.zeros(1, HEADER)
    fields = header[0]
    fields["dim"], fields["pixdim"] = (3, *REAL_SHAPE, 1, 1, 1, 1), (1, 1, 1, 1, 0, 0, 0, 0)
    fields["datatype"], fields["bitpix"], fields["magic"], fields["vox_offset"] = 4, 16, b"n+1", 352
    draw = np.random.default_rng(1)
    voxels = draw.integers(200, 1000, REAL_SHAPE, "<i2") * (draw.random(REAL_SHAPE) > BACKGROUND)
    plain = normal_header(Header("<", fields)) + voxels.astype("<i2").tobytes()
    packed = compress(plain, 1)
    print(f"One scan of {len(plain) / 1e6:.0f} MB, {len(packed) / 1e6:.0f} MB packed, on one processor")
    stored: list[Stored] = []
    for what, source, compressed in (("as .nii: check, pack, hold", plain, False), ("normal: hold", packed, True)):
        target = folder / str(compressed)
        prepare_objects(target)
        _row(what, _timed(lambda s=source, c=compressed, t=target: stored.append(_store(s, c, t))), 1)  # type: ignore[misc]
    held = Earlier(folder / "True", {stored[1].content_sha256: stored[1]})
    prepare_objects(folder / "shared")
    _row("normal: share with the earlier edition", _timed(lambda: _store(packed, True, folder / "shared", held)), 1)


def _store(source: bytes, compressed: bool, folder: Path, earlier: Earlier | None = None) -> Stored:
    content = check_scan(source, compressed=compressed)
    assert not content.problems
    return store_scan(source, content, folder, earlier)


if __name__ == "__main__":
    main()
