"""Altair charts as pictures: what Altair shows otherwise is a page that fetches its program from the internet."""

from typing import Any

BASE_OF_ALL_CHARTS = ("altair.vegalite.v6.api", "TopLevelMixin")


def load_ipython_extension(shell: Any) -> None:
    """Show charts as pictures unless the researcher chose another renderer; Altair is not imported for it."""
    shell.display_formatter.mimebundle_formatter.for_type_by_name(*BASE_OF_ALL_CHARTS, _show)


def _show(chart: Any, include: Any = None, exclude: Any = None) -> Any:
    import altair  # a chart is there, so Altair is loaded

    if altair.renderers.active != "default":
        return chart._repr_mimebundle_(include, exclude)
    import vl_convert

    return {"image/svg+xml": vl_convert.vegalite_to_svg(chart.to_dict()), "text/plain": repr(chart)[:200]}
