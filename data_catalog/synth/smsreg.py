"""Swedish, SMSreg-like export: UTF-8 with a byte order mark, tabs, decimal comma. All labels are invented.

MSIS-29 stands there as means of its items, as the Swedish registry reports it, and function tests one a row.
"""

import polars as pl

from data_catalog.synth.native import Day, Dialect, Made, NativeFile, Plain, Words

DIALECT = Dialect("utf-8-sig", "\t", decimal_comma=True)

_D = "%Y-%m-%d"
_COMPACT = (0.03, "%Y%m%d")
_ID = Plain("PATIENT", "patient_id")
_YES = {"yes": "Ja", "no": "Nej"}
_SYSTEMS = {
    "visual": "SYN",
    "brainstem": "HJARNSTAM",
    "pyramidal": "PYRAMIDAL",
    "cerebellar": "CEREBELLAR",
    "sensory": "SENSORISK",
    "bowel_bladder": "BLASA_TARM",
    "cerebral": "CEREBRAL",
}
_TESTS = {
    "t25fw": "T25FW",
    "nhpt_dominant": "NHPT_DOM",
    "nhpt_nondominant": "NHPT_ICKEDOM",
    "sdmt": "SDMT",
    "pasat": "PASAT",
}


def _long(frame: pl.DataFrame) -> pl.DataFrame:
    """Put one test of one day on each row."""
    kept = ("person", "patient_id", "test_date", "roll")
    tests = frame.rename(_TESTS).with_columns(pl.col(*_TESTS.values()).cast(pl.Float64))
    rows = tests.unpivot(on=list(_TESTS.values()), index=list(kept), variable_name="test", value_name="value")
    return rows.drop_nulls("value").sort("person", "test_date", "test")


FILES = (
    NativeFile(
        "patient.tsv",
        "patient",
        (
            _ID,
            Made("SJUKHUS", pl.format("Enhet {}", pl.col("centre").cast(pl.String).str.zfill(2))),
            Words("KÖN", "sex", {"female": "Kvinna", "male": "Man"}),
            Day("FÖDD", "birth_date", "%Y-%m"),
            Day("DEBUT", "onset_date", _D, ((0.2, "%Y-%m"), (0.15, "%Y"), _COMPACT)),
            Day("DIAGNOS", "diagnosis_date", _D, ((0.05, "%Y-%m"), _COMPACT)),
            Words(
                "FÖRLOPP",
                "course",
                {
                    "ris": "RIS",
                    "cis": "CIS",
                    "rrms": "Skovvis",
                    "spms": "Sekundärprogressiv",
                    "ppms": "Primärprogressiv",
                },
            ),
            Day("PROGRESSIV_FRÅN", "progression_date", _D, ((0.2, "%Y-%m"), (0.2, "%Y"))),
            Day("AVLIDEN", "death_date", _D),
            Words("DÖDSORSAK", "death_cause", {"ms": "MS", "other": "Annan", "unknown": "Okänd"}),
        ),
    ),
    NativeFile(
        "besok.tsv",
        "visit",
        (
            _ID,
            Day("BESÖKSDATUM", "visit_date", _D, (_COMPACT,)),
            Plain("EDSS", "edss"),
            *(Plain(f"FS_{word}", f"fs_{name}") for name, word in _SYSTEMS.items()),
            Plain("GÅNG", "ambulation"),
        ),
    ),
    NativeFile(
        "skov.tsv",
        "relapse",
        (
            _ID,
            Day("SKOVDATUM", "relapse_date", _D, ((0.05, "%Y-%m"), _COMPACT)),
            Words("SVÅRIGHET", "severity", {"mild": "Lätt", "moderate": "Måttligt", "severe": "Svårt"}),
            Words("KORTISON", "steroids", _YES, blank="Uppgift saknas", lost=0.15),
            Words("ÅTERHÄMTNING", "recovery", {"complete": "Fullständig", "partial": "Partiell", "none": "Ingen"}),
            *(Words(f"SKOV_{word}", f"affected_{name}", _YES) for name, word in _SYSTEMS.items()),
        ),
        twice=0.002,
    ),
    NativeFile(
        "behandling.tsv",
        "treatment",
        (
            _ID,
            Plain("SUBSTANS", "drug"),
            Plain("ATC", "atc"),
            Words("TYP", "kind", {"disease_modifying": "Bromsmedicin", "symptomatic": "Symtomlindrande"}),
            Day("INSATT", "start_date", _D, (_COMPACT,)),
            Day("UTSATT", "stop_date", _D, (_COMPACT,)),
            Words(
                "ORSAK",
                "stop_reason",
                {
                    "adverse_event": "Biverkan",
                    "lack_of_efficacy": "Bristande effekt",
                    "pregnancy": "Graviditet",
                    "patient_choice": "Patientens önskan",
                    "completed": "Avslutad kur",
                    "other": "Annan",
                },
            ),
        ),
    ),
    NativeFile(
        "mr.tsv",
        "mri",
        (
            _ID,
            Day("MR_DATUM", "mri_date", _D, (_COMPACT,)),
            Words("OMRÅDE", "region", {"brain": "Hjärna", "spinal_cord": "Ryggmärg"}),
            Plain("KONTRASTLADDANDE", "t1_gd_lesions"),
            Plain("T2_LESIONER", "t2_lesions"),
            Plain("NYA_T2", "t2_new_lesions"),
            Plain("T2_VOLYM_ML", "t2_volume"),
            Plain("HJÄRNVOLYM_ML", "brain_volume"),
        ),
    ),
    NativeFile(
        "funktionstest.tsv",
        "function_test",
        (_ID, Day("TESTDATUM", "test_date", _D), Plain("TEST", "test"), Plain("VARDE", "value")),
        shape=_long,
    ),
    NativeFile(
        "msis29.tsv",
        "patient_reported",
        (
            _ID,
            Day("SVARSDATUM", "report_date", _D),
            Made("FYSISK_MEDEL", (pl.col("physical_sum") / 20).round(2)),
            Made("PSYKISK_MEDEL", (pl.col("psychological_sum") / 9).round(2)),
        ),
    ),
    NativeFile(
        "prov.tsv",
        "laboratory",
        (
            _ID,
            Day("PROVDATUM", "sample_date", _D, (_COMPACT,)),
            Words("MATERIAL", "specimen", {"csf": "Likvor", "serum": "Serum", "blood": "Blod"}),
            Words(
                "ANALYS",
                "analyte",
                {
                    "nfl": "S-NFL",
                    "gfap": "S-GFAP",
                    "igg_index": "IgG-index",
                    "ocb": "Oligoklonala band",
                    "jcv_index": "JCV-index",
                    "lymphocytes": "B-Lymfocyter",
                },
            ),
            Plain("RESULTAT", "value"),
            Words("TOLKNING", "result", {"positive": "Positiv", "negative": "Negativ"}),
            Plain("ENHET", "unit"),
            Plain("METOD", "assay"),
            Plain("INSTRUMENT", "platform"),
        ),
    ),
    NativeFile(
        "biverkan.tsv",
        "adverse_event",
        (
            _ID,
            Day("DEBUT", "event_date", _D, ((0.04, "%Y-%m"), _COMPACT)),
            Day("RAPPORTERAD", "reported_date", _D),
            Plain("MEDDRA_PT", "term"),
            Plain("MEDDRA_VERSION", "meddra_version"),
            Words(
                "ALLVAR",
                "seriousness",
                {
                    "death": "Död",
                    "life_threatening": "Livshotande",
                    "hospitalisation": "Sjukhusvård",
                    "disability": "Bestående men",
                    "important": "Medicinskt viktig",
                },
            ),
            Words(
                "UTFALL",
                "outcome",
                {
                    "fatal": "Död",
                    "recovered": "Tillfrisknad",
                    "recovering": "Under tillfrisknande",
                    "not_recovered": "Ej tillfrisknad",
                    "sequelae": "Tillfrisknad med men",
                    "unknown": "Okänt",
                },
            ),
            Plain("MISSTÄNKT", "suspected_drug"),
            Words("SAMBAND", "related", {"yes": "Ja", "no": "Nej", "unknown": "Okänt"}),
        ),
    ),
    NativeFile(
        "graviditet.tsv",
        "pregnancy",
        (
            _ID,
            Day("SENASTE_MENS", "lmp_date", _D, ((0.05, "%Y-%m"),)),
            Day("AVSLUTAD", "end_date", _D),
            Words(
                "UTFALL",
                "outcome",
                {
                    "live_birth": "Levande född",
                    "stillbirth": "Dödfödd",
                    "miscarriage": "Missfall",
                    "termination": "Abort",
                    "ectopic": "Utomkvedshavandeskap",
                    "ongoing": "Pågående",
                    "unknown": "Okänt",
                },
            ),
        ),
    ),
    NativeFile(
        "samsjuklighet.tsv",
        "comorbidity",
        (
            _ID,
            Plain("TILLSTÅND", "condition"),
            Plain("ICD10", "icd10"),
            Day("SEDAN", "diagnosed_date", _D, ((0.5, "%Y"),)),
        ),
    ),
    NativeFile(
        "vaccination.tsv",
        "vaccination",
        (
            _ID,
            Words("VACCIN", "vaccine", {"influenza": "Influensa", "covid-19": "Covid-19"}),
            Plain("ATC", "atc"),
            Day("VACCINDATUM", "vaccination_date", _D),
        ),
    ),
)
