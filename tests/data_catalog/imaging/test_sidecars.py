"""A sidecar says listed fields with listed values, and how the face was removed."""

import json

import pytest

from data_catalog.imaging.names import parse_scan
from data_catalog.imaging.sidecars import LARGEST_SIDECAR, Sidecar, allowed, check_sidecar

BRAIN = {"BodyPart": "BRAIN", "Defaced": "yes", "DefacingTool": "pydeface", "DefacingToolVersion": "2.0.2"}
CORD = {"BodyPart": "SPINE", "Defaced": "not_needed", "FaceInFieldOfView": False}
NO_FIELD = "the field whose name is no field's name is not on the list"


def check(content: object, name: str = "sub-01_T1w") -> Sidecar:
    scan = parse_scan(f"sub-01/anat/{name}.nii.gz")
    assert scan is not None
    return check_sidecar(content if isinstance(content, bytes) else json.dumps(content).encode(), scan)


IDENTIFYING = {
    "PatientName": "Maria Novak",
    "PatientBirthDate": "1980-03-01",
    "AcquisitionTime": "10:12:53.000",
    "AcquisitionDateTime": "2015-03-01T10:12:53",
    "SeriesInstanceUID": "1.3.12.2.1107.5.2",
    "DeviceSerialNumber": "45193",
    "StationName": "MR3",
    "InstitutionName": "Clinic",
    "InstitutionAddress": "Street 1",
    "ImageComments": "patient moved",
    "SeriesDescription": "t1 novak",
    "ProtocolName": "t1",
    "ImagingFrequency": 123.247842,
}


@pytest.mark.parametrize("field", IDENTIFYING)
def test_a_field_that_is_not_listed_is_refused(field: str) -> None:
    assert check({**BRAIN, field: IDENTIFYING[field]}).problems == (f"the field {field} is not on the list",)


WRONG_VALUES = {
    "MagneticFieldStrength": [0, 300, "3", True, None, [3], 3.0000019800301],
    "Manufacturer": ["Maria Novak", 1],
    "ScanningSequence": [["GR", "Maria"], [["GR"]], {"GR": 1}],
    "EchoTime": [2.98, -1, 1e400, 10**400],
    "DefacingToolVersion": ["2.0 Maria", "19800301.1", 2.0],
    "FaceInFieldOfView": [0, "false"],
}


@pytest.mark.parametrize(("field", "value"), [(f, v) for f, values in WRONG_VALUES.items() for v in values])
def test_a_value_that_is_not_listed_is_refused(field: str, value: object) -> None:
    content = json.dumps({**BRAIN, field: "?"}).replace('"?"', "1e400" if value == float("inf") else json.dumps(value))
    assert f"{field} has a value that is not allowed" in check(content.encode()).problems


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b"", "is no JSON in UTF-8 whose names stand once"),
        (b'{"BodyPart": "BRAIN", "BodyPart": "SPINE"}', "is no JSON in UTF-8 whose names stand once"),
        (b'{"EchoTime": NaN}', "is no JSON in UTF-8 whose names stand once"),
        (b'{"a": \xff}', "is no JSON in UTF-8 whose names stand once"),
        (b"[" * 50_000, "is no JSON in UTF-8 whose names stand once"),
        (b"[]", "is no JSON object"),
        (b" " * (LARGEST_SIDECAR + 1), f"is larger than {LARGEST_SIDECAR:,} bytes"),
    ],
)
def test_what_is_no_sidecar_is_refused(content: bytes, rule: str) -> None:
    assert check(content).problems == (rule,)


def test_a_name_that_is_data_is_not_repeated() -> None:
    assert check({**BRAIN, "Maria Novak": 1}).problems == (NO_FIELD,)


DEFACING = {
    "nothing is said": ({"BodyPart": "BRAIN"}, "is unknown"),
    "unknown": ({**BRAIN, "Defaced": "unknown"}, "is unknown"),
    "no": ({**BRAIN, "Defaced": "no"}, "still in it"),
    "without a tool": ({"BodyPart": "BRAIN", "Defaced": "yes", "DefacingToolVersion": "1"}, "must say how"),
    "without a version": ({"BodyPart": "BRAIN", "Defaced": "yes", "DefacingTool": "pydeface"}, "must say how"),
    "a tool nobody knows": ({**BRAIN, "DefacingTool": "mine"}, "must say how"),
    "not needed for a head": ({**CORD, "BodyPart": "BRAIN"}, "only for SPINE"),
    "not needed, field of view not told": ({"BodyPart": "SPINE", "Defaced": "not_needed"}, "only for SPINE"),
    "not needed, face in view": ({**CORD, "FaceInFieldOfView": True}, "only for SPINE"),
}


@pytest.mark.parametrize("case", DEFACING)
def test_defacing_that_is_not_on_record_is_refused(case: str) -> None:
    content, words = DEFACING[case]
    assert any(words in problem for problem in check(content).problems)


@pytest.mark.parametrize("content", [BRAIN, CORD, {**BRAIN, "BodyPart": "SPINE", "FaceInFieldOfView": True}])
def test_defacing_on_record_passes(content: dict[str, object]) -> None:
    assert check(content).problems == ()


@pytest.mark.parametrize(("name", "said"), [("sub-01_T1w", True), ("sub-01_ce-gadolinium_T1w", False)])
def test_name_and_sidecar_agree_on_the_contrast_agent(name: str, said: bool) -> None:
    agent = {"ContrastBolusIngredient": "GADOLINIUM"}
    assert check({**BRAIN, **(agent if said else {})}, name).problems
    assert not check({**BRAIN, **({} if said else agent)}, name).problems


@pytest.mark.parametrize(("name", "fits"), [("sub-01_acq-brain_T1w", True), ("sub-01_acq-cord_T1w", False)])
def test_name_and_sidecar_agree_on_the_region(name: str, fits: bool) -> None:
    assert (check(BRAIN, name).problems == ()) is fits
    assert (check(CORD, name).problems == ()) is not fits
    assert check(BRAIN, "sub-01_acq-mprage_T1w").problems == ()


def test_no_listed_field_holds_a_date_a_time_of_day_a_name_or_a_number_of_somebody() -> None:
    words = ("Date", "Name", "Serial", "UID", "ID", "Address", "Comment", "Description", "Institution", "Patient")
    assert [field for field in allowed().fields if any(word in field for word in words)] == []
