"""What a scan's BIDS name says: person, session, region, modality."""

import re
from dataclasses import dataclass
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field, field_validator


class Region(StrEnum):
    """What a scan shows."""

    BRAIN = "brain"
    SPINAL_CORD = "spinal_cord"


class Modality(StrEnum):
    """How a scan was weighted."""

    T1W = "t1w"
    T2W = "t2w"
    FLAIR = "flair"
    PDW = "pdw"
    T1W_GD = "t1w_gd"


REGIONS = {Region.BRAIN: "brain", Region.SPINAL_CORD: "cord"}
"""Region → the label it has in the names we give (`acq-cord`)."""

BODY_PARTS = {"BRAIN": Region.BRAIN, "SPINE": Region.SPINAL_CORD}
"""What a sidecar's `BodyPart` says → region."""

CONTRAST = "gadolinium"
MODALITIES = {
    Modality.T1W: "T1w",
    Modality.T2W: "T2w",
    Modality.FLAIR: "FLAIR",
    Modality.PDW: "PDw",
    Modality.T1W_GD: f"ce-{CONTRAST}_T1w",
}
"""Modality → how a name of ours ends."""


class ScanKinds(BaseModel):
    """Regions and modalities of scans: those an edition holds as images, or those a project is approved for."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    regions: tuple[Region, ...] = Field(min_length=1)
    modalities: tuple[Modality, ...] = Field(min_length=1)

    @field_validator("regions", "modalities", mode="after")
    @classmethod
    def _are_a_set(cls, kinds: tuple[StrEnum, ...]) -> tuple[StrEnum, ...]:
        return tuple(sorted(set(kinds)))

    @property
    def words(self) -> str:
        """The kinds for people: `brain, spinal_cord; flair, t1w`."""
        return f"{', '.join(self.regions)}; {', '.join(self.modalities)}"


_LABEL = "[A-Za-z0-9]{1,64}"
_ENTITIES = rf"(?:_acq-(?P<acquisition>{_LABEL}))?(?P<contrast>_ce-{_LABEL})?(?:_rec-{_LABEL})?(?:_run-[0-9]{{1,4}})?"
_STEM = rf"(?P<stem>sub-(?P=person)(?:_ses-(?P=session))?{_ENTITIES}_(?P<suffix>T1w|T2w|FLAIR|PDw))"
_SCAN = re.compile(
    rf"sub-(?P<person>{_LABEL})/(?:ses-(?P<session>{_LABEL})/)?anat/{_STEM}(?P<end>\.nii\.gz|\.nii|\.json)"
)
_SCANS_TSV = re.compile(
    rf"sub-(?P<person>{_LABEL})/(?:ses-(?P<session>{_LABEL})/)?sub-(?P=person)(?:_ses-(?P=session))?_scans\.tsv"
)
LABEL_PATTERN = re.compile(_LABEL)


@dataclass(frozen=True, slots=True)
class ScanName:
    """One file of a scan, as its path in a BIDS tree names it; `session` is empty where there is none."""

    path: str
    stem: str
    person: str
    session: str
    modality: str
    acquisition: str
    end: str

    @property
    def sidecar(self) -> str:
        """The path of the sidecar that belongs to the scan."""
        return self.path.removesuffix(self.end) + ".json"

    @property
    def scans_tsv(self) -> str:
        """The path of the table that lists the scan."""
        if self.session:
            return f"sub-{self.person}/ses-{self.session}/sub-{self.person}_ses-{self.session}_scans.tsv"
        return f"sub-{self.person}/sub-{self.person}_scans.tsv"


def parse_scan(path: str) -> ScanName | None:
    """Read a scan's or sidecar's path; None where entity, order, suffix or folder is not as BIDS says."""
    match = _SCAN.fullmatch(path)
    if match is None or (match["session"] or "") != _session_of(match["stem"]):
        return None
    modality = _modality(match["suffix"], match["contrast"])
    if modality is None:
        return None
    return ScanName(
        path, match["stem"], match["person"], match["session"] or "", modality, match["acquisition"] or "", match["end"]
    )


def is_scans_tsv(path: str) -> bool:
    """Tell whether a path is that of a person's or session's table of scans."""
    match = _SCANS_TSV.fullmatch(path)
    return match is not None and (match["session"] is None) == ("_ses-" not in path)


def scan_stem(person: str, session: str, region: str, modality: str, run: int | None = None) -> str:
    """Return the name of a scan as we give it; raises ValueError for a region or modality there is not."""
    head = f"sub-{person}_ses-{session}" if session else f"sub-{person}"
    contrast, _, suffix = MODALITIES[Modality(modality)].rpartition("_")
    parts = [head, f"acq-{REGIONS[Region(region)]}", contrast, f"run-{run:02}" if run else "", suffix]
    return "_".join(part for part in parts if part)


def _session_of(stem: str) -> str:
    match = re.search(r"_ses-([A-Za-z0-9]+)", stem)
    return match[1] if match else ""


def _modality(suffix: str, contrast: str | None) -> str | None:
    if contrast is None:
        return suffix.lower()
    return "t1w_gd" if suffix == "T1w" and contrast == f"_ce-{CONTRAST}" else None
