"""A data use agreement as a PDF: equal facts and wording make equal bytes, so that its hash can be made again."""

from collections.abc import Iterator, Sequence
from functools import cache, partial
from importlib.resources import as_file, files
from io import BytesIO
from typing import Any
from xml.sax.saxutils import escape

from reportlab.lib.colors import HexColor
from reportlab.lib.enums import TA_LEFT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase.pdfmetrics import registerFont, registerFontFamily
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import CondPageBreak, Flowable, KeepTogether, Paragraph, SimpleDocTemplate, Spacer, Table

from core.web.words import write_day
from projects.agreements.signing.facts import AgreementFacts, GivenTable, Signer
from projects.agreements.signing.wording import Wording

INK, MUTED, RULE, TINT = (HexColor(f"#{code}") for code in ("1d2733", "5a6875", "c8d1d9", "f1f4f7"))
MARGIN = 25 * mm
_PADDING = 6
"""What reportlab keeps free within the margins, in points."""
BODY, BOLD = "SourceSans", "SourceSans-Bold"
_FONTS = {BODY: "SourceSansPro-Regular", BOLD: "SourceSansPro-Semibold"}

_TEXT = ParagraphStyle("text", fontName=BODY, fontSize=10.5, leading=15, textColor=INK, alignment=TA_LEFT)
_CELL = ParagraphStyle("cell", _TEXT, fontSize=9, leading=12, splitLongWords=True)
_HEAD = ParagraphStyle("head", _CELL, fontName=BOLD)
_NOTE = ParagraphStyle("note", _TEXT, fontSize=9, leading=12.5, textColor=MUTED)
_TITLE = ParagraphStyle("title", _TEXT, fontName=BOLD, fontSize=22, leading=27, spaceAfter=2 * mm)
_SECTION = ParagraphStyle("section", _TEXT, fontName=BOLD, fontSize=14, leading=18, spaceBefore=20, spaceAfter=6)
_CLAUSE = ParagraphStyle("clause", _TEXT, fontName=BOLD, fontSize=11, leading=15, spaceBefore=10, spaceAfter=3)

_LINES = [
    ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ("LINEBELOW", (0, 0), (-1, -1), 0.4, RULE),
    ("LEFTPADDING", (0, 0), (0, -1), 0),
    ("TOPPADDING", (0, 0), (-1, -1), 3),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 4),
]

_BOX = [
    ("BACKGROUND", (0, 0), (-1, -1), TINT),
    ("LEFTPADDING", (0, 0), (-1, -1), 8),
    ("TOPPADDING", (0, 0), (-1, -1), 6),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 8),
]


def render(facts: AgreementFacts, wording: Wording) -> bytes:
    """Return the agreement as PDF: its clauses, the schedule of people and data, and who is to sign."""
    _register_fonts()
    written = BytesIO()
    pages = SimpleDocTemplate(
        written,
        pagesize=A4,
        leftMargin=MARGIN - _PADDING,
        rightMargin=MARGIN - _PADDING,
        topMargin=28 * mm,
        bottomMargin=24 * mm,
        title=f"{wording.title}: {facts.substance.title}",
        author="Myelin",
        subject=f"{facts.substance.project_id}, agreement {facts.number}",
        lang="en",
        invariant=1,
    )
    last = partial(_PagesCounted, facts=facts)
    pages.build(list(_story(facts, wording)), canvasmaker=last)
    return written.getvalue()


class _PagesCounted(Canvas):  # type: ignore[misc]
    """A canvas that draws header and footer when it knows how many pages there are."""

    def __init__(self, *args: Any, facts: AgreementFacts, **more: Any) -> None:
        super().__init__(*args, **more)
        self._facts = facts
        self._drawn: list[dict[str, Any]] = []

    def showPage(self) -> None:  # noqa: N802  (reportlab's name)
        self._drawn.append(dict(self.__dict__))
        self._startPage()

    def save(self) -> None:
        for state in self._drawn:
            self.__dict__.update(state)
            _draw_frame(self, self._facts, len(self._drawn))
            super().showPage()
        super().save()


def _draw_frame(canvas: Any, facts: AgreementFacts, pages: int) -> None:
    """Draw a page's header and footer: what it belongs to, that it is synthetic, and which page it is of how many."""
    width, height = A4
    top, bottom = height - 16 * mm, 13 * mm
    canvas.setStrokeColor(RULE)
    canvas.setLineWidth(0.4)
    canvas.line(MARGIN, top - 2.5 * mm, width - MARGIN, top - 2.5 * mm)
    canvas.setFillColor(MUTED)
    canvas.setFont(BODY, 8.5)
    canvas.drawString(MARGIN, top, f"{facts.substance.resource_label} · {facts.substance.project_id}")
    label = "SYNTHETIC DATA" if facts.substance.synthetic else ""
    canvas.drawRightString(width - MARGIN, top, label or f"agreement {facts.number}")
    canvas.drawString(MARGIN, bottom, f"Agreement {facts.number}, drawn up on {write_day(facts.drawn_on)}")
    canvas.drawRightString(width - MARGIN, bottom, f"Page {canvas.getPageNumber()} of {pages}")


def _story(facts: AgreementFacts, wording: Wording) -> Iterator[Flowable]:
    about = facts.substance
    yield Paragraph(escape(wording.title), _TITLE)
    yield Paragraph(f"between {_text(about.institution)} and {_text(about.resource_label)}", _TEXT)
    yield Spacer(1, 3 * mm)
    yield _notice(about.resource_label, wording)
    yield Spacer(1, 4 * mm)
    yield _pairs(_project(facts))
    yield Paragraph("Terms", _SECTION)
    yield from _clauses(facts, wording)
    yield Paragraph("Schedule 1: people", _SECTION)
    yield _people(facts)
    yield Paragraph("Schedule 2: data", _SECTION)
    for table in about.tables:
        yield from _data(table)
    yield from _signers(facts)


def _notice(resource: str, wording: Wording) -> Flowable:
    words = (
        f"<b>Model text.</b> These words are Myelin’s (wording {wording.resource}, version {wording.version}); "
        f"they are not a legal text of {_text(resource)}, and no lawyer has read them."
    )
    return Table([[Paragraph(words, _NOTE)]], colWidths=[_width()], style=_BOX, hAlign="LEFT")


def _project(facts: AgreementFacts) -> list[tuple[str, str]]:
    about = facts.substance
    days = f"{write_day(about.starts)} through {write_day(about.ends)}, both days included"
    pairs = [("Project", f"{about.title} ({about.project_id})"), ("Question", about.question), ("Time", days)]
    pairs.append(("Purposes", "; ".join(about.purposes)))
    conditions = about.conditions or "None beyond the terms below."
    return [*pairs, ("The committee’s conditions", conditions)]


def _clauses(facts: AgreementFacts, wording: Wording) -> Iterator[Flowable]:
    about = facts.substance
    fields = {
        "resource": about.resource_label,
        "institution": about.institution,
        "project": about.title,
        "ends": write_day(about.ends),
    }
    for number, clause in enumerate(wording.clauses, 1):
        text = " ".join(clause.filled(fields).split())
        yield KeepTogether([Paragraph(f"{number}. {_text(clause.heading)}", _CLAUSE), Paragraph(_text(text), _TEXT)])


def _people(facts: AgreementFacts) -> Flowable:
    rows = [(one.name, one.role, one.organisation or "–") for one in facts.substance.team]
    return _grid(("Name", "Role", "Organisation"), rows, (0.34, 0.18, 0.48))


def _data(table: GivenTable) -> Iterator[Flowable]:
    synthetic = ", synthetic data" if table.synthetic else ""
    heading = f"{table.dataset}.{table.name}: {table.label} (edition {table.edition}{synthetic})"
    yield CondPageBreak(35 * mm)
    yield Paragraph(_text(heading), _CLAUSE)
    yield Paragraph(
        _text("Of these: " + "; ".join(table.rows) if table.rows else "Of everybody in the edition."), _NOTE
    )
    yield Spacer(1, 1.5 * mm)
    rows = [(one.name, one.label, one.coarse or "as it is") for one in table.variables]
    yield _grid(("Variable", "What it is", "Given"), rows, (0.28, 0.42, 0.30))


def _signers(facts: AgreementFacts) -> Iterator[Flowable]:
    about = facts.substance
    words = (
        "Both sign in the portal, each under their own account. A signature there is of these very bytes, by their "
        "SHA-256; who signed, when and in which words is kept beside this document and shown with it."
    )
    pairs = [
        (f"For {about.institution}", _signer(facts.signatory)),
        (f"For {about.resource_label}", _signer(facts.countersignatory)),
    ]
    yield KeepTogether([Paragraph("Who signs", _SECTION), Paragraph(words, _TEXT), Spacer(1, 3 * mm), _pairs(pairs)])


def _signer(one: Signer) -> str:
    return f"{one.name}, {one.organisation} (account {one.username})"


def _pairs(pairs: Sequence[tuple[str, str]]) -> Table:
    rows = [[Paragraph(_text(what), _HEAD), Paragraph(_text(said), _CELL)] for what, said in pairs]
    return Table(rows, colWidths=[0.26 * _width(), 0.74 * _width()], style=_LINES, hAlign="LEFT")


def _grid(heads: Sequence[str], rows: Sequence[Sequence[str]], shares: Sequence[float]) -> Table:
    """Return a table whose head stands again on every page it goes on to; shares are of the width."""
    head = [Paragraph(_text(one), _HEAD) for one in heads]
    body = [[Paragraph(_text(one), _CELL) for one in row] for row in rows]
    style = [*_LINES, ("BACKGROUND", (0, 0), (-1, 0), TINT), ("LEFTPADDING", (0, 0), (0, -1), 4)]
    return Table(
        [head, *body], colWidths=[share * _width() for share in shares], style=style, repeatRows=1, hAlign="LEFT"
    )


def _text(words: str) -> str:
    """Return words as the markup of a paragraph, in which nothing of theirs is taken for markup."""
    return "<br/>".join(escape(line) for line in words.split("\n"))


def _width() -> float:
    return float(A4[0] - 2 * MARGIN)


@cache
def _register_fonts() -> None:
    """Make the fonts known to reportlab: every letter of European names is in them, which the standard ones lack."""
    folder = files("font_source_sans_pro") / "files"
    for name, file in _FONTS.items():
        with as_file(folder / f"{file}.ttf") as path:
            registerFont(TTFont(name, path))
    registerFontFamily(BODY, normal=BODY, bold=BOLD, italic=BODY, boldItalic=BOLD)
