"""A notebook that tries every way we know to reach a server from the browser of whoever looks at it."""

import base64
import io
import json

from PIL import Image


def picture(kind: str = "PNG", colour: str = "red", **saved: object) -> bytes:
    """A small picture."""
    written = io.BytesIO()
    Image.new("RGB", (40, 20), colour).save(written, kind, **saved)
    return written.getvalue()


# What takes the whole page away, each by itself: it would end the other attempts.
NAVIGATING = {
    "refresh": '<meta http-equiv="refresh" content="0; url={outside}/refresh">',
    "form": '<form id="f" action="{outside}/form"></form><script>document.getElementById("f").submit()</script>',
}
LOADING = """
<img src="{outside}/img"> <img srcset="{outside}/srcset 1x"> <img src="x" onerror="fetch('{outside}/onerror')">
<p style="background: url({outside}/style-attribute)">text</p>
<style>@import url({outside}/import);</style>
<style>.x {{ background: url({outside}/style) }}</style><p class="x">text</p>
<script>fetch("{outside}/script"); document.title = "a script ran"</script>
<link rel="stylesheet" href="{outside}/stylesheet"><link rel="prefetch" href="{outside}/prefetch">
<link rel="preload" as="image" href="{outside}/preload">
<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><image href="{outside}/svg-image" width="9" height="9"/>
<script>fetch("{outside}/svg-script")</script></svg>
<iframe src="{outside}/iframe"></iframe><iframe srcdoc="&lt;img src={outside}/srcdoc&gt;"></iframe>
<object data="{outside}/object"></object><embed src="{outside}/embed">
<video autoplay src="{outside}/video" poster="{outside}/poster"></video><audio autoplay src="{outside}/audio"></audio>
<table background="{outside}/table"><tr><td background="{outside}/cell">1</td></tr></table>
<form><input type="image" src="{outside}/input"><button formaction="{outside}/button">go</button></form>
<base href="{outside}/base/"> <img src="relative">
<a id="link" href="{outside}/link" ping="{outside}/ping">a link</a> <a href="javascript:fetch('{outside}/code')">b</a>
"""
REACHED_BY_LOADING = frozenset(
    {
        "img", "srcset", "onerror", "style-attribute", "import", "style", "script", "stylesheet", "prefetch", "preload",
        "svg-image", "svg-script", "iframe", "srcdoc", "object", "embed", "video", "poster", "audio", "table", "cell",
        "input", "base/relative", "markdown", "markdown-html", "markdown-output", "javascript-output",
        "require_js_url", "mathjax_url",
    }
)  # fmt: skip


def hostile_html(outside: str) -> str:
    """HTML in which every element that can have an address has one at `outside`, and what navigates comes last."""
    return "".join([LOADING, *NAVIGATING.values()]).format(outside=outside)


def hostile_svg(outside: str) -> str:
    """A drawing with a script, a style sheet and references to the outside."""
    return f"""<?xml version="1.0"?><?xml-stylesheet href="{outside}/xml-stylesheet"?>
<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="20" height="20"
 onload="fetch('{outside}/svg-onload')"><style>@import url({outside}/svg-import);</style>
<image xlink:href="{outside}/svg-file-image" width="9" height="9"/>
<rect width="5" height="5" fill="url({outside}/fill)"/>
<script>fetch("{outside}/svg-file-script")</script><text x="1" y="15">shown</text>
<foreignObject><img src="{outside}/foreign" /></foreignObject><a href="{outside}/svg-link"><circle r="3"/></a></svg>"""


def hostile_notebook(outside: str, html: str | None = None) -> bytes:
    """A notebook with hostile HTML in Markdown, in an ordinary and in an isolated output, and the other kinds."""
    html = hostile_html(outside) if html is None else html.format(outside=outside)
    outputs: list[dict[str, object]] = [
        {"text/html": html},
        {"application/javascript": f"fetch('{outside}/javascript-output'); document.title = 'a script ran'"},
        {"image/svg+xml": hostile_svg(outside)},
        {"image/png": base64.b64encode(picture()).decode()},
        {"text/markdown": f"![picture]({outside}/markdown-output)"},
        {"text/plain": "a plain result"},
    ]
    said = f"# Title\n![a]({outside}/markdown)\n\n<img src='{outside}/markdown-html'>\n\n[l]({outside}/l)\n\n{html}"
    return notebook(*outputs, markdown=said)


def notebook(*outputs: dict[str, object], source: str = "table", markdown: str = "") -> bytes:
    """A notebook with these outputs, by MIME type, each of its own cell."""
    cells = [
        {"cell_type": "code", "id": f"c{number}", "source": source, "metadata": {}, "execution_count": 1,
         "outputs": [{"output_type": "display_data", "metadata": {}, "data": data}]}
        for number, data in enumerate(outputs)
    ]  # fmt: skip
    said = [{"cell_type": "markdown", "id": "said", "source": markdown, "metadata": {}}] if markdown else []
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": said + cells}).encode()
