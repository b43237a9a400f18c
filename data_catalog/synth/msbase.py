"""MSBase-like export: `msb_*.csv`, dates `%d.%m.%Y`, relapses that stand twice.

Names of patients', visits', relapses' and scans' columns are those of published code that reads such exports; the
other files and columns are invented.
"""

import polars as pl

from data_catalog.synth.native import Day, Dialect, Made, NativeFile, Plain, Upper, Words

DIALECT = Dialect()

_D = "%d.%m.%Y"
_ID = Plain("PATIENT_ID", "patient_id")
_YES = {"yes": "Y", "no": "N"}
_COUNTRIES = ("AU", "CA", "ES", "TR", "IT", "AR", "BE", "NL", "KW", "IR", "GB", "US", "LB", "PT", "DK")
_SYSTEMS = ("pyramidal", "cerebellar", "brainstem", "sensory", "bowel_bladder", "visual", "cerebral")


def _clinic() -> pl.Expr:
    country = pl.lit(pl.Series(_COUNTRIES)).gather(pl.col("centre") % len(_COUNTRIES))
    return pl.format("{}-{}", country, pl.col("centre").cast(pl.String).str.zfill(3))


FILES = (
    NativeFile(
        "msb_patients.csv",
        "patient",
        (
            _ID,
            Made("CLINIC_CODE", _clinic()),
            Day("CLINIC_ENTRY_DATE", "entry_date", _D),
            Day("BIRTH_DATE", "birth_date", _D, ((0.3, "%m.%Y"), (0.05, "%Y"))),
            Words("GENDER", "sex", {"female": "F", "male": "M"}, also={"F": "f", "M": "m"}),
            Day("SYMPTOMS_DATE", "onset_date", _D, ((0.15, "%m.%Y"), (0.08, "%Y"))),
            Day("MS_DIAGNOSIS_DATE", "diagnosis_date", _D, ((0.05, "%m.%Y"),)),
            Words(
                "MSCOURSE_2",
                "course",
                {"ris": "RIS", "cis": "CIS", "rrms": "RR", "spms": "SP", "ppms": "PP"},
                also={"RR": "RRMS", "SP": "SPMS", "PP": "PPMS"},
            ),
            Day("START_OF_PROGRESSION", "progression_date", _D, ((0.2, "%Y"),)),
            Day("DEATH_DATE", "death_date", _D),
            Words("DEATH_CAUSE", "death_cause", {"ms": "MS", "other": "Other", "unknown": "Unknown"}),
        ),
    ),
    NativeFile(
        "msb_visits.csv",
        "visit",
        (
            _ID,
            Made("VISIT_FK", pl.int_range(pl.len()) + 1),
            Day("DATE_OF_VISIT", "visit_date", _D),
            Plain("EDSS", "edss"),
            *(Plain(f"KFS_{place}", f"fs_{name}") for place, name in enumerate(_SYSTEMS, 1)),
            Plain("KFS_AMBULATION", "ambulation"),
        ),
    ),
    NativeFile(
        "msb_relapses.csv",
        "relapse",
        (
            _ID,
            Day("DATE_OF_ONSET", "relapse_date", _D),
            Words(
                "SEVERITY",
                "severity",
                {"mild": "Mild", "moderate": "Moderate", "severe": "Severe"},
                blank="Unknown",
                lost=0.25,
            ),
            Words("CORTICO", "steroids", _YES),
            Words("RECOVERY", "recovery", {"complete": "Complete", "partial": "Incomplete", "none": "None"}),
            *(Words(f"FS_{name.upper()}", f"affected_{name}", _YES) for name in _SYSTEMS),
        ),
        twice=0.02,
    ),
    NativeFile(
        "msb_treatments.csv",
        "treatment",
        (
            _ID,
            Upper("DRUG", "drug"),
            Plain("ATC", "atc"),
            Words("TYPE", "kind", {"disease_modifying": "DMT", "symptomatic": "Symptomatic"}),
            Day("START_DATE", "start_date", _D, ((0.06, "%m.%Y"),)),
            Day("END_DATE", "stop_date", _D, ((0.06, "%m.%Y"),)),
            Words(
                "REASON",
                "stop_reason",
                {
                    "adverse_event": "Adverse event",
                    "lack_of_efficacy": "Lack of efficacy",
                    "pregnancy": "Pregnancy",
                    "patient_choice": "Convenience",
                    "completed": "Scheduled stop",
                    "other": "Other",
                },
                also={"Lack of efficacy": "Lack of response"},
            ),
        ),
    ),
    NativeFile(
        "msb_mri.csv",
        "mri",
        (
            _ID,
            Day("EXAM_DATE", "mri_date", _D),
            Words("EXAM_TYPE", "region", {"brain": "Brain", "spinal_cord": "Spinal cord"}, also={"Brain": "Cerebral"}),
            Plain("T1_GADOLINIUM_LESION", "t1_gd_lesions"),
            Plain("T2_LESION", "t2_lesions"),
            Plain("NEW_LESION", "t2_new_lesions"),
            Plain("T2_VOLUME_CM3", "t2_volume"),
            Plain("BRAIN_VOLUME_ML", "brain_volume"),
            Plain("PBVC", "pbvc"),
            Plain("CORD_AREA_MM2", "cord_area"),
        ),
    ),
    NativeFile(
        "msb_function.csv",
        "function_test",
        (
            _ID,
            Day("TEST_DATE", "test_date", _D),
            Plain("T25FW", "t25fw"),
            Plain("NHPT_D", "nhpt_dominant"),
            Plain("NHPT_ND", "nhpt_nondominant"),
            Plain("SDMT", "sdmt"),
            Plain("PASAT", "pasat"),
        ),
    ),
    NativeFile(
        "msb_prom.csv",
        "patient_reported",
        (
            _ID,
            Day("REPORT_DATE", "report_date", _D),
            Plain("MSIS29_PHYS", "physical_sum"),
            Plain("MSIS29_PSYCH", "psychological_sum"),
        ),
    ),
    NativeFile(
        "msb_lab.csv",
        "laboratory",
        (
            _ID,
            Day("SAMPLE_DATE", "sample_date", _D),
            Words("SPECIMEN", "specimen", {"csf": "CSF", "serum": "Serum", "blood": "Whole blood"}),
            Words(
                "TEST",
                "analyte",
                {
                    "nfl": "sNfL",
                    "gfap": "sGFAP",
                    "igg_index": "IgG index",
                    "ocb": "OCB",
                    "jcv_index": "JCV index",
                    "lymphocytes": "Lymphocytes",
                },
            ),
            Plain("VALUE", "value"),
            Words("RESULT", "result", {"positive": "Positive", "negative": "Negative"}),
            Plain("UNIT", "unit"),
            Plain("ASSAY", "assay"),
            Plain("PLATFORM", "platform"),
        ),
    ),
    NativeFile(
        "msb_oct.csv",
        "oct",
        (
            _ID,
            Day("OCT_DATE", "oct_date", _D),
            Words("EYE", "eye", {"left": "OS", "right": "OD"}),
            Plain("RNFL", "rnfl"),
            Plain("GCIPL", "gcipl"),
            Plain("DEVICE", "device"),
        ),
    ),
    NativeFile(
        "msb_sae.csv",
        "adverse_event",
        (
            _ID,
            Day("ONSET_DATE", "event_date", _D, ((0.05, "%m.%Y"),)),
            Day("REPORT_DATE", "reported_date", _D),
            Plain("MEDDRA_PT", "term"),
            Plain("MEDDRA_VERSION", "meddra_version"),
            Words(
                "SERIOUSNESS",
                "seriousness",
                {
                    "death": "Death",
                    "life_threatening": "Life threatening",
                    "hospitalisation": "Hospitalisation",
                    "disability": "Disability",
                    "important": "Medically important",
                },
                also={"Hospitalisation": "Hospitalization"},
            ),
            Words(
                "OUTCOME",
                "outcome",
                {
                    "fatal": "Fatal",
                    "recovered": "Recovered",
                    "recovering": "Recovering",
                    "not_recovered": "Not recovered",
                    "sequelae": "Recovered with sequelae",
                    "unknown": "Unknown",
                },
            ),
            Plain("SUSPECTED_DRUG", "suspected_drug"),
            Words("RELATED", "related", {"yes": "Y", "no": "N", "unknown": "U"}),
        ),
    ),
    NativeFile(
        "msb_pregnancies.csv",
        "pregnancy",
        (
            _ID,
            Day("LMP_DATE", "lmp_date", _D, ((0.1, "%m.%Y"),)),
            Day("END_DATE", "end_date", _D),
            Words(
                "OUTCOME",
                "outcome",
                {
                    "live_birth": "Live birth",
                    "stillbirth": "Stillbirth",
                    "miscarriage": "Spontaneous abortion",
                    "termination": "Termination",
                    "ectopic": "Ectopic",
                    "ongoing": "Ongoing",
                    "unknown": "Unknown",
                },
            ),
        ),
    ),
    NativeFile(
        "msb_comorbidities.csv",
        "comorbidity",
        (
            _ID,
            Plain("CONDITION", "condition"),
            Plain("ICD10", "icd10"),
            Day("DIAGNOSED", "diagnosed_date", _D, ((0.4, "%Y"),)),
        ),
    ),
    NativeFile(
        "msb_vaccinations.csv",
        "vaccination",
        (_ID, Plain("VACCINE", "vaccine"), Plain("ATC", "atc"), Day("VACCINATION_DATE", "vaccination_date", _D)),
    ),
)
