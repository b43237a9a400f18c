"""Danish, DMSR-like export: people in UTF-16, the rest in latin-1, `;`, decimal comma. All labels are invented.

Danish registries know people by a CPR number; nothing here has the form of one.
"""

from datetime import date

import polars as pl

from data_catalog.synth.native import Day, Dialect, Made, NativeFile, Plain, Words

DIALECT = Dialect("latin-1", ";", decimal_comma=True)

_D = "%d-%m-%Y"
_ID = Plain("LOEBENR", "patient_id")
_YES = {"yes": "1", "no": "0"}
_SYSTEMS = {
    "visual": "SYN",
    "brainstem": "HJERNESTAMME",
    "pyramidal": "PYRAMIDE",
    "cerebellar": "LILLEHJERNE",
    "sensory": "SENSIBILITET",
    "bowel_bladder": "BLAERE_TARM",
    "cerebral": "CEREBRAL",
}
_OLD_FORM = pl.col("start_date") < date(2010, 1, 1)

FILES = (
    NativeFile(
        "patienter.txt",
        "patient",
        (
            _ID,
            Made("KLINIK", pl.format("Klinik {}", pl.col("centre"))),
            Words("KØN", "sex", {"female": "K", "male": "M"}, also={"K": "Kvinde", "M": "Mand"}),
            Day("FØDT", "birth_date", "%m-%Y"),
            Day("DEBUT", "onset_date", _D, ((0.1, "%m-%Y"), (0.2, "%Y"))),
            Day("DIAGNOSE", "diagnosis_date", _D, ((0.03, "%Y"),)),
            Words(
                "FORLØB",
                "course",
                {
                    "ris": "RIS",
                    "cis": "CIS",
                    "rrms": "Attakvis",
                    "spms": "Sekundær progressiv",
                    "ppms": "Primær progressiv",
                },
                also={"Attakvis": "RRMS"},
            ),
            Day("PROGRESSION", "progression_date", _D, ((0.5, "%Y"),)),
            Day("DØD", "death_date", _D),
            Words("DØDSÅRSAG", "death_cause", {"ms": "Sclerose", "other": "Anden", "unknown": "Ukendt"}),
        ),
        dialect=Dialect("utf-16", ";", decimal_comma=True),
    ),
    NativeFile(
        "kontroller.txt",
        "visit",
        (
            _ID,
            Day("DATO", "visit_date", _D),
            Plain("EDSS", "edss"),
            *(Plain(f"FS_{word}", f"fs_{name}") for name, word in _SYSTEMS.items()),
            Plain("GANG", "ambulation"),
        ),
    ),
    NativeFile(
        "attakker.txt",
        "relapse",
        (
            _ID,
            Day("ATTAKDATO", "relapse_date", _D, ((0.04, "%m-%Y"),)),
            Words(
                "SVÆRHED",
                "severity",
                {"mild": "Let", "moderate": "Moderat", "severe": "Svær"},
                blank="Uoplyst",
                lost=0.2,
            ),
            Words("STEROID", "steroids", _YES),
            Words(
                "BEDRING",
                "recovery",
                {"complete": "Fuld", "partial": "Delvis", "none": "Ingen"},
                blank="Uoplyst",
                lost=0.15,
            ),
            *(Words(f"A_{word}", f"affected_{name}", _YES) for name, word in _SYSTEMS.items()),
        ),
        twice=0.003,
    ),
    NativeFile(
        "behandlinger.txt",
        "treatment",
        (
            _ID,
            # The form of before 2010 had a field of its own for the drug.
            Made("PRAEPARAT", pl.when(_OLD_FORM).then(pl.col("drug").str.to_titlecase())),
            Made("GENERISK", pl.when(~_OLD_FORM).then(pl.col("drug"))),
            Plain("ATC", "atc"),
            Words("TYPE", "kind", {"disease_modifying": "Sygdomsmodificerende", "symptomatic": "Symptomatisk"}),
            Day("START", "start_date", _D, ((0.02, "%m-%Y"),)),
            Day("SLUT", "stop_date", _D, ((0.02, "%m-%Y"),)),
            Words(
                "ÅRSAG",
                "stop_reason",
                {
                    "adverse_event": "Bivirkning",
                    "lack_of_efficacy": "Manglende effekt",
                    "pregnancy": "Graviditet",
                    "patient_choice": "Patientens ønske",
                    "completed": "Afsluttet",
                    "other": "Andet",
                },
            ),
        ),
    ),
    NativeFile(
        "mr.txt",
        "mri",
        (
            _ID,
            Day("MR_DATO", "mri_date", _D),
            Words("OMRÅDE", "region", {"brain": "Hjerne", "spinal_cord": "Rygmarv"}),
            Plain("GD", "t1_gd_lesions"),
            Plain("T2", "t2_lesions"),
            Plain("NYE_T2", "t2_new_lesions"),
            Plain("T2_VOLUMEN", "t2_volume"),
            Plain("HJERNEVOLUMEN_LITER", "brain_volume", 1000, 4),
        ),
    ),
    NativeFile(
        "funktion.txt",
        "function_test",
        (
            _ID,
            Day("TESTDATO", "test_date", _D),
            Plain("GANGTEST_SEK", "t25fw"),
            Plain("HULPEG_DOM", "nhpt_dominant"),
            Plain("HULPEG_IKKEDOM", "nhpt_nondominant"),
            Plain("SDMT", "sdmt"),
        ),
    ),
    NativeFile(
        "msis29.txt",
        "patient_reported",
        (
            _ID,
            Day("SVARDATO", "report_date", _D),
            Plain("FYSISK_SUM", "physical_sum"),
            Plain("PSYKISK_SUM", "psychological_sum"),
        ),
    ),
    NativeFile(
        "proever.txt",
        "laboratory",
        (
            _ID,
            Day("PRØVEDATO", "sample_date", _D),
            Words("MATERIALE", "specimen", {"csf": "Rygmarvsvæske", "serum": "Serum", "blood": "Blod"}),
            Words(
                "ANALYSE",
                "analyte",
                {
                    "nfl": "Neurofilament",
                    "gfap": "GFAP",
                    "igg_index": "IgG-indeks",
                    "ocb": "Oligoklonale bånd",
                    "jcv_index": "JCV-indeks",
                    "lymphocytes": "Lymfocytter",
                },
            ),
            Plain("VÆRDI", "value"),
            Words("SVAR", "result", {"positive": "Positiv", "negative": "Negativ"}),
            Plain("ENHED", "unit"),
            Plain("METODE", "assay"),
            Plain("APPARAT", "platform"),
        ),
    ),
    NativeFile(
        "bivirkninger.txt",
        "adverse_event",
        (
            _ID,
            Day("HÆNDELSE", "event_date", _D, ((0.03, "%m-%Y"),)),
            Day("INDBERETTET", "reported_date", _D),
            Plain("MEDDRA_PT", "term"),
            Plain("MEDDRA_VERSION", "meddra_version"),
            Words(
                "ALVOR",
                "seriousness",
                {
                    "death": "Død",
                    "life_threatening": "Livstruende",
                    "hospitalisation": "Indlæggelse",
                    "disability": "Invaliditet",
                    "important": "Anden alvorlig",
                },
            ),
            Words(
                "UDFALD",
                "outcome",
                {
                    "fatal": "Død",
                    "recovered": "Rask",
                    "recovering": "I bedring",
                    "not_recovered": "Ikke rask",
                    "sequelae": "Følger",
                    "unknown": "Ukendt",
                },
            ),
            Plain("MISTAENKT", "suspected_drug"),
            Words("SAMMENHÆNG", "related", {"yes": "Ja", "no": "Nej", "unknown": "Ukendt"}),
        ),
    ),
    NativeFile(
        "graviditeter.txt",
        "pregnancy",
        (
            _ID,
            Day("SIDSTE_MENSTRUATION", "lmp_date", _D, ((0.05, "%m-%Y"),)),
            Day("AFSLUTTET", "end_date", _D),
            Words(
                "UDFALD",
                "outcome",
                {
                    "live_birth": "Levendefødt",
                    "stillbirth": "Dødfødt",
                    "miscarriage": "Spontan abort",
                    "termination": "Provokeret abort",
                    "ectopic": "Ekstrauterin",
                    "ongoing": "Igangværende",
                    "unknown": "Ukendt",
                },
            ),
        ),
    ),
    NativeFile(
        "komorbiditet.txt",
        "comorbidity",
        # Danish code lists put a D before ICD-10.
        (
            _ID,
            Plain("SYGDOM", "condition"),
            Made("KODE", pl.format("D{}", pl.col("icd10"))),
            Day("DIAGNOSEDATO", "diagnosed_date", _D, ((0.2, "%Y"),)),
        ),
    ),
)
