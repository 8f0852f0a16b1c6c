"""How every chart looks: one palette, one type, one width.

The colours are told apart with any of the common kinds of colour blindness and stand
out from white by 3 to 1 or more, words by 4.5 to 1 (WCAG 2.2, 1.4.3 and 1.4.11);
tests/test_plots.py computes both. No difference is shown by colour alone.
"""

from typing import Any, Final

INK: Final = "#1d1d1d"
SOFT: Final = "#555555"  # second lines, notes
GRID: Final = "#e4e4e4"
PAPER: Final = "#ffffff"
BLUE: Final = "#0b5fa5"
ORANGE: Final = "#c65102"
GREEN: Final = "#008a5e"
PURPLE: Final = "#6a1b7a"
GREY: Final = "#767676"
# In the order in which series take them.
SERIES: Final = (BLUE, ORANGE, PURPLE, GREEN, GREY)
DASHES: Final = ((1, 0), (6, 3), (2, 2), (8, 3, 2, 3), (12, 4))

FONT: Final = "Arial, Liberation Sans, Helvetica, DejaVu Sans, sans-serif"
WIDTH: Final = 640  # of a chart without its axes, in pixels
HEIGHT: Final = 300
LETTER: Final = 6.4  # width of a usual letter of a second line


def config() -> dict[str, Any]:
    """Give what a Vega-Lite specification says of its looks."""
    words = {"labelFontSize": 12, "titleFontSize": 12, "labelColor": INK}
    return {
        "background": PAPER,
        "font": FONT,
        "padding": 12,
        "view": {"stroke": None},
        "mark": {"aria": False},  # but for what says itself
        "range": {"category": list(SERIES)},
        "axis": {
            **words,
            "titleColor": SOFT,
            "titleFontWeight": "normal",
            "gridColor": GRID,
            "domainColor": GREY,
            "tickColor": GREY,
            "labelLimit": 260,
        },
        "legend": {
            **words,
            "titleColor": SOFT,
            "titleFontWeight": "normal",
            "labelLimit": 400,
            "symbolSize": 120,
            "orient": "top",
            "direction": "horizontal",
            "titleOrient": "left",
            "columnPadding": 36,  # for fonts wider than that which measured
        },
        "header": {**words, "titleColor": SOFT},
        "title": {
            "anchor": "start",
            "frame": "group",
            "color": INK,
            "fontSize": 15,
            "lineHeight": 19,
            "subtitleColor": SOFT,
            "subtitleFontSize": 12,
            "subtitleLineHeight": 15,
            "subtitlePadding": 6,
            "offset": 12,
        },
    }
