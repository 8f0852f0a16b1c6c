"""The page in a real browser: silent, accessible, whole with keys and without scripts.

Chromium and its driver are system packages (`make browser`); without them these tests
are skipped. The network is blocked: no name is found.
"""

import base64
import json
import re
import shutil
from pathlib import Path

import pytest
import tiny
from test_plots import EVIL, tables

import simulator as sim

webdriver = pytest.importorskip("selenium.webdriver")
axe_core_python = pytest.importorskip("axe_core_python")
CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(
    CHROMIUM is None or DRIVER is None, reason="needs chromium and chromedriver"
)
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--window-size=1100,900",
)
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice")


@pytest.fixture(scope="module")
def browser():
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in FLAGS:
        options.add_argument(flag)
    options.set_capability(
        "goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"}
    )
    service = webdriver.ChromeService(executable_path=DRIVER)
    with webdriver.Chrome(options=options, service=service) as found:
        found.set_script_timeout(240)
        yield found


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """A page of a small run with a comparison."""
    place = tmp_path_factory.mktemp("browser")
    scenario = sim.load_scenario(tiny.write(place, tables()))
    for name in ("run.h5", "more.h5"):
        sim.run(scenario, draws=60, seed=7, output=place / name).close()
    files = [place / "run.h5", place / "more.h5"]
    sim.report(files, place / "page.html", target="1%", quick=True)
    return (place / "page.html").as_uri()


@pytest.fixture
def opened(browser, page):
    browser.get(page)
    return browser


def test_it_asks_for_nothing_and_says_nothing(browser, page):
    browser.get_log("performance")
    browser.get(page)
    messages = [
        json.loads(entry["message"])["message"]
        for entry in browser.get_log("performance")
    ]
    asked = {
        message["params"]["request"]["url"]
        for message in messages
        if message["method"] == "Network.requestWillBeSent"
    }
    assert asked == {page}
    assert browser.get_log("browser") == []


def test_the_log_would_tell_of_a_request(browser, tmp_path):
    """Without this the test before could not fail."""
    place = tmp_path / "asking.html"
    place.write_text('<!doctype html><img src="http://example.org/x.png">', "utf-8")
    browser.get(place.as_uri())
    assert browser.get_log("browser") != []


def test_axe_finds_nothing(opened):
    for fold in opened.find_elements("css selector", "details"):
        opened.execute_script("arguments[0].open = true", fold)
    (script,) = Path(axe_core_python.__file__).parent.glob("axe*.js")
    opened.execute_script(script.read_text(encoding="utf-8"))
    found = opened.execute_async_script(
        "const [rules, done] = arguments;"
        "axe.run(document, {runOnly: {type: 'tag', values: rules}}).then(done)",
        RULES,
    )
    assert found["passes"]
    broken = [(rule["id"], rule["nodes"][0]["html"]) for rule in found["violations"]]
    assert broken == []


def focusable(browser):
    return browser.execute_script(
        "return [...document.querySelectorAll('a, summary, select, input, [tabindex]')]"
        ".filter((one) => one.checkVisibility()).length"
    )


def test_keys_alone_reach_everything(opened):
    opened.execute_script(
        "for (const one of document.querySelectorAll('details')) one.open = true"
    )
    body = opened.find_element("css selector", "body")
    keys = webdriver.Keys.TAB
    reached = []
    expected = focusable(opened)
    for _ in range(expected):
        body.send_keys(keys)
        body = opened.switch_to.active_element
        reached.append(body.id)
        ring = opened.execute_script(
            "return getComputedStyle(document.activeElement).outlineStyle"
        )
        assert ring != "none"
    assert len(set(reached)) == expected


def test_a_fold_is_opened_by_a_key(opened):
    summary = opened.find_element("css selector", "#trusts details > summary")
    summary.send_keys(webdriver.Keys.ENTER)
    assert summary.find_element("xpath", "..").get_property("open")


def shown(browser, selector):
    return [
        e for e in browser.find_elements("css selector", selector) if e.is_displayed()
    ]


def test_trusts_are_searched_and_chosen_by_type(opened):
    opened.execute_script(
        "document.querySelector('#every-trust').closest('details').open = true"
    )
    rows = "#every-trust tbody tr"
    assert len(shown(opened, rows)) == 8
    field = opened.find_element("css selector", "[data-searches='every-trust']")
    field.send_keys("north")
    assert len(shown(opened, rows)) == 3
    choice = opened.find_element("css selector", "[data-chooses='every-trust']")
    choice.send_keys("acute")
    assert [row.text.split()[0] for row in shown(opened, rows)] == ["North"]
    told = opened.find_element("css selector", "[data-counts='every-trust']")
    assert told.text == "1 of 8"


def test_a_target_is_chosen_for_the_whole_page(opened):
    choice = opened.find_element("css selector", "[data-shows='years']")
    choice.send_keys("2%")
    titles = [e.text for e in shown(opened, "figure[data-target='2%'] strong")]
    assert len(titles) == 3
    assert all(title.startswith("2%: ") for title in titles)
    assert shown(opened, "figure[data-target='1%']") == []


def test_a_mark_says_itself_under_the_mouse(opened):
    mark = opened.find_element("css selector", "#curve [data-said^='2%: ']")
    webdriver.ActionChains(opened).move_to_element(mark).perform()
    tip = opened.find_element("id", "tip")
    assert tip.is_displayed()
    assert tip.text.startswith("2%: ")  # of this mark, or one that lies over it


def test_it_is_complete_without_scripts(browser, page):
    stop = "Emulation.setScriptExecutionDisabled"
    browser.execute_cdp_cmd(stop, {"value": True})
    try:
        browser.get(page)
        assert shown(browser, ".tools") == []
        pictures = shown(browser, "figure svg")
        assert len(pictures) == 6  # curve, savings, years, trusts, course, compared
        assert all(picture.size["height"] > 100 for picture in pictures)
        assert EVIL in browser.find_element("id", "targets").text
    finally:
        browser.execute_cdp_cmd(
            "Emulation.setScriptExecutionDisabled", {"value": False}
        )


def test_it_fits_a_narrow_screen(browser, page):
    browser.set_window_size(500, 900)  # as narrow as a window gets
    try:
        browser.get(page)
        wide, window = browser.execute_script(
            "return [document.documentElement.scrollWidth, innerWidth]"
        )
        assert wide <= window
    finally:
        browser.set_window_size(1100, 900)


def test_it_prints_to_a_few_numbered_pages(opened):
    printed = opened.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True})
    document = base64.b64decode(printed["data"])
    sheets = len(re.findall(rb"/Type\s*/Page\b", document))
    assert 3 <= sheets <= 7
    size = re.search(rb"/MediaBox\s*\[0 0 ([\d.]+) ([\d.]+)\]", document)
    assert [round(float(end)) for end in size.groups()] == [595, 842]  # A4, in points
