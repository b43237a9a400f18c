"""A notebook as a checker sees it: each representation of each output, by nbconvert, and nothing of it alive."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import nbformat
from nbconvert import HTMLExporter
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output

from egress_review.checks.reading import PICTURE_MIMES, is_picture, joined, output_bundle
from egress_review.defusing import defuse_html

_SHOWN_AS_THEY_ARE = (
    frozenset({"text/plain", "text/html", "text/markdown", "text/latex", "image/svg+xml"}) | PICTURE_MIMES
)

_HIGHLIGHTED = {"name": "python", "pygments_lexer": "python"}  # colours only; other languages are coloured alike


def notebook_body(source: str) -> tuple[str, str, tuple[str, ...]]:
    """Draw a notebook; give the page's body, the notebook's whole text with pictures left out, and what was taken out.

    Raises whatever nbformat and nbconvert raise for what is not a notebook.
    """
    notebook = nbformat.reads(source, as_version=4)
    elided = json.dumps(_without_pictures(json.loads(source)), indent=1, ensure_ascii=False)
    exporter = HTMLExporter(template_name="basic", exclude_anchor_links=True, embed_images=False)
    drawn, _ = exporter.from_notebook_node(_laid_out(notebook))
    body, taken = defuse_html(drawn)
    return body, elided, taken


def _laid_out(notebook: NotebookNode) -> NotebookNode:
    """Lay a notebook out for reading: cells numbered, each representation of an output under its MIME type."""
    cells: list[NotebookNode] = []
    for number, cell in enumerate(notebook.cells, 1):
        cells.append(new_markdown_cell(f"---\n**cell {number}, {cell.cell_type}**"))
        if cell.cell_type == "code":
            outputs = [part for at, output in enumerate(cell.outputs, 1) for part in _parts(number, at, output)]
            cells.append(new_code_cell(cell.source, outputs=outputs, execution_count=cell.execution_count))
        elif cell.cell_type == "markdown":
            cells.append(new_markdown_cell(cell.source, attachments=cell.get("attachments", {})))
        else:
            cells.append(new_code_cell(cell.source))
    return nbformat.v4.new_notebook(cells=cells, metadata={"language_info": _HIGHLIGHTED})


def _parts(cell: int, number: int, output: NotebookNode) -> Iterator[NotebookNode]:
    for mime, value in output_bundle(output).items():
        yield new_output("stream", text=f"[cell {cell}, output {number}: {mime}]\n")
        if mime in _SHOWN_AS_THEY_ARE:
            yield new_output("display_data", data={mime: joined(value)})
        else:
            text = json.dumps(value, indent=1, ensure_ascii=False) if isinstance(value, Mapping) else joined(value)
            yield new_output("stream", text=text)


def _without_pictures(value: Any) -> Any:
    """Leave the base64 of pictures out of a notebook's JSON, and say so in its place."""
    if isinstance(value, Mapping):
        return {
            key: f"[a picture, {len(joined(part)):,} characters]"
            if key in PICTURE_MIMES and is_picture(part)
            else _without_pictures(part)
            for key, part in value.items()
        }
    return [_without_pictures(part) for part in value] if isinstance(value, list) else value
