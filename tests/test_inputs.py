import codecs
import json
from pathlib import Path

import builders
import pytest

from simulator import evidence
from simulator.errors import PopulationError, Problems, ScenarioError, SimulatorError
from simulator.population import synthetic
from simulator.population.load import load_population
from simulator.scenario import layers
from simulator.scenario import toml as toml_text
from simulator.scenario.keys import known
from simulator.scenario.load import load_scenario, scenario_from_tables
from simulator.scenario.model import Scenario
from simulator.scenario.read import shipped, starter
from simulator.scenario.sources import Origin
from simulator.scenario.write import json_schema, resolved_toml

BAD = sorted((Path(__file__).parent / "bad").glob("*.toml"))
EXPECT = "# expect: "
JARGON = ("Input should", "type=", "errors.pydantic", "validation error", "Traceback")


@pytest.fixture
def base(tmp_path):
    """A folder with the minimal scenario, for others to extend."""
    (tmp_path / "base.toml").write_text(builders.minimal_toml(), encoding="utf-8")
    return tmp_path / "base.toml"


def write(base, text, name="plan.toml"):
    path = base.parent / name
    path.write_text(text, encoding="utf-8")
    return path


def extending(base, text):
    return write(base, f'name = "plan"\nextends = "base.toml"\n{text}')


def problems(*arguments):
    with pytest.raises(SimulatorError) as caught:
        load_scenario(*arguments)
    return str(caught.value).splitlines()


# --- bad files: each says in its first lines what must be said of it -----------------


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_a_bad_file_is_refused_with_its_messages(path, base):
    text = path.read_text(encoding="utf-8")
    expected = [
        line.removeprefix(EXPECT)
        for line in text.splitlines()
        if line.startswith(EXPECT)
    ]
    said = problems(write(base, text, path.name))
    assert [line.removeprefix(f"{path.name}: ") for line in said] == expected
    assert not any(word in line for word in JARGON for line in said)


# --- layers ---------------------------------------------------------------------------


def test_a_file_is_laid_on_what_it_extends(base):
    plan = extending(base, '[prices]\npay = 0.03\nsource = "made up"\n')
    below, above = load_scenario(base), load_scenario(plan)
    assert above.scenario.name == "plan"
    assert above.scenario.prices.pay == 0.03
    assert above.scenario.prices.nonpay == below.scenario.prices.nonpay
    assert above.scenario.demand == below.scenario.demand


def test_lists_and_uncertain_values_are_replaced_whole(base):
    target = 'name = "only"\nrate = 0.02\nbasis = "cash_releasing"\n'
    delivery = "real_share = {uniform = [0.5, 0.7]}\nsharpness = 0.95\n"
    plan = extending(
        base, f'source = "made up"\n[delivery]\n{delivery}[[targets]]\n{target}'
    )
    scenario = load_scenario(plan).scenario
    assert scenario.delivery.real_share.written() == {"uniform": [0.5, 0.7]}
    assert scenario.delivery.sharpness.written() == 0.95
    assert [item.name for item in scenario.targets] == ["only"]
    assert scenario.targets[0].deficit_addon == 0.0


def test_built_in_values_lie_below_every_file():
    tables = builders.minimal_tables()
    del tables["delivery"]["real_share"]
    loaded = scenario_from_tables([tables])
    entry = evidence.default_entry("delivery.real_share")
    origin = loaded.origins["delivery.real_share"]
    assert origin.layer == "built-in"
    assert (origin.grade, origin.key) == (entry.grade, "delivery.real_share")
    assert entry.title in origin.source


def test_a_name_that_is_no_packaged_scenario_names_the_nearest():
    (line,) = problems("long-term-pln")
    assert (
        line == "long-term-pln: there is no such file; did you mean 'long-term-plan'?"
    )


def test_a_folder_and_bytes_that_are_no_text_are_refused(base):
    (line,) = problems(base.parent)
    assert "is a folder" in line or "cannot be read" in line
    base.write_bytes(builders.minimal_toml().encode("utf-16"))
    (line,) = problems(base)
    assert "is UTF-16 text; save it as UTF-8" in line
    run_file = base.with_name("run.h5")
    run_file.write_bytes(b"\x89HDF\r\n\x1a\n")
    (line,) = problems(run_file)
    assert line.endswith("is a run file; give what it was made from")


def test_a_file_saved_by_a_windows_editor_is_read(base):
    text = builders.minimal_toml().replace("\n", "\r\n")
    path = base.parent / "windows.toml"
    path.write_bytes(codecs.BOM_UTF8 + text.encode())
    assert load_scenario(path).scenario == load_scenario(base).scenario


def test_a_circle_of_files_is_refused(base):
    write(base, 'name = "a"\nextends = "b.toml"\n', "a.toml")
    path = write(base, 'name = "b"\nextends = "a.toml"\n', "b.toml")
    (line,) = problems(path)
    assert "goes round in a circle: b.toml > a.toml > b.toml; leave out" in line


def test_problems_come_in_the_order_of_the_file(base):
    plan = extending(
        base, '[demand.acute]\ntrend = "x"\n[prices]\npya = 1\npay = "x"\n'
    )
    paths = [line.split(": ")[1] for line in problems(plan)]
    assert paths == ["demand.acute.trend", "prices.pya", "prices.pay"]


def test_problems_are_scenario_errors_one_a_line():
    with pytest.raises(Problems) as caught:
        scenario_from_tables([{"name": "x"}])
    assert all(isinstance(item, ScenarioError) for item in caught.value.problems)
    assert len(str(caught.value).splitlines()) == len(caught.value.problems)


def test_files_of_one_name_are_told_apart(base):
    folder = base.parent / "plans"
    folder.mkdir()
    (folder / "base.toml").write_text('name = "plan"\nextends = "../base.toml"\n')
    names = [name for name, _ in load_scenario(folder / "base.toml").text]
    assert names == [f"{base.parent.name}/base.toml", "base.toml"]


# --- settings of the command line -----------------------------------------------------


def test_every_value_set_to_itself_gives_an_equal_scenario():
    loaded = scenario_from_tables([builders.minimal_tables()])
    for path, value in layers.leaves(loaded.tree):
        setting = f"{'.'.join(path)}={toml_text.value(value)}"
        again = scenario_from_tables([builders.minimal_tables()], [setting])
        assert again.scenario == loaded.scenario, setting


@pytest.mark.parametrize(
    ("setting", "path", "value"),
    [
        ("prices.pay=0.03", "prices.pay", 0.03),
        ("prices.pay = [0.03, 0.02, 0.01]", "prices.pay", [0.03, 0.02, 0.01]),
        ("prices.cost_uplift.1=0.05", "prices.cost_uplift", [0.03, 0.05, 0.028]),
        ("targets.0.rate=0.02", "targets.0.rate", 0.02),
        ("targets.2.balancing_item.year=2020", "targets.2.balancing_item.year", 2020),
        (
            "delivery.real_share={uniform=[0.5, 0.7]}",
            "delivery.real_share",
            {"uniform": [0.5, 0.7]},
        ),
        (
            "delivery.real_share.uniform=[0.5, 0.7]",
            "delivery.real_share",
            {"uniform": [0.5, 0.7]},
        ),
        (
            "delivery.real_share.triangular.1=0.5",
            "delivery.real_share",
            {"triangular": [0.4, 0.5, 0.8]},
        ),
        ("delivery.opportunity_scale.normal=[1, 0.1]", None, None),
        ("population=providers-2012", "population", "providers-2012"),
        ("programmes.rosters.enabled=false", "programmes.rosters.enabled", False),
        ("prices.pay_shock={sd=0.01}", "prices.pay_shock.sd", 0.01),
    ],
)
def test_a_setting_overrules_the_file(setting, path, value):
    loaded = scenario_from_tables([builders.minimal_tables()], [setting])
    if path is not None:
        values = {".".join(place): v for place, v in layers.leaves(loaded.tree)}
        assert values[path] == value
        assert loaded.origins[path].layer == "command line"
    assert loaded.text[-1] == ("command line", setting)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (["prices.pya=1"], "prices.pya: unknown key; did you mean 'pay'?"),
        (
            ["demnd.acute.trend=1"],
            "demnd.acute.trend: there is no 'demnd'; did you mean",
        ),
        (["programmes.roster.enabled=true"], "did you mean 'rosters'?"),
        (["targets.3.rate=0.1"], "'3' is not in the list; number 0 to 2"),
        (["targets.stepped.rate=0.1"], "'stepped' is not in the list"),
        (
            ["prices.pay.high=0.1"],
            "'high' is below the number 0.025; set the key above",
        ),
        (["prices.pay=2.5"], "prices.pay: 2.5 would be 250%; write 0.025 for 2.5%"),
        (["prices.pay=2.5%"], "write 0.025 for '2.5%'"),
        (["prices.pay=0.1", "prices.pay=0.2"], "prices.pay: set twice"),
        (["prices.pay_shock={sd=0}", "prices.pay_shock.sd=0.1"], "set twice"),
        (["prices.pay"], "prices.pay: is not a setting; write key.path=value"),
        (["=3"], "is not a setting"),
        (["prices.source=me"], "prices.source: cannot be set here"),
        (["delivery.real_share.unifrm=[0, 1]"], "delivery.real_share"),
    ],
)
def test_a_setting_that_does_not_fit_is_refused(settings, said):
    with pytest.raises(Problems) as caught:
        scenario_from_tables([builders.minimal_tables()], settings)
    lines = str(caught.value).splitlines()
    assert any(line.startswith("command line: ") and said in line for line in lines)


def test_problems_of_files_and_settings_are_said_together(base):
    plan = extending(base, '[prices]\npay = "x"\n')
    said = problems(plan, ["demand.bias=x", "nothing"])
    assert [line.split(": ")[0] for line in said] == ["plan.toml"] + [
        "command line"
    ] * 2


# --- origins --------------------------------------------------------------------------


def test_every_value_has_an_origin_and_every_number_a_source(base):
    loaded = load_scenario(base, ["prices.pay=0.03"])
    paths = [".".join(path) for path, _ in layers.leaves(loaded.tree)]
    assert list(loaded.origins) == paths
    for path, value in layers.leaves(loaded.tree):
        if layers.is_number(value) and path[0] not in ("first_year", "years"):
            assert loaded.origins[".".join(path)].source, path


def test_origins_name_layer_source_and_grade(base):
    key = "delivery.treated"
    plan = extending(
        base,
        f"[demand.acute]\ntrend = 0.03\n[demand]\nbias = 0\ntype_sd = 0\n"
        f'source = {{bias = "{key}", type_sd = "A book", acute = "A letter"}}\n',
    )
    origins = load_scenario(plan, ["targets.0.rate=0.02"]).origins
    entry = evidence.default_entry(key)
    assert origins["demand.bias"].key == key
    assert origins["demand.bias"].grade == entry.grade
    assert origins["demand.bias"].layer == "plan.toml"
    assert origins["demand.type_sd"].source == "A book"
    assert origins["demand.acute.trend"].source == "A letter"
    assert origins["demand.trust_sd"].layer == "base.toml"
    assert origins["demand.trust_sd"].source == "made up: demand"
    assert origins["targets.0.rate"].source == "set on the command line"
    assert origins["targets.1.path"].source == "made up: second target"
    assert origins["targets.1.deficit_addon"].layer == "built-in"
    assert origins["title"] == Origin(layer="base.toml")


def test_a_target_that_a_file_leaves_bare_takes_nothing_from_below(base):
    target = (
        'name = "only"\nrate = 0.02\nbasis = "cash_releasing"\nsource = "made up"\n'
    )
    loaded = load_scenario(extending(base, f"[[targets]]\n{target}"))
    assert loaded.origins["targets.0.deficit_addon"].layer == "built-in"


def test_the_texts_are_kept_as_written(base):
    plan = extending(base, "")
    loaded = load_scenario(plan, ["prices.pay=0.03"])
    assert [name for name, _ in loaded.text] == [
        "base.toml",
        "plan.toml",
        "command line",
    ]
    assert loaded.text[0][1] == builders.minimal_toml()


def test_a_relative_population_starts_at_the_file_that_names_it(base):
    folder = base.parent / "plans"
    folder.mkdir()
    plan = folder / "plan.toml"
    plan.write_text('name = "plan"\nextends = "../base.toml"\n')
    assert load_scenario(plan).folder.resolve() == base.parent.resolve()


# --- a scenario written out -----------------------------------------------------------


def test_the_minimal_scenario_written_out_reads_as_an_equal_one(base):
    check_round_trip(load_scenario(base, ["prices.pay=0.03"]), base)


@pytest.mark.parametrize("name", shipped())
def test_a_shipped_scenario_written_out_reads_as_an_equal_one(name, base):
    check_round_trip(load_scenario(name), base)


def check_round_trip(loaded, base):
    again = load_scenario(write(base, resolved_toml(loaded)))
    assert again.scenario == loaded.scenario
    assert again.tree == loaded.tree
    for path, origin in loaded.origins.items():
        found = again.origins[path]
        kept = (origin.source, origin.grade, origin.key)
        assert (found.source, found.grade, found.key) == kept


def test_awkward_texts_survive_being_written_out(base):
    tables = builders.minimal_tables()
    tables["title"] = 'Half "a" \\ pound £ face 😀'
    tables["about"] = "two\nlines = [x]\n[prices]\n"
    check_round_trip(scenario_from_tables([tables]), base)


# --- populations, schema, starter -----------------------------------------------------


@pytest.mark.parametrize("name", synthetic.PACKAGED)
def test_packaged_populations_are_found_by_name(name):
    assert load_population(name).name == name


def test_a_population_is_read_from_a_table(tmp_path):
    rows = (
        "code,name,type,system,income,cost,opportunity,carry_over,backlog,pay_share,"
        "reported_balance\nRAA,One,acute,North,100,104,0.125,0.0,10,0.65,-1\n"
    )
    (tmp_path / "trusts.csv").write_text(rows, encoding="utf-8")
    read = load_population("trusts.csv", tmp_path)
    assert read.code == ("RAA",)
    assert read.name == "trusts.csv"


def test_a_population_that_cannot_be_read_is_refused(tmp_path):
    (tmp_path / "latin.csv").write_bytes("code,name\nRAA,Caf\xe9\n".encode("latin-1"))
    said = {}
    for name in ("providers-2081", "latin.csv", "."):
        with pytest.raises(PopulationError) as caught:
            load_population(name, tmp_path)
        said[name] = str(caught.value)
    assert "did you mean 'providers-2018'?" in said["providers-2081"]
    assert "is not UTF-8 text" in said["latin.csv"]
    assert "folder" in said["."] or "cannot be read" in said["."]


def test_shipped_scenarios_have_titles():
    assert all(shipped().values())


def test_the_starter_loads_and_is_short(base):
    text = starter("first-try")
    if "long-term-plan" in shipped():
        loaded = load_scenario(write(base, text))
        assert loaded.scenario.name == "first-try"
        assert len(loaded.scenario.targets) == 2
    assert len(text.splitlines()) < 50


@pytest.mark.parametrize("name", ["", "my plan", "a/b", "2019", 'x"'])
def test_the_starter_refuses_a_bad_name(name):
    with pytest.raises(ScenarioError):
        starter(name)


def tables_of(schema):
    return {"Scenario": schema, **schema["$defs"]}


def test_the_schema_has_a_description_for_every_number():
    for name, table in tables_of(json_schema()).items():
        for key, part in table["properties"].items():
            assert {"description", "$ref", "type", "enum", "anyOf"} & part.keys(), (
                name,
                key,
            )
            assert "source" in table["properties"]
            assert table["additionalProperties"] is False


def test_the_schema_asks_only_for_what_no_layer_can_give():
    schema = json_schema()
    asked = {name for name, table in tables_of(schema).items() if "required" in table}
    assert asked == {"Target", "BalancingItem"}
    assert "extends" in schema["properties"]
    json.dumps(schema, allow_nan=False)


def test_the_schema_knows_the_keys_the_reader_knows():
    schema = json_schema()
    top = set(schema["properties"]) - {"source", "extends"}
    assert top == set(known(Scenario, ()))
    prices = set(schema["$defs"]["Prices"]["properties"]) - {"source"}
    assert prices == set(known(Scenario, ("prices",)))
