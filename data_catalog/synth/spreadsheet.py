"""Write a small table of text as an XLSX workbook, the same bytes every time."""

from pathlib import Path
from xml.sax.saxutils import escape
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from data_catalog.synth.native import Sheet

_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_CREATED = (2026, 6, 1, 0, 0, 0)


def write_sheet(folder: Path, sheet: Sheet) -> None:
    """Write a sheet as a workbook of its own."""
    with ZipFile(folder / sheet.path, "w") as book:
        for name, text in _parts(sheet).items():
            entry = ZipInfo(name, _CREATED)
            entry.compress_type = ZIP_DEFLATED
            book.writestr(entry, _HEAD + text)


def _parts(sheet: Sheet) -> dict[str, str]:
    return {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_TYPE}.worksheet+xml"/></Types>',
        "_rels/.rels": _relationship("officeDocument", "xl/workbook.xml"),
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>'
        f'<sheet name="{escape(sheet.name)}" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": _relationship("worksheet", "worksheets/sheet1.xml"),
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{_MAIN}"><sheetData>{_rows(sheet)}</sheetData></worksheet>',
    }


def _relationship(kind: str, target: str) -> str:
    return (
        f'<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{_OFFICE}/{kind}" Target="{target}"/></Relationships>'
    )


def _rows(sheet: Sheet) -> str:
    return "".join(
        f'<row r="{number}">{"".join(_cell(number, place, text) for place, text in enumerate(row))}</row>'
        for number, row in enumerate(sheet.rows, 1)
    )


def _cell(row: int, column: int, text: str) -> str:
    return f'<c r="{chr(ord("A") + column)}{row}" t="inlineStr"><is><t>{escape(text)}</t></is></c>'
