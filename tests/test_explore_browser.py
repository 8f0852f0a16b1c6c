"""The page of `simulator explore` in a real browser: moved, read, and left alone.

Chromium and its driver are system packages (`make browser`); without them these tests
are skipped. Nothing but this machine can be reached.
"""

import json
import re
import shutil
import time
from pathlib import Path
from urllib.parse import parse_qsl, urlparse

import exploring
import pytest
import tiny

import simulator as sim

for needed in ("starlette", "uvicorn", "jinja2"):
    pytest.importorskip(needed)
webdriver = pytest.importorskip("selenium.webdriver")
exceptions = pytest.importorskip("selenium.common.exceptions")
axe_core_python = pytest.importorskip("axe_core_python")
CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(
    CHROMIUM is None or DRIVER is None, reason="needs chromium and chromedriver"
)
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--window-size=1300,900",
)
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice")
SLIDER = "input[type=range][data-for='f-prices.pressure']"
FIELD = "[name='set.prices.pressure']"
FINE = 10_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("explored")


@pytest.fixture(scope="module")
def site(folder):
    scenario = tiny.write(folder, tiny.tables())
    with exploring.served(folder, str(scenario), "--set", "delivery.frontier=1%") as at:
        yield at


@pytest.fixture(scope="module")
def browser(folder):
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in FLAGS:
        options.add_argument(flag)
    options.add_experimental_option(
        "prefs", {"download.default_directory": str(folder / "saved")}
    )
    options.set_capability(
        "goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"}
    )
    service = webdriver.ChromeService(executable_path=DRIVER)
    with webdriver.Chrome(options=options, service=service) as found:
        found.set_script_timeout(240)
        yield found


@pytest.fixture(scope="module")
def inside(browser, site):
    """The browser, let in by the file with the code."""
    browser.get(site.file.as_uri())
    wait(lambda: said(browser))
    return browser


@pytest.fixture
def opened(inside, site):
    """The page as it begins, reached by its address alone."""
    inside.get(site.address)
    settled(inside)
    return inside


def wait(true, seconds=60):
    """Wait until something is so; gives what was found."""
    end = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.05)
    return found


def said(browser):
    return browser.execute_script(
        "const said = document.querySelector('.said'); return said && {...said.dataset}"
    )


def text_of(browser, selector):
    """Read the text of an element at one go: an answer may replace it meanwhile."""
    script = "const found = document.querySelector(arguments[0]);"
    return browser.execute_script(f"{script} return found?.innerText", selector)


def settled(browser, change=""):
    """Wait for the fine answer to a change, and give what it says of itself."""

    def is_so():
        found = said(browser)
        return (
            found
            and found.get("draws") == str(FINE)
            and change in str(dict(parse_qsl(found["query"])))
        )

    wait(is_so)
    return said(browser)


def sentence(browser):
    """Read the sentence without a script; nothing while pages change."""
    try:
        return "".join(e.text for e in browser.find_elements("css selector", ".said"))
    except exceptions.StaleElementReferenceException:
        return ""


def drag(browser, selector, keys):
    """Move a slider by keys, as a hand moves it: an event at each step."""
    slider = browser.find_element("css selector", selector)
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", slider)
    slider.send_keys(keys)
    return slider


def test_a_slider_is_dragged_and_the_number_is_that_of_a_run(opened, site, folder):
    slider = opened.find_element("css selector", SLIDER)
    opened.execute_script("arguments[0].scrollIntoView({block: 'center'})", slider)
    hand = webdriver.ActionChains(opened)
    wide = slider.size["width"]
    hand.move_to_element(slider).click_and_hold()
    for _ in range(3):
        hand.move_by_offset(-wide // 10, 0)
    hand.release().perform()
    typed = opened.find_element("css selector", FIELD).get_property("value")
    assert re.fullmatch(r"0\.\d+%", typed)
    found = settled(opened, typed)
    about = dict(parse_qsl(found["query"]))["about"]
    settings = [
        "delivery.frontier=0.01",
        f"prices.pressure={float(typed[:-1]) / 100:.6g}",
    ]
    run = sim.run(folder / "tiny.toml", draws=FINE, settings=settings, record=False)
    expected = sim.headline(run).sel(target=about)["sector_probability"]
    assert float(found["chance"]) == float(expected)
    share = f"{100 * float(expected):.0f}%"
    assert share in opened.find_element("css selector", ".said").text


def test_it_answers_roughly_first_and_finely_when_it_stands_still(opened):
    draws = set()
    drag(opened, SLIDER, webdriver.Keys.ARROW_RIGHT)

    def seen():
        found = said(opened)
        if "prices.pressure" in found["query"]:
            draws.add(found["draws"])
        return str(FINE) in draws

    wait(seen)
    assert draws == {"1000", str(FINE)}


def test_a_number_is_typed_and_let_go_again(opened):
    before = settled(opened)
    opened.find_element("css selector", FIELD).send_keys("1.7%")
    assert settled(opened, "1.7%")["chance"] != before["chance"]
    clear = "button.clear[data-for='f-prices.pressure']"
    opened.find_element("css selector", clear).click()
    wait(lambda: settled(opened) == before)


def test_undo_brings_back_what_was_asked(opened):
    before = settled(opened)
    drag(opened, SLIDER, webdriver.Keys.END)
    settled(opened, "prices.pressure")
    opened.find_element("id", "undo").click()
    wait(lambda: settled(opened) == before)
    assert opened.find_element("css selector", FIELD).get_property("value") == ""


def test_two_settings_are_pinned_and_compared(opened):
    opened.find_element("css selector", "button[value=pin]").click()
    wait(lambda: "pinned" in settled(opened)["query"])
    assert opened.find_element("css selector", "#answer th:last-child").text == (
        "difference"
    )
    opened.find_element("css selector", FIELD).send_keys("2%")
    settled(opened, "'set.prices.pressure': '2%'")
    line = opened.find_element("css selector", "#answer section p").text
    assert line.startswith("Against what is pinned, on the same futures: ")
    opened.find_element("css selector", "button[value=unpin]").click()
    wait(lambda: "pinned" not in settled(opened)["query"])


def test_any_key_is_found_and_added(opened):
    field = opened.find_element("id", "add")
    listed = opened.execute_script(
        "return [...document.querySelectorAll('#keys option')].map((one) => one.value)"
    )
    assert "delivery.ask_max" in listed
    field.send_keys("delivery.ask_max", webdriver.Keys.ENTER)
    wait(lambda: opened.find_elements("css selector", "[name='set.delivery.ask_max']"))
    settled(opened)


def test_what_is_wrong_is_said_and_mended(opened):
    field = opened.find_element("css selector", FIELD)
    field.send_keys("200%")
    wrong = wait(lambda: text_of(opened, ".said.error"))
    assert wrong.startswith("prices.pressure: ")
    field.clear()
    field.send_keys("0.5%")
    settled(opened, "0.5%")


def test_the_address_is_the_link_and_brings_all_back(opened, site):
    opened.find_element("css selector", FIELD).send_keys("1.1%")
    found = settled(opened, "1.1%")
    link = opened.find_element("id", "link").get_property("value")
    assert link == opened.current_url
    assert urlparse(link).query == found["query"]
    key = opened.execute_script("return localStorage.getItem('key')")
    assert len(key) > 20
    assert key not in link
    opened.switch_to.new_window("tab")
    try:
        opened.get(link)
        assert settled(opened, "1.1%") == found
        assert opened.find_element("css selector", FIELD).get_property("value") == (
            "1.1%"
        )
    finally:
        opened.close()
        opened.switch_to.window(opened.window_handles[0])


def test_two_tabs_do_not_disturb_each_other(opened, site):
    first = opened.current_window_handle
    opened.switch_to.new_window("tab")
    try:
        opened.get(site.address)
        settled(opened)
        opened.find_element("css selector", FIELD).send_keys("0.4%")
        other = settled(opened, "0.4%")
        opened.switch_to.window(first)
        assert "prices.pressure" not in settled(opened)["query"]
        opened.find_element("css selector", FIELD).send_keys("1.6%")
        assert settled(opened, "1.6%")["chance"] != other["chance"]
    finally:
        opened.switch_to.window(opened.window_handles[1])
        opened.close()
        opened.switch_to.window(first)


def test_a_scenario_file_is_saved_with_the_source_asked_for(opened, folder):
    opened.find_element("css selector", FIELD).send_keys("1.2%")
    settled(opened, "1.2%")
    first = opened.current_window_handle
    opened.find_element("css selector", "[formaction='/sources']").click()
    wait(lambda: len(opened.window_handles) == 2)
    opened.switch_to.window(opened.window_handles[1])
    try:
        wait(lambda: opened.find_elements("id", "s-prices.pressure"))
        opened.find_element("id", "s-prices.pressure").send_keys("my own reading")
        opened.find_element("id", "s-delivery.frontier").send_keys("another paper")
        opened.find_element("css selector", "button.main").click()
        saved = folder / "saved" / "my-scenario.toml"
        wait(saved.exists)
    finally:
        opened.close()
        opened.switch_to.window(first)
    text = saved.read_text(encoding="utf-8")
    loaded = sim.load_scenario(saved)
    assert loaded.tree["prices"]["pressure"] == 0.012
    assert loaded.origins["prices.pressure"].source == "my own reading"
    assert 'extends = "' in text


def test_a_run_is_saved_and_verified(opened, folder):
    opened.find_element("css selector", FIELD).send_keys("1.2%")
    found = settled(opened, "1.2%")
    opened.find_element("css selector", "[formaction='/run.h5']").click()
    saved = folder / "saved" / "minimal-explored.h5"
    wait(saved.exists, 120)
    run = sim.open(saved)
    about = dict(parse_qsl(found["query"]))["about"]
    chance = sim.headline(run).sel(target=about)["sector_probability"]
    assert float(chance) == float(found["chance"])


def test_it_asks_this_machine_alone_and_says_nothing(opened, site):
    opened.get_log("performance")
    opened.get_log("browser")
    opened.get(site.address)
    settled(opened)
    asked = {
        message["params"]["request"]["url"]
        for message in (
            json.loads(entry["message"])["message"]
            for entry in opened.get_log("performance")
        )
        if message["method"] == "Network.requestWillBeSent"
    }
    assert f"{site.address}answer" in asked
    elsewhere = {url for url in asked if not url.startswith(site.address)}
    assert elsewhere <= {"data:,"}
    assert opened.get_log("browser") == []


@pytest.mark.parametrize("wide", [1300, 500])
def test_axe_finds_nothing(opened, wide):
    opened.set_window_size(wide, 900)
    try:
        opened.find_element("css selector", "summary").click()
        opened.find_element("css selector", "button[value=pin]").click()
        wait(lambda: "pinned" in settled(opened)["query"])
        (script,) = Path(axe_core_python.__file__).parent.glob("axe*.js")
        opened.execute_script(script.read_text(encoding="utf-8"))
        found = opened.execute_async_script(
            "const [rules, done] = arguments;"
            "axe.run(document, {runOnly: {type: 'tag', values: rules}}).then(done)",
            RULES,
        )
    finally:
        opened.set_window_size(1300, 900)
    assert found["passes"]
    broken = [(rule["id"], rule["nodes"][0]["html"]) for rule in found["violations"]]
    assert broken == []


def test_it_fits_a_narrow_screen_and_keeps_the_answer_in_sight(opened):
    opened.set_window_size(500, 700)
    try:
        wide, window = opened.execute_script(
            "return [document.documentElement.scrollWidth, innerWidth]"
        )
        assert wide <= window
        drag(opened, SLIDER, webdriver.Keys.ARROW_LEFT)
        top, bottom, high = opened.execute_script(
            "const box = document.querySelector('.said').getBoundingClientRect();"
            "return [box.top, box.bottom, innerHeight]"
        )
        assert 0 <= top < bottom <= high
    finally:
        opened.set_window_size(1300, 900)


def test_keys_alone_reach_every_field(opened):
    expected = opened.execute_script(
        "return [...document.querySelectorAll("
        "'a, summary, select, input:not([type=hidden]), button, textarea, .scrolls')]"
        ".filter((one) => one.checkVisibility() && !one.disabled).length"
    )
    opened.execute_script("document.activeElement.blur(); scrollTo(0, 0)")
    body = opened.find_element("css selector", "body")
    reached = set()
    for _ in range(expected):
        body.send_keys(webdriver.Keys.TAB)
        body = opened.switch_to.active_element
        reached.add(body.id)
        ring = opened.execute_script(
            "return getComputedStyle(document.activeElement).outlineStyle"
        )
        assert ring != "none"
    assert len(reached) == expected


def test_it_works_without_scripts(browser, folder):
    scenario = folder / "tiny.toml"
    stop = "Emulation.setScriptExecutionDisabled"
    with exploring.served(folder, str(scenario)) as site:
        browser.execute_cdp_cmd(stop, {"value": True})
        try:
            browser.get(site.address)
            browser.find_element("id", "code").send_keys(site.code)
            browser.find_element("css selector", "button").click()
            wait(lambda: browser.find_elements("css selector", FIELD))
            before = sentence(browser)
            browser.find_element("css selector", FIELD).send_keys("2%")
            browser.find_element("id", "send").click()
            wait(lambda: sentence(browser) not in ("", before))
            for button in ("pin", "unpin", "reset"):
                name = f"button[value={button}]"
                browser.find_element("css selector", name).click()
                wait(lambda: browser.find_elements("css selector", "#answer svg"))
            assert wait(lambda: sentence(browser)) == before
            visible = browser.find_elements("css selector", "input[type=range]")
            assert not any(one.is_displayed() for one in visible)
        finally:
            browser.execute_cdp_cmd(stop, {"value": False})
