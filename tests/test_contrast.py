"""Every word in a chart stands out from what is behind it (WCAG 2.2, 1.4.3).

axe leaves every word in an SVG undecided (4.4.3: 361 of 361 of a page), as its colour
is a fill and its background is whatever was painted before; so that is computed here,
of a page in a real browser.
"""

import pytest
import tiny
from test_browser import browser, pytestmark  # noqa: F401 - a fixture; skips without
from test_plots import tables

import simulator as sim
from simulator.page import writing

LEAST, LEAST_LARGE = 4.5, 3.0
LARGE = 24.0  # pixels, or bold from 18.66
# At three points of a text: what is painted below it there, the lowest first, each as
# [red, green, blue, how far it covers]; then the text's own.
PAINTED = """
const style = document.createElement("style");
style.textContent = "svg * {pointer-events: visiblePainted !important}";
document.head.append(style);
for (const fold of document.querySelectorAll("figure")) fold.hidden = false;
const number = (text) => text === "" ? 1 : Number(text);
function covers(element) {
  let found = 1;
  for (let one = element; one.tagName !== "BODY"; one = one.parentElement)
    found *= number(getComputedStyle(one).opacity);
  return found;
}
function paint(element) {
  const style = getComputedStyle(element);
  const kind = style.fill === "none" ? "stroke" : "fill";
  const parts = style[kind].match(/[\\d.]+/g);
  if (style[kind] === "none" || !parts) return null;
  const own = number(style[kind + "Opacity"]) * covers(element) * Number(parts[3] ?? 1);
  return [...parts.slice(0, 3).map(Number), own];
}
const found = [];
for (const text of document.querySelectorAll("svg text")) {
  // Labels that would overlap are there, but not drawn.
  if (!text.textContent.trim() || covers(text) === 0) continue;
  text.scrollIntoView({block: "center"});
  const box = text.getBoundingClientRect(), style = getComputedStyle(text);
  const scale = text.getScreenCTM().a;
  for (const part of [0.1, 0.5, 0.9]) {
    const at = [box.left + part * box.width, box.top + box.height / 2];
    const stack = document.elementsFromPoint(...at);
    const place = stack.indexOf(text);
    const under = stack.slice(place + 1).filter((one) => one.closest("svg") &&
      one.tagName !== "svg" && one.tagName !== "text");
    found.push({words: text.textContent, seen: place >= 0, own: paint(text),
      size: parseFloat(style.fontSize), bold: Number(style.fontWeight) >= 700,
      under: under.map(paint).filter(Boolean).reverse()});
  }
}
return found;
"""


def over(lower, upper):
    """Paint a colour over another."""
    *colour, share = upper
    pairs = zip(colour, lower, strict=True)
    return [share * new + (1.0 - share) * old for new, old in pairs]


def luminance(colour):
    """Give the relative luminance of a colour, 0 to 255 a part (WCAG 2.2)."""
    parts = [part / 255.0 for part in colour]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(text):
    """Give the contrast of a text with what is painted below it, on white paper."""
    behind = [255.0, 255.0, 255.0]
    for layer in text["under"]:
        behind = over(behind, layer)
    levels = sorted(luminance(c) for c in (behind, over(behind, text["own"])))
    return (levels[1] + 0.05) / (levels[0] + 0.05)


def faint(texts):
    """List the texts that stand out too little, each once."""
    found = {}
    for text in texts:
        large = text["size"] >= LARGE or (text["bold"] and text["size"] >= 18.66)
        if contrast(text) < (LEAST_LARGE if large else LEAST):
            found[text["words"]] = round(contrast(text), 2)
    return found


def text(own, *under, size=12.0):
    return {"words": "x", "own": own, "under": under, "size": size, "bold": False}


def test_contrast_is_that_of_the_standard():
    black, white, grey = [0, 0, 0, 1], [255, 255, 255, 1], [118, 118, 118, 1]
    assert contrast(text(black)) == pytest.approx(21.0)
    assert contrast(text(white)) == pytest.approx(1.0)
    assert contrast(text(grey)) == pytest.approx(4.54, abs=0.005)  # known to pass
    assert contrast(text(white, black)) == pytest.approx(21.0)
    half = [0, 0, 0, 0.5]  # black that half covers white is a grey of 127.5
    same = [127.5, 127.5, 127.5, 1]
    assert contrast(text(half)) == pytest.approx(contrast(text(same)))
    assert contrast(text(white, half)) == pytest.approx(contrast(text(white, same)))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("contrast")
    tiny.write(place, tables())
    few = sim.load_scenario(place / "tiny.toml", settings=tiny.FEW_CAUSES)
    for name in ("run.h5", "more.h5"):
        sim.run(few, draws=60, seed=7, output=place / name).close()
    return place


def texts_of(browser, place):  # noqa: F811
    browser.get(place.as_uri())
    return browser.execute_script(PAINTED)


def test_a_faint_text_and_one_on_a_dark_shape_are_found(browser, tmp_path):  # noqa: F811
    place = tmp_path / "faint.html"
    place.write_text(
        '<!doctype html><body><svg width="300" height="90">'
        '<rect width="300" height="30" fill="#333"/>'
        '<text x="9" y="20" fill="#000">on dark</text>'
        '<text x="150" y="20" fill="#fff">readable</text>'
        '<g opacity="0.3"><text x="9" y="50" fill="#000">see-through</text></g>'
        '<text x="150" y="50" fill="#767676">just enough</text></svg>',
        "utf-8",
    )
    found = texts_of(browser, place)
    assert all(one["seen"] for one in found)
    assert set(faint(found)) == {"on dark", "see-through"}


def test_words_in_charts_stand_out(browser, folder):  # noqa: F811
    files = [folder / "run.h5", folder / "more.h5"]
    sim.report(files, folder / "quick.html", target="1%", quick=True)
    found = texts_of(browser, folder / "quick.html")
    assert len(found) > 300
    assert all(one["seen"] for one in found)
    assert faint(found) == {}


@pytest.mark.slow
def test_words_in_charts_of_what_is_simulated_stand_out(browser, folder, monkeypatch):  # noqa: F811
    for name, draws in (("WHY", 4), ("BELIEFS", 256), ("PAST", 50)):
        monkeypatch.setattr(writing, f"DRAWS_{name}", draws)
    sim.report(folder / "run.h5", folder / "whole.html", target="1%")
    found = texts_of(browser, folder / "whole.html")
    words = {one["words"] for one in found}
    assert {"delivered", "Net balance, £bn"} <= words
    assert all(one["seen"] for one in found)
    assert faint(found) == {}
