"""Figures as pictures that stand in a page."""

import xml.etree.ElementTree as ET
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from simulator.page.parts import Picture, Table
from simulator.plots import drawing
from simulator.plots.figure import Figure

SVG: Final = "http://www.w3.org/2000/svg"
# What a screen reader would otherwise read out, mark by mark: the picture is one image
# with one text, and the numbers stand in a table below it.
DROPPED: Final = ("role", "aria-roledescription", "aria-hidden", "aria-label")
SAID: Final = "data-said"  # what a mark says under the mouse
# What draws needs no Python: one picture is drawn while the next is worked out.
DRAWERS: Final = ThreadPoolExecutor(2)
ET.register_namespace("", SVG)


def picture(
    figure: Figure, name: str, *, target: str = "", hidden: bool = False
) -> Picture:
    """Draw a figure for a page.

    Parameters
    ----------
    figure
        What to draw.
    name
        Of the picture; its parts are named after it, so that no two share an id.
    target
        Which target it is of, where there are several to choose from.
    hidden
        Whether it is shown only when it is chosen.
    """
    # Its form is checked by the tests; here that would take as long as the drawing.
    spec = figure.dressed().to_dict(validate=False)
    numbers = Table(
        name=f"{name}-numbers",
        caption="The numbers of this picture",
        columns=figure.columns,
        rows=figure.rows,
        folded=True,
    )
    return Picture(
        name=name,
        title=figure.title,
        subtitle=figure.subtitle,
        drawn=DRAWERS.submit(_draw, spec, figure.alt),
        numbers=numbers,
        target=target,
        hidden=hidden,
    )


def _draw(spec: dict[str, Any], alt: str) -> str:
    return inline(drawing.svg(spec), alt)


def inline(drawn: str, alt: str) -> str:
    """Make an SVG an image with a text, as wide as its place allows."""
    root = ET.fromstring(drawn)
    for element in root.iter():
        said = element.get("aria-label", "")
        for name in DROPPED:
            element.attrib.pop(name, None)
        if said and element.tag == f"{{{SVG}}}path":
            element.set(SAID, said)
    wide = root.attrib.pop("width")
    root.attrib.pop("height")
    root.attrib.pop("version", None)
    root.set("style", f"max-width:{wide}px")
    root.set("preserveAspectRatio", "xMinYMin meet")
    root.set("role", "img")
    root.set("aria-label", alt)
    return ET.tostring(root, encoding="unicode")
