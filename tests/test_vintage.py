"""What was known when: no source is later than a scenario says it may know."""

import re
from calendar import month_name
from datetime import date

import pytest
from terminals import inside

from simulator import evidence
from simulator.errors import Problems
from simulator.scenario import layers, vintage
from simulator.scenario.load import load_scenario
from simulator.scenario.read import shipped

KNOWN = {
    name: day
    for name in shipped()
    if (day := load_scenario(name).scenario.as_known_at) is not None
}


MONTH = re.compile(rf"\b({'|'.join(month_name[1:])}) (20\d\d)\b")


def cited_keys(name):
    loaded = load_scenario(name)
    return {origin.key for origin in loaded.origins.values() if origin.key}


def test_the_long_term_plan_and_its_variants_say_what_they_may_know():
    plans = {name for name in shipped() if name.startswith("long-term-plan")}
    days = dict.fromkeys(plans, "2019-01-31")
    days |= {"long-term-plan-high-demand": "2019-02-28"}
    assert days == {name: day for name, day in KNOWN.items() if name in plans}


def test_the_spending_review_and_its_variants_say_what_they_may_know():
    reviews = {n for n in shipped() if n.startswith("spending-review-2025")}
    assert len(reviews) == 7
    assert {KNOWN[name] for name in reviews} == {"2026-11-28"}


def later(keys, known):
    """Those of some figures whose source came out after a day."""
    entries = [evidence.figures().get(k) or evidence.default_entry(k) for k in keys]
    return [
        entry.key
        for entry in entries
        if entry.publisher != vintage.THIS_PROJECT
        and vintage.last_day(entry.date) > known
    ]


# What `providers-2018` is drawn from: other years are other populations'.
LATE_OPENING = later(
    [
        key
        for key in evidence.figures()
        if key.startswith("opening.")
        and key[-4:] not in ("2012", "2015", "2024", "2025")
    ],
    date(2019, 1, 31),
)


@pytest.mark.parametrize("name", KNOWN)
def test_no_source_of_a_shipped_scenario_is_later_than_it_may_know(name):
    late = later(cited_keys(name), date.fromisoformat(KNOWN[name]))
    assert [key for key in late if not vintage.known_earlier(key)] == []


@pytest.mark.parametrize("name", KNOWN)
def test_no_citation_in_words_names_a_later_month(name):
    for path, origin in load_scenario(name).origins.items():
        if not origin.key and origin.layer != layers.BUILT_IN:
            for month, year in MONTH.findall(origin.source):
                named = f"{year}-{list(month_name).index(month):02}"
                assert named <= KNOWN[name][:7], path


def test_no_source_of_the_plans_trusts_is_later_but_what_was_known_earlier():
    assert [key for key in LATE_OPENING if not vintage.known_earlier(key)] == []


def test_every_exception_is_needed_and_says_why():
    late = [*LATE_OPENING]
    for name, day in KNOWN.items():
        late += later(cited_keys(name), date.fromisoformat(day))
    needed = {vintage.known_earlier(key) for key in late}
    assert needed == set(vintage.KNOWN_EARLIER.values())
    assert all(len(reason.split()) > 8 for reason in needed)


@pytest.mark.parametrize(
    ("published", "day"),
    [
        ("2019", date(2019, 12, 31)),
        ("2019-02", date(2019, 2, 28)),
        ("2019-01-22", date(2019, 1, 22)),
        ("2014-2017", date(2017, 12, 31)),
        ("2014-11/2015-02", date(2015, 2, 28)),
    ],
)
def test_a_date_of_publication_counts_by_its_last_day(published, day):
    assert vintage.last_day(published) == day


def test_every_date_of_the_evidence_can_be_read():
    for entry in evidence.figures().values():
        assert vintage.last_day(entry.date) >= date(2004, 1, 1)


def test_a_number_from_a_later_source_is_refused():
    with pytest.raises(Problems) as refused:
        load_scenario("long-term-plan", ["as_known_at=2019-01-06"])
    assert (
        "long-term-plan.toml: targets.2.rate: rests on a source of 2019-01-07, after "
        "2019-01-06: NHS England, NHS Long Term Plan, chapter 6, Test 2; "
        "give what was known by then, or a later as_known_at"
    ) in str(refused.value)
    load_scenario("long-term-plan", ["as_known_at=2019-02-01"])


def test_one_later_year_of_a_series_is_refused():
    # The factor of 2019/20 came out in January 2019, those before it in 2016.
    keys = [f"tariff.efficiency.{year}" for year in (2016, 2017, 2018)]
    cited = vintage.Cited(("prices", "x"), (*keys, "tariff.efficiency.2019"))
    [fault] = vintage.faults("2018-12-31", iter([cited]))
    assert fault.path == cited.path
    assert "2019-01-11" in fault.problem
    before = cited._replace(keys=tuple(keys))
    assert not list(vintage.faults("2018-12-31", iter([before])))


def test_what_is_set_by_hand_has_no_day():
    with pytest.raises(Problems) as refused:
        load_scenario(
            "long-term-plan",
            ["as_known_at=2018-12-31", "funding.cash=[1, 1, 1, 1, 1, 1]"],
        )
    assert "targets.2.rate" in str(refused.value)
    assert "funding.cash" not in str(refused.value)


@pytest.mark.parametrize("day", ['"2019-13-01"', "January 2019", "2019"])
def test_what_is_not_a_day_is_refused(day):
    with pytest.raises(Problems, match=r"as_known_at: .*; write year, month and day"):
        load_scenario("long-term-plan", [f"as_known_at={day}"])


def test_a_later_source_ends_a_check_with_one_line_each(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text(
        'name = "mine"\ntitle = "Mine"\nextends = "long-term-plan"\n'
        "as_known_at = 2018-10-31\n"
    )
    said = inside(tmp_path, "check", file)
    assert said.returncode == 1
    assert "long-term-plan.toml: funding.cash: rests on a source of 2019-01-22" in (
        said.stderr
    )
    assert "Traceback" not in said.stderr
