"""A chart as a file: SVG, PNG, PDF, or a page that needs no network."""

import json
from html import escape
from typing import Any, Final

from simulator.plots.library import altair, vl_convert

FORMATS: Final = ("svg", "png", "pdf", "html")
PIXELS: Final = 2.0  # of a PNG for every pixel of the chart
# What is drawn is in the chart: nothing is fetched, whatever a name looks like.
NOTHING_FETCHED: Final[dict[str, Any]] = {"allowed_base_urls": []}
# Vega turns its expressions into functions, so that its page must allow that.
PAGE: Final = """\
<!doctype html>
<html lang="en-GB">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; \
script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; img-src data:">
<title>{title}</title>
</head>
<body>
<div id="chart"></div>
<script>{bundle}</script>
<script>vegaEmbed("#chart", {spec}, {{actions: false, renderer: "svg"}});</script>
</body>
</html>
"""


def check() -> None:
    """Refuse to begin without what draws, before any work is done."""
    altair()
    vl_convert()


def drawn(chart: Any, to: str) -> bytes:
    """Draw a chart without a browser.

    Parameters
    ----------
    chart
        Of Altair.
    to
        One of `FORMATS`. A page holds all that it needs to show what the mouse is on.
    """
    convert = vl_convert()
    spec = chart.to_dict()
    if to == "html":
        return _page(convert, spec)
    if to == "png":
        return bytes(convert.vegalite_to_png(spec, scale=PIXELS, **NOTHING_FETCHED))
    if to == "pdf":
        return bytes(convert.vegalite_to_pdf(spec, **NOTHING_FETCHED))
    return svg(spec).encode()


def svg(spec: dict[str, Any]) -> str:
    """Draw a chart that is given as its specification; threads may do it at once."""
    return str(vl_convert().vegalite_to_svg(spec, **NOTHING_FETCHED))


def _page(convert: Any, spec: dict[str, Any]) -> bytes:
    """Write a page; names in a run file are anybody's, and end no script of it."""
    bundle = convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
    written = json.dumps(spec).replace("<", "\\u003c")
    title = escape(str(spec.get("description", "Chart")))
    return PAGE.format(title=title, bundle=bundle, spec=written).encode()
