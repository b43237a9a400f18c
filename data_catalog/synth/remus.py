"""Czech, ReMuS-like export: windows-1250, `;`, decimal comma, centres in a spreadsheet. All labels are invented."""

import polars as pl

from data_catalog.synth.native import Day, Dialect, Made, NativeFile, Plain, Sheet, Words

DIALECT = Dialect("windows-1250", ";", decimal_comma=True)

CENTRES = 15

SHEETS = (
    Sheet(
        "centra.xlsx",
        "Centra",
        (("KOD", "NAZEV"), *((f"C{number:02}", f"Smyšlené centrum č. {number}") for number in range(1, CENTRES + 1))),
    ),
)

_D = "%d.%m.%Y"
_VAGUE = ((0.07, "%m/%Y"), (0.05, "%Y"))
_ID = Plain("PAC", "patient_id")
_YES = {"yes": "Ano", "no": "Ne"}
_SYSTEMS = {
    "visual": "ZRAK",
    "brainstem": "KMEN",
    "pyramidal": "PYRAM",
    "cerebellar": "MOZECEK",
    "sensory": "SENZ",
    "bowel_bladder": "SFINKT",
    "cerebral": "MENT",
}

FILES = (
    NativeFile(
        "pacienti.csv",
        "patient",
        (
            _ID,
            Made("CENTRUM", pl.format("C{}", pl.col("centre").cast(pl.String).str.zfill(2))),
            Words(
                "Pohlaví",
                "sex",
                {"female": "žena", "male": "muž"},
                also={"žena": "Ž", "muž": "M"},
                blank="neuvedeno",
                lost=0.002,
            ),
            Day("Datum narození", "birth_date", "%m/%Y"),
            Day("První příznaky", "onset_date", _D, _VAGUE, blank="neuvedeno", lost=0.01),
            Day("Datum diagnózy", "diagnosis_date", _D, _VAGUE),
            Words(
                "Forma",
                "course",
                {"ris": "RIS", "cis": "CIS", "rrms": "RR", "spms": "SP", "ppms": "PP"},
                also={"RR": "relaps-remitentní", "SP": "sekundárně progresivní"},
            ),
            Day("Datum progrese", "progression_date", _D, ((0.3, "%Y"),)),
            Day("Datum úmrtí", "death_date", _D),
            Words("Příčina úmrtí", "death_cause", {"ms": "RS", "other": "jiná", "unknown": "neznámá"}),
        ),
    ),
    NativeFile(
        "navstevy.csv",
        "visit",
        (
            _ID,
            Day("Datum návštěvy", "visit_date", _D),
            Plain("EDSS", "edss", blank="N", comma=True),
            *(Plain(f"FS_{word}", f"fs_{name}") for name, word in _SYSTEMS.items()),
            Plain("CHUZE", "ambulation"),
        ),
    ),
    NativeFile(
        "relapsy.csv",
        "relapse",
        (
            _ID,
            Day("Datum relapsu", "relapse_date", _D, ((0.03, "%m/%Y"),)),
            Words("Závažnost", "severity", {"mild": "lehký", "moderate": "střední", "severe": "těžký"}),
            Words("Kortikoidy", "steroids", _YES, also={"Ano": "ANO", "Ne": "NE"}),
            Words("Úprava", "recovery", {"complete": "úplná", "partial": "částečná", "none": "žádná"}),
            *(Words(f"P_{word}", f"affected_{name}", _YES) for name, word in _SYSTEMS.items()),
        ),
        twice=0.002,
    ),
    NativeFile(
        "lecba.csv",
        "treatment",
        (
            _ID,
            Plain("LEK", "drug"),
            Plain("ATC", "atc"),
            Words("Typ", "kind", {"disease_modifying": "DMD", "symptomatic": "symptomatická"}),
            Day("Zahájení", "start_date", _D, ((0.04, "%m/%Y"),)),
            Day("Ukončení", "stop_date", _D, ((0.04, "%m/%Y"),)),
            Words(
                "Důvod ukončení",
                "stop_reason",
                {
                    "adverse_event": "nežádoucí účinek",
                    "lack_of_efficacy": "neúčinnost",
                    "pregnancy": "gravidita",
                    "patient_choice": "přání pacienta",
                    "completed": "dokončeno",
                    "other": "jiný",
                },
                also={"nežádoucí účinek": "nesnášenlivost"},
            ),
        ),
    ),
    NativeFile(
        "mri.csv",
        "mri",
        (
            _ID,
            Day("Datum MR", "mri_date", _D),
            Words("Oblast", "region", {"brain": "mozek", "spinal_cord": "mícha"}),
            Plain("GD_LEZE", "t1_gd_lesions"),
            Plain("T2_LEZE", "t2_lesions"),
            Plain("T2_NOVE", "t2_new_lesions"),
            Plain("T2_OBJEM_ML", "t2_volume"),
            Plain("BV_ML", "brain_volume"),
            Plain("PBVC", "pbvc"),
            Plain("MICHA_MM2", "cord_area"),
        ),
    ),
    NativeFile(
        "testy.csv",
        "function_test",
        (
            _ID,
            Day("Datum testu", "test_date", _D),
            Plain("T25FW", "t25fw"),
            Plain("NHPT_DOM", "nhpt_dominant"),
            Plain("NHPT_NEDOM", "nhpt_nondominant"),
            Plain("SDMT", "sdmt"),
            Plain("PASAT", "pasat"),
        ),
    ),
    NativeFile(
        "laborator.csv",
        "laboratory",
        (
            _ID,
            Day("Datum odběru", "sample_date", _D),
            Words("Materiál", "specimen", {"csf": "likvor", "serum": "sérum", "blood": "krev"}),
            Words(
                "Vyšetření",
                "analyte",
                {
                    "nfl": "NfL",
                    "gfap": "GFAP",
                    "igg_index": "IgG index",
                    "ocb": "oligoklonální pásy",
                    "jcv_index": "JCV index",
                    "lymphocytes": "lymfocyty",
                },
            ),
            Plain("HODNOTA", "value"),
            Words("Výsledek", "result", {"positive": "pozitivní", "negative": "negativní"}),
            Plain("JEDNOTKA", "unit"),
            Plain("METODA", "assay"),
            Plain("PRISTROJ", "platform"),
        ),
    ),
    NativeFile(
        "nezadouci_ucinky.csv",
        "adverse_event",
        (
            _ID,
            Day("Začátek", "event_date", _D, ((0.05, "%m/%Y"),)),
            Day("Hlášeno", "reported_date", _D),
            Plain("MEDDRA_PT", "term"),
            Plain("MEDDRA_VERZE", "meddra_version"),
            Words(
                "Závažnost",
                "seriousness",
                {
                    "death": "úmrtí",
                    "life_threatening": "ohrožení života",
                    "hospitalisation": "hospitalizace",
                    "disability": "trvalé následky",
                    "important": "jiná závažná",
                },
            ),
            Words(
                "Výsledek",
                "outcome",
                {
                    "fatal": "úmrtí",
                    "recovered": "uzdraven",
                    "recovering": "zlepšen",
                    "not_recovered": "trvá",
                    "sequelae": "s následky",
                    "unknown": "neznámý",
                },
            ),
            Plain("PODEZRELY_LEK", "suspected_drug"),
            Words("Souvislost", "related", {"yes": "ano", "no": "ne", "unknown": "nelze určit"}),
        ),
    ),
    NativeFile(
        "tehotenstvi.csv",
        "pregnancy",
        (
            _ID,
            Day("Poslední menses", "lmp_date", _D, ((0.1, "%m/%Y"),)),
            Day("Datum ukončení", "end_date", _D),
            Words(
                "Výsledek",
                "outcome",
                {
                    "live_birth": "porod",
                    "stillbirth": "mrtvý plod",
                    "miscarriage": "spontánní potrat",
                    "termination": "UPT",
                    "ectopic": "mimoděložní",
                    "ongoing": "probíhá",
                    "unknown": "neznámý",
                },
            ),
        ),
    ),
    NativeFile(
        "komorbidity.csv",
        "comorbidity",
        (_ID, Plain("NAZEV", "condition"), Plain("MKN10", "icd10"), Day("Od", "diagnosed_date", "%Y")),
    ),
    NativeFile(
        "ockovani.csv",
        "vaccination",
        (
            _ID,
            Words("VAKCINA", "vaccine", {"influenza": "chřipka", "covid-19": "covid-19"}),
            Plain("ATC", "atc"),
            Day("Datum očkování", "vaccination_date", _D),
        ),
    ),
)
