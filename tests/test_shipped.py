"""The shipped scenarios: they load, run and print, and every number has a source."""

import io
from functools import cache

import pytest
from rich.console import Console

from simulator import evidence
from simulator.answers.headline import caveats
from simulator.answers.headline import report as answer
from simulator.answers.headline.estimate import headline
from simulator.answers.hindcast import report as past
from simulator.answers.hindcast.simulate import hindcast
from simulator.running import runs
from simulator.scenario import layers
from simulator.scenario.load import load_scenario
from simulator.scenario.read import shipped

SHIPPED = tuple(shipped())
BASE = "long-term-plan"


@pytest.fixture(scope="module")
def base():
    return load_scenario(BASE)


@cache
def small_run(name):
    return runs.run(name, draws=64)


def printed(renderable):
    text = io.StringIO()
    Console(width=150, highlight=False, file=text).print(renderable)
    return text.getvalue()


def test_the_promised_scenarios_are_shipped():
    assert {
        "long-term-plan",
        "long-term-plan-june-2018",
        "long-term-plan-high-demand",
        "long-term-plan-inflation-shock",
        "long-term-plan-right-conditions",
        "five-year-forward-view",
        "hindcast-2013",
        "hindcast-2015",
        "spending-review-2025",
        "spending-review-2025-inflation-surprise",
        "spending-review-2025-support-kept",
        "spending-review-2025-high-demand",
        "spending-review-2025-redundancy-and-technology",
        "spending-review-2025-march-deflators",
        "spending-review-2025-to-2029",
    } <= set(SHIPPED)


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_scenario_is_named_as_its_file(name):
    scenario = load_scenario(name).scenario
    assert scenario.name == name
    assert scenario.title == shipped()[name]
    assert scenario.about


@pytest.mark.parametrize("name", SHIPPED)
def test_every_number_of_a_shipped_scenario_has_a_source(name):
    loaded = load_scenario(name)
    checked = 0
    for path, value in layers.leaves(loaded.tree):
        if layers.is_number(value) and path[0] not in ("first_year", "years"):
            origin = loaded.origins[".".join(path)]
            assert origin.source.strip(), path
            if origin.layer == layers.BUILT_IN and value != 0.0:
                assert origin.grade in ("A", "B", "C"), path
            checked += 1
    assert checked > 100


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_scenario_runs_and_prints_its_answer(name):
    run = small_run(name)
    said = printed(answer.render(run, "run.h5"))
    assert run.attrs["title"] in said
    found = headline(run)
    for target in found["target"].values:
        assert str(target) in said
    for end in ("", "_low", "_high"):
        values = found[f"sector_probability{end}"]
        assert ((values >= 0.0) & (values <= 1.0)).all()
    assert "Not in the number:" in said
    assert "synthetic" in said
    assert run.attrs["guarded"].sum() == 0


def test_the_survey_is_printed_as_shares_of_answers():
    shares = ("confident", "same_level_safe", "reasonable_target_expected")
    parts = [f"{evidence.number(f'survey.{share}.2018'):.0%}" for share in shares]
    parts += [f"{evidence.number('survey.share_of_sector.2018'):.0%} of the sector"]
    parts += [f"{evidence.number('survey.responses.2018'):.0f} leaders"]
    parts += [f"{evidence.number('survey.trusts.2018'):.0f} trusts", "not of trusts"]
    for part in parts:
        assert part in caveats.COMPARISON


def changed(loaded, base):
    """Paths at which a scenario's values differ from the base's."""
    one = {".".join(path): value for path, value in layers.leaves(loaded.tree)}
    other = {".".join(path): value for path, value in layers.leaves(base.tree)}
    paths = one.keys() | other.keys()
    return {path for path in paths if one.get(path) != other.get(path)}


NAMES = {"name", "title", "about"}
PROGRAMMES = (
    "agency_cap",
    "skill_mix",
    "getting_it_right_first_time",
    "digital",
    "system_integration",
)


@pytest.mark.parametrize(
    ("name", "paths"),
    [
        (
            "long-term-plan-june-2018",
            {
                "funding.cash",
                "funding.real_growth",
                "prices.cost_uplift",
                "prices.pay",
                "prices.nonpay",
            },
        ),
        ("long-term-plan-high-demand", {"as_known_at", "demand.bias"}),
        # Staying and size are set to what is built in; entering is what differs.
        ("long-term-plan-inflation-shock", {"prices.tail.enter"}),
        (
            "long-term-plan-right-conditions",
            {
                "delivery.transformation_funding",
                "conditions.demand",
                "conditions.workforce",
                "conditions.achievable_targets",
                "conditions.clarity",
                "conditions.relationship",
                *(f"programmes.{name}.enabled" for name in PROGRAMMES),
            },
        ),
    ],
)
def test_a_variant_of_the_plan_differs_only_in_what_it_sets(name, paths, base):
    loaded = load_scenario(name)
    assert changed(loaded, base) == NAMES | paths
    for path in paths:
        assert loaded.origins[path].layer == f"{name}.toml"


def test_stress_lowers_balance_and_right_conditions_raise_achievement():
    def chances(name):
        # A balancing item is another target in another scenario.
        found = headline(small_run(name)).drop_sel(target="balancing item")
        return found["balance_probability"], found["sector_probability"]

    plan = chances(BASE)
    for name in ("high-demand", "inflation-shock"):
        balance, _ = chances(f"{BASE}-{name}")
        assert (balance <= plan[0]).all(), name
        assert balance.sum() < plan[0].sum(), name
    _, sector = chances(f"{BASE}-right-conditions")
    assert (sector >= plan[1]).all()
    assert sector.sum() > plan[1].sum()


@pytest.mark.parametrize(
    ("name", "figures"), [("hindcast-2013", 45), ("hindcast-2015", 22)]
)
def test_four_in_five_figures_lie_inside_and_half_of_them_in_the_middle(name, figures):
    with runs.run(name, draws=1000) as run:
        found = hindcast(run)
        said = printed(past.render([past.Hindcast(run, found)]))
    first = found.isel(target=0)
    assert past.verdict([first])[0] in said
    assert (first["all_ratio"].sel(naive=["persistence", "told"]) < 1.0).all()
    known = int(first["pit"].count())
    assert known >= figures
    assert int(first["inside_90"].sum()) >= 0.8 * known
    # Bands that hold everything because they are absurdly wide would prove nothing. Of
    # both forms of plans, as both are the answer: where plans follow the gap, 75 to 79%
    # lie inside.
    both = int(found["inside_50"].sum()) / int(found["pit"].count())
    assert 0.3 <= both <= 0.7
