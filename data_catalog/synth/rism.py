"""Italian, RISM-like export: `;`, decimal comma, dates `gg/mm/aaaa`, drugs in Italian. All labels are invented."""

import polars as pl

from data_catalog.synth.native import Day, Dialect, Made, NativeFile, Plain, Words
from data_catalog.synth.treatments import drugs

DIALECT = Dialect("utf-8", ";", decimal_comma=True)

_D = "%d/%m/%Y"
_NONE = "gg/mm/aaaa"
_ID = Plain("CODICE", "patient_id")
_YES = {"yes": "SI", "no": "NO"}
_SYSTEMS = {
    "visual": "VISIVO",
    "brainstem": "TRONCO",
    "pyramidal": "PIRAMIDALE",
    "cerebellar": "CEREBELLARE",
    "sensory": "SENSITIVO",
    "bowel_bladder": "SFINTERICO",
    "cerebral": "MENTALE",
}
_LETTERS = dict(zip(_SYSTEMS, "VTPCSFM", strict=True))
_ITALIAN = {
    "interferon beta-1b": "interferone beta-1b",
    "interferon beta-1a": "interferone beta-1a",
    "peginterferon beta-1a": "peginterferone beta-1a",
    "glatiramer acetate": "glatiramer acetato",
    "dimethyl fumarate": "dimetilfumarato",
    "azathioprine": "azatioprina",
    "mitoxantrone": "mitoxantrone",
    "cladribine": "cladribina",
    "teriflunomide": "teriflunomide",
    "baclofen": "baclofene",
    "fampridine": "fampridina",
}
_DRUGS = {
    name: _ITALIAN.get(name, name) for name in (*drugs().names, "baclofen", "fampridine", "gabapentin", "modafinil")
}


def _affected() -> pl.Expr:
    """Return the letters of the affected systems, one after the other, as in `PS`."""
    letters = [
        pl.when(pl.col(f"affected_{name}") == "yes").then(pl.lit(letter)).otherwise(pl.lit(""))
        for name, letter in _LETTERS.items()
    ]
    return pl.concat_str(letters)


FILES = (
    NativeFile(
        "anagrafica.csv",
        "patient",
        (
            _ID,
            Made("CENTRO", pl.format("IT{}", pl.col("centre").cast(pl.String).str.zfill(3))),
            Words("SESSO", "sex", {"female": "F", "male": "M"}),
            Day("DATA_NASCITA", "birth_date", _D, ((0.4, "%m/%Y"),)),
            Day("DATA_ESORDIO", "onset_date", _D, ((0.12, "%m/%Y"), (0.12, "%Y")), blank=_NONE, lost=0.02),
            Day("DATA_DIAGNOSI", "diagnosis_date", _D, ((0.08, "%m/%Y"), (0.03, "%Y"))),
            Words(
                "DECORSO",
                "course",
                {"ris": "RIS", "cis": "CIS", "rrms": "RR", "spms": "SP", "ppms": "PP"},
                also={"SP": "SP con ricadute", "PP": "Progressiva primaria"},
            ),
            Day("DATA_PROGRESSIONE", "progression_date", _D, ((0.3, "%m/%Y"), (0.2, "%Y")), blank=_NONE),
            Day("DATA_DECESSO", "death_date", _D, blank=_NONE),
            Words("CAUSA_DECESSO", "death_cause", {"ms": "SM", "other": "Altro", "unknown": "Non nota"}),
        ),
    ),
    NativeFile(
        "visite.csv",
        "visit",
        (
            _ID,
            Day("DATA_VISITA", "visit_date", _D),
            Plain("EDSS", "edss", blank="n.d.", comma=True),
            *(Plain(f"FS_{word}", f"fs_{name}") for name, word in _SYSTEMS.items()),
            Plain("DEAMBULAZIONE", "ambulation"),
        ),
    ),
    NativeFile(
        "ricadute.csv",
        "relapse",
        (
            _ID,
            Day("DATA_RICADUTA", "relapse_date", _D, ((0.06, "%m/%Y"),)),
            Words("GRAVITA", "severity", {"mild": "1", "moderate": "2", "severe": "3"}, blank="9", lost=0.2),
            Words("STEROIDI", "steroids", _YES, also={"SI": "S", "NO": "N"}),
            Words("RECUPERO", "recovery", {"complete": "completo", "partial": "parziale", "none": "assente"}),
            Made("SISTEMI", _affected()),
        ),
        twice=0.004,
    ),
    NativeFile(
        "terapie.csv",
        "treatment",
        (
            _ID,
            Words("FARMACO", "drug", _DRUGS),
            Plain("ATC", "atc"),
            Words("TIPO", "kind", {"disease_modifying": "DMT", "symptomatic": "Sintomatico"}),
            Day("INIZIO", "start_date", _D, ((0.05, "%m/%Y"),)),
            Day("FINE", "stop_date", _D, ((0.05, "%m/%Y"),), blank=_NONE),
            Words(
                "MOTIVO",
                "stop_reason",
                {
                    "adverse_event": "Evento avverso",
                    "lack_of_efficacy": "Inefficacia",
                    "pregnancy": "Gravidanza",
                    "patient_choice": "Scelta del paziente",
                    "completed": "Ciclo completato",
                    "other": "Altro",
                },
                also={"Evento avverso": "Intolleranza"},
            ),
        ),
    ),
    NativeFile(
        "rm.csv",
        "mri",
        (
            _ID,
            Day("DATA_RM", "mri_date", _D),
            Words("DISTRETTO", "region", {"brain": "Encefalo", "spinal_cord": "Midollo"}),
            Plain("LESIONI_GD", "t1_gd_lesions"),
            Plain("LESIONI_T2", "t2_lesions"),
            Plain("NUOVE_T2", "t2_new_lesions"),
        ),
    ),
    NativeFile(
        "test_funzionali.csv",
        "function_test",
        (
            _ID,
            Day("DATA_TEST", "test_date", _D),
            Plain("T25FW", "t25fw"),
            Plain("NHPT_DOM", "nhpt_dominant"),
            Plain("NHPT_NDOM", "nhpt_nondominant"),
            Plain("SDMT", "sdmt"),
            Plain("PASAT", "pasat"),
        ),
    ),
    NativeFile(
        "laboratorio.csv",
        "laboratory",
        (
            _ID,
            Day("DATA_PRELIEVO", "sample_date", _D),
            Words("MATERIALE", "specimen", {"csf": "liquor", "serum": "siero", "blood": "sangue"}),
            Words(
                "ESAME",
                "analyte",
                {
                    "nfl": "NfL",
                    "gfap": "GFAP",
                    "igg_index": "Indice IgG",
                    "ocb": "Bande oligoclonali",
                    "jcv_index": "Indice JCV",
                    "lymphocytes": "Linfociti",
                },
            ),
            Plain("VALORE", "value"),
            Words("ESITO", "result", {"positive": "positivo", "negative": "negativo"}),
            Plain("UNITA", "unit"),
            Plain("METODO", "assay"),
            Plain("STRUMENTO", "platform"),
        ),
    ),
    NativeFile(
        "eventi_avversi.csv",
        "adverse_event",
        (
            _ID,
            Day("DATA_EVENTO", "event_date", _D, ((0.06, "%m/%Y"),)),
            Day("DATA_SEGNALAZIONE", "reported_date", _D),
            Plain("TERMINE_PT", "term"),
            Plain("VERSIONE_MEDDRA", "meddra_version"),
            Words(
                "GRAVITA",
                "seriousness",
                {
                    "death": "Decesso",
                    "life_threatening": "Pericolo di vita",
                    "hospitalisation": "Ricovero",
                    "disability": "Invalidità",
                    "important": "Clinicamente rilevante",
                },
            ),
            Words(
                "ESITO",
                "outcome",
                {
                    "fatal": "Decesso",
                    "recovered": "Risolto",
                    "recovering": "In risoluzione",
                    "not_recovered": "Non risolto",
                    "sequelae": "Risolto con postumi",
                    "unknown": "Non noto",
                },
            ),
            Words("FARMACO_SOSPETTO", "suspected_drug", _DRUGS),
            Words("CORRELAZIONE", "related", {"yes": "SI", "no": "NO", "unknown": "NON NOTA"}),
        ),
    ),
    NativeFile(
        "gravidanze.csv",
        "pregnancy",
        (
            _ID,
            Day("ULTIMA_MESTRUAZIONE", "lmp_date", _D, ((0.15, "%m/%Y"),)),
            Day("DATA_ESITO", "end_date", _D, blank=_NONE),
            Words(
                "ESITO",
                "outcome",
                {
                    "live_birth": "Nato vivo",
                    "stillbirth": "Nato morto",
                    "miscarriage": "Aborto spontaneo",
                    "termination": "IVG",
                    "ectopic": "Extrauterina",
                    "ongoing": "In corso",
                    "unknown": "Non noto",
                },
            ),
        ),
    ),
    NativeFile(
        "comorbidita.csv",
        "comorbidity",
        (_ID, Plain("PATOLOGIA", "condition"), Plain("ICD10", "icd10"), Day("ANNO", "diagnosed_date", "%Y")),
    ),
    NativeFile(
        "vaccinazioni.csv",
        "vaccination",
        (
            _ID,
            Words("VACCINO", "vaccine", {"influenza": "antinfluenzale", "covid-19": "anti-COVID-19"}),
            Plain("ATC", "atc"),
            Day("DATA_VACCINO", "vaccination_date", _D, ((0.05, "%m/%Y"),)),
        ),
    ),
)
