"""A deletion proof in words, for whoever has to believe it."""

from collections.abc import Iterator

from core.web.words import write_moment
from projects.closeout.models import Archive, DeletedCut, Proof, Remains, Said


def render(proof: Proof) -> str:
    """Return a proof as text, a line a fact, without an empty line."""
    return "\n".join(_lines(proof))


def _lines(proof: Proof) -> Iterator[str]:
    yield f"Deletion proof of project {proof.project}: {proof.title}"
    yield f"Ran from {proof.first_day} to {proof.last_day}. Closed {_said(proof.closed)}."
    yield f"Written {_said(proof.written)}, by Myelin {proof.myelin}."
    yield "DELETED, looked for after that and not found:"
    yield from (f"- {line}" for line in _deleted(proof))
    yield "REMAINS, by design:"
    yield from (f"- {line}" for line in _remains(proof.remains))
    yield "NOT VERIFIED:"
    yield from (f"- {one.what}: not verified, {one.why}" for one in proof.not_verified)


def _deleted(proof: Proof) -> Iterator[str]:
    for cut in proof.cuts:
        yield from _cut(cut)
    if proof.key:
        yield f"the key of its pseudonyms, {proof.key.name}, fingerprint {proof.key.fingerprint}"
    for home in proof.homes:
        yield f"the home folder of {home.username}: {home.files} files, {home.bytes} bytes"
    yield f"the team's folder: {proof.team_files} files, {proof.team_bytes} bytes"
    if proof.network:
        yield f"the network {proof.network}, whose addresses no other project gets"


def _cut(cut: DeletedCut) -> Iterator[str]:
    label = "SYNTHETIC, " if cut.synthetic else ""
    made = f"made {write_moment(cut.made_at)}, deleted {write_moment(cut.deleted_at)}"
    yield f"cut {cut.number}, {label}{made}, manifest SHA-256 {cut.manifest_sha256}"
    for file in cut.files:
        yield f"  {file.path}, {file.bytes} bytes, SHA-256 {file.sha256}"
    for dataset_id, scans in cut.scans.items():
        yield f"  {scans} scans of {dataset_id}, as this project saw them"


def _remains(remains: Remains) -> Iterator[str]:
    for output in remains.released:
        yield f"released output {output.request}/{output.file}, {output.bytes} bytes, SHA-256 {output.sha256}"
    yield f"{remains.held_files} files held for review, whatever became of them: {remains.held_bytes} bytes"
    if remains.archive:
        yield from _archive(remains.archive)
    yield from remains.by_design


def _archive(archive: Archive) -> Iterator[str]:
    yield (
        f"the archive of the team's folder, {archive.name}: {archive.files} files, {archive.bytes} bytes, "
        f"SHA-256 {archive.sha256}, kept through {archive.through}"
    )
    for why, count in archive.left_out.items():
        yield f"  not in the archive, and deleted with the folder: {count}, {why}"


def _said(said: Said) -> str:
    return f"{write_moment(said.at)} by {said.by}"
