"""French, OFSEP-like export: `;`, decimal comma, latin-1, French words, dates whose day or month is unknown.

The forms of the dates, the words for sex and RIS are those of a published sample; the other labels are invented.
"""

import polars as pl

from data_catalog.synth.native import Day, Dialect, Made, NativeFile, Plain, Words, roll

DIALECT = Dialect("latin-1", ";", decimal_comma=True)

_D = "%d/%m/%Y"
_SHORT = (0.04, "%d/%m/%y")
_VAGUE = ((0.08, "DM/%m/%Y"), (0.06, "%m/%Y"), (0.05, "%Y"))
_RARELY = ((0.01, "DM/%m/%Y"), (0.005, "%m/%Y"), (0.003, "%Y"), _SHORT)
_ID = Plain("ID_PATIENT", "patient_id")
_YES = {"yes": "Oui", "no": "Non"}
_SYSTEMS = {
    "visual": "VISUEL",
    "brainstem": "TRONC",
    "pyramidal": "PYRAMIDAL",
    "cerebellar": "CEREBELLEUX",
    "sensory": "SENSITIF",
    "bowel_bladder": "SPHINCTERIEN",
    "cerebral": "MENTAL",
}


def _wide(frame: pl.DataFrame) -> pl.DataFrame:
    """Put a sample's results side by side: one row a person and day."""
    results = ("nfl", "gfap", "jcv_index", "ocb", "igg_index", "lymphocytes")
    of = {name: pl.col("value").filter(pl.col("analyte") == name).first().alias(name) for name in results}
    of["ocb"] = pl.col("result").filter(pl.col("analyte") == "ocb").first().alias("ocb")
    return (
        frame.group_by("person", "sample_date", maintain_order=True)
        .agg(pl.col("patient_id", "roll").first(), *of.values())
        .sort("person", "sample_date")
    )


FILES = (
    NativeFile(
        "patients.csv",
        "patient",
        (
            _ID,
            Made("CENTRE", pl.format("CHU {}", pl.col("centre").cast(pl.String).str.zfill(2))),
            Words("SEXE", "sex", {"female": "Féminin", "male": "Masculin"}, blank="NC", lost=0.003),
            Day("DATE_NAISSANCE", "birth_date", _D, ((0.5, "%m/%Y"),)),
            Day("DATE_DEBUT_SEP", "onset_date", _D, _VAGUE, blank="NC", lost=0.02),
            Day("DATE_DIAGNOSTIC", "diagnosis_date", _D, (*_VAGUE, _SHORT), blank="NC", lost=0.03),
            Words(
                "FORME",
                "course",
                {"ris": "RIS", "cis": "CIS", "rrms": "RR", "spms": "SP", "ppms": "PP"},
                also={"RR": "Rémittente", "SP": "Secondairement progressive"},
            ),
            Day("DATE_PROGRESSION", "progression_date", _D, ((0.1, "%m/%Y"), (0.35, "%Y"))),
            Day("DATE_DECES", "death_date", _D),
            Words("CAUSE_DECES", "death_cause", {"ms": "SEP", "other": "Autre", "unknown": "Inconnue"}),
        ),
    ),
    NativeFile(
        "consultations.csv",
        "visit",
        (
            _ID,
            Day("DATE_CONSULT", "visit_date", _D, _RARELY),
            Plain("EDSS", "edss", blank="ND", comma=True),
            *(Plain(f"SF_{word}", f"fs_{name}") for name, word in _SYSTEMS.items()),
            Plain("DEAMBULATION", "ambulation"),
        ),
    ),
    NativeFile(
        "poussees.csv",
        "relapse",
        (
            _ID,
            Day("DATE_POUSSEE", "relapse_date", _D, (*_VAGUE[:2], (0.02, "%Y"), _SHORT)),
            Words("SEVERITE", "severity", {"mild": "Légère", "moderate": "Modérée", "severe": "Sévère"}, blank="NC"),
            Words("CORTICOIDES", "steroids", _YES, blank="NC", lost=0.1),
            Words("RECUPERATION", "recovery", {"complete": "Complète", "partial": "Partielle", "none": "Aucune"}),
            *(Words(f"ATTEINTE_{word}", f"affected_{name}", _YES) for name, word in _SYSTEMS.items()),
        ),
        twice=0.005,
    ),
    NativeFile(
        "traitements.csv",
        "treatment",
        (
            _ID,
            Made("DCI", pl.when(roll("DCI") < 0.3).then(pl.col("drug").str.to_uppercase()).otherwise(pl.col("drug"))),
            Plain("ATC", "atc"),
            Words("TYPE_TRT", "kind", {"disease_modifying": "Fond", "symptomatic": "Symptomatique"}),
            Day("DATE_DEBUT", "start_date", _D, (*_VAGUE[:2], _SHORT)),
            Day("DATE_FIN", "stop_date", _D, (*_VAGUE[:2], _SHORT)),
            Words(
                "MOTIF_ARRET",
                "stop_reason",
                {
                    "adverse_event": "Effet indésirable",
                    "lack_of_efficacy": "Inefficacité",
                    "pregnancy": "Grossesse",
                    "patient_choice": "Souhait du patient",
                    "completed": "Fin programmée",
                    "other": "Autre",
                },
                also={"Effet indésirable": "Intolérance"},
            ),
        ),
    ),
    NativeFile(
        "irm.csv",
        "mri",
        (
            _ID,
            Day("DATE_IRM", "mri_date", _D, _RARELY),
            Words("TYPE_IRM", "region", {"brain": "Cérébrale", "spinal_cord": "Médullaire"}),
            Plain("NB_GADO", "t1_gd_lesions", blank="ND"),
            Plain("NB_T2", "t2_lesions", blank="ND"),
            Plain("NB_NOUV_T2", "t2_new_lesions"),
            Plain("VOLUME_T2_MM3", "t2_volume", 0.001, 0),
            Plain("VOLUME_CEREBRAL_CM3", "brain_volume"),
            Plain("SURFACE_MOELLE_MM2", "cord_area"),
        ),
    ),
    NativeFile(
        "tests.csv",
        "function_test",
        (
            _ID,
            Day("DATE_TEST", "test_date", _D),
            Plain("MARCHE_25P", "t25fw"),
            Plain("CHEVILLES_DOM", "nhpt_dominant"),
            Plain("CHEVILLES_NDOM", "nhpt_nondominant"),
            Plain("SDMT", "sdmt", blank="ND"),
            Plain("PASAT", "pasat"),
        ),
    ),
    NativeFile(
        "questionnaires.csv",
        "patient_reported",
        (
            _ID,
            Day("DATE_QUEST", "report_date", _D),
            Plain("MSIS_PHYS_SOMME", "physical_sum"),
            Plain("MSIS_PSY_SOMME", "psychological_sum"),
        ),
    ),
    NativeFile(
        "biologie.csv",
        "laboratory",
        (
            _ID,
            Day("DATE_PRELEV", "sample_date", _D, _RARELY),
            Words("BOC", "ocb", {"positive": "Présentes", "negative": "Absentes"}),
            Plain("INDEX_IGG", "igg_index"),
            Plain("NFL_PG_ML", "nfl"),
            Plain("GFAP_PG_ML", "gfap"),
            Plain("JCV_INDEX", "jcv_index"),
            Plain("LYMPHOCYTES", "lymphocytes"),
        ),
        shape=_wide,
    ),
    NativeFile(
        "oct.csv",
        "oct",
        (
            _ID,
            Day("DATE_OCT", "oct_date", _D),
            Words("OEIL", "eye", {"left": "Gauche", "right": "Droit"}),
            Plain("RNFL", "rnfl"),
            Plain("GCIPL", "gcipl"),
            Plain("APPAREIL", "device"),
        ),
    ),
    NativeFile(
        "eig.csv",
        "adverse_event",
        (
            _ID,
            Day("DATE_EVENEMENT", "event_date", _D, _VAGUE[:2]),
            Day("DATE_DECLARATION", "reported_date", _D),
            Plain("TERME_MEDDRA", "term"),
            Plain("VERSION_MEDDRA", "meddra_version"),
            Words(
                "GRAVITE",
                "seriousness",
                {
                    "death": "Décès",
                    "life_threatening": "Mise en jeu du pronostic vital",
                    "hospitalisation": "Hospitalisation",
                    "disability": "Invalidité",
                    "important": "Médicalement significatif",
                },
            ),
            Words(
                "EVOLUTION",
                "outcome",
                {
                    "fatal": "Décès",
                    "recovered": "Guérison",
                    "recovering": "En cours de guérison",
                    "not_recovered": "Non guéri",
                    "sequelae": "Séquelles",
                    "unknown": "Inconnue",
                },
            ),
            Plain("MEDICAMENT", "suspected_drug"),
            Words("IMPUTABILITE", "related", {"yes": "Oui", "no": "Non", "unknown": "Inconnue"}),
        ),
    ),
    NativeFile(
        "grossesses.csv",
        "pregnancy",
        (
            _ID,
            Day("DDR", "lmp_date", _D, _VAGUE[:1]),
            Day("DATE_ISSUE", "end_date", _D),
            Words(
                "ISSUE",
                "outcome",
                {
                    "live_birth": "Naissance vivante",
                    "stillbirth": "Mort-né",
                    "miscarriage": "Fausse couche",
                    "termination": "IVG",
                    "ectopic": "GEU",
                    "ongoing": "En cours",
                    "unknown": "Inconnue",
                },
                also={"IVG": "IMG"},
            ),
        ),
    ),
    NativeFile(
        "comorbidites.csv",
        "comorbidity",
        (
            _ID,
            Plain("PATHOLOGIE", "condition"),
            Plain("CIM10", "icd10"),
            Day("DATE_DIAG", "diagnosed_date", _D, ((0.6, "%Y"),)),
        ),
    ),
    NativeFile(
        "vaccinations.csv",
        "vaccination",
        (
            _ID,
            Words("VACCIN", "vaccine", {"influenza": "Grippe", "covid-19": "COVID-19"}),
            Plain("ATC", "atc"),
            Day("DATE_VACCIN", "vaccination_date", _D, (_SHORT,)),
        ),
    ),
)
