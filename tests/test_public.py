"""The public face: every question as a function, and what they give."""

import importlib
import inspect
import json
import os
import subprocess
import sys

import histories
import pytest
import tac_workbooks
import tiny
import xarray as xr

import simulator as sim
from simulator.errors import Problems, RunFileError, SimulatorError


def test_every_promised_name_is_there_and_says_what_it_is():
    assert len(sim.__all__) == len(set(sim.__all__))
    for name in sim.__all__:
        found = getattr(sim, name)
        is_module = inspect.ismodule(found)
        assert callable(found) or is_module or name == "__version__", name
        assert inspect.getdoc(found), name


def test_only_what_is_promised_is_shown():
    assert dir(sim) == sorted(sim.__all__)


def test_a_star_imports_what_is_promised():
    names = {}
    exec("from simulator import *", names)
    names.pop("__builtins__")
    assert names.keys() == set(sim.__all__)


def test_a_name_that_is_not_there_is_said():
    with pytest.raises(AttributeError, match="ruin"):
        _ = sim.ruin


def test_no_module_hides_a_public_function():
    functions = (n for n in sim.__all__ if not inspect.ismodule(getattr(sim, n)))
    for name in functions:
        with pytest.raises(ModuleNotFoundError):
            importlib.import_module(f"simulator.{name}")


def test_importing_it_loads_nothing_heavy():
    script = "import sys, simulator; print({'numba', 'xarray'} & sys.modules.keys())"
    found = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert found.stdout == "set()\n"


def test_a_run_is_what_opening_its_file_gives(tmp_path):
    scenario = sim.load_scenario(tiny.write(tmp_path), settings=["prices.pay=0.026"])
    place = tmp_path / "run.h5"
    run = sim.run(scenario, draws=50, seed=3, keep="sample", output=place)
    assert isinstance(run, xr.DataTree)
    opened = sim.open(place)
    assert opened.identical(run)
    chance = opened["sector_probability"].sel(outcome="recurrent", target="four")
    low, high = sim.wilson(round(float(chance) * 50), 50)
    lower = opened["sector_probability_low"].sel(outcome="recurrent", target="four")
    assert low == lower
    assert high >= chance


def test_a_loaded_scenario_takes_no_settings(tmp_path):
    scenario = sim.load_scenario(tiny.write(tmp_path))
    with pytest.raises(SimulatorError, match="give the settings to load_scenario"):
        sim.run(scenario, draws=1, settings=["prices.pay=0.026"])


def test_populations_come_by_name_and_by_path(tmp_path):
    assert len(sim.load_population("providers-2018")) == 234
    tiny.write(tmp_path)
    assert len(sim.load_population("tiny.csv", tmp_path)) == 8


def test_one_error_catches_all_that_a_user_can_put_right(tmp_path):
    with pytest.raises(sim.SimulatorError) as caught:
        sim.open(tmp_path / "none.h5")
    assert isinstance(caught.value, RunFileError)
    with pytest.raises(sim.SimulatorError) as caught:
        sim.load_scenario("long-term-plan", settings=["years=0"])
    assert isinstance(caught.value, Problems)
    with pytest.raises(sim.SimulatorError):
        sim.load_population("none.csv", tmp_path)


def test_an_unknown_way_to_keep_is_said(tmp_path):
    with pytest.raises(SimulatorError) as caught:
        sim.run(tiny.write(tmp_path), draws=1, keep="some")
    assert str(caught.value) == (
        "keep: 'some' is not a way to keep; give 'none', 'sample', 'all', 'counts'"
    )


# --- as programs ----------------------------------------------------------------------

# What a user may do with each name; nothing is closed, as in many a notebook.
PROGRAMS = {
    "run": "tree = sim.run('tiny.toml', draws=20); print(float(tree['rate'][0, 0]))",
    "save": (
        "sim.save(sim.run('tiny.toml', draws=20), 'saved.h5')\n"
        "print(sim.open('saved.h5').attrs['draws'])"
    ),
    "part": "print(sim.part('tiny.toml', 'parts', number=1, of=2, draws=600))",
    "join": (
        "for n in (1, 2): sim.part('tiny.toml', 'whole', number=n, of=2, draws=600)\n"
        "sim.join('whole', 'joined.h5'); print(sim.open('joined.h5').attrs['draws'])"
    ),
    "open": "tree = sim.open('run.h5'); print(tree['sector/balance'].values.mean())",
    "load_scenario": "print(sim.load_scenario('tiny.toml').scenario.name)",
    "load_population": "print(len(sim.load_population('tiny.csv')))",
    "path": "print(sim.path(sim.open('run.h5')))",
    "headline": "print(sim.headline(sim.run('tiny.toml', draws=20)))",
    "curve": "print(sim.curve('run.h5', rates=[0.01, 0.02], draws=20))",
    "highest_rate": (
        "curve = sim.curve('tiny.toml', rates=[0.0, 0.01, 0.02], draws=20)\n"
        "print(sim.highest_rate(curve, 'recurrent', [0.8]))"
    ),
    "verify": "print(sim.verify('run.h5', seed=1)[-1].found)",
    "target": "print(sim.target('tiny.toml', 0.5, draws=20))",
    "why": "print(sim.why('few.h5', target='four', draws=8))",
    "uncertainty": "print(sim.uncertainty('tiny.toml', draws=256))",
    "compare": "print(sim.compare('run.h5', 'tiny.toml', by_unit=False))",
    "explain": "print(sim.explain('run.h5', trust='NA1', target='four'))",
    "plan": "print(sim.plan('tiny.toml', draws=20))",
    "export": (
        "import os\nsim.export('run.h5', 'tables', 'csv')\nprint(os.listdir('tables'))"
    ),
    "build_population": (
        "panel = 'code,name,type,operating_spend\\nQ1,One,acute,400\\n'\n"
        "open('panel.csv', 'w').write(panel)\n"
        "made = sim.build_population('panel.csv', 'providers-2018', 'mine')\n"
        "print(made.name)"
    ),
    "regret": (
        "curve = sim.curve('tiny.toml', rates=[0.0, 0.01, 0.02], draws=20)\n"
        "print(sim.regret(curve, 4.0)['best'])"
    ),
    "requires": "print(sim.requires(sim.open('many.h5'), 'four', 0.5))",
    "worth": "print(sim.worth(sim.open('many.h5'), 'four')['calls'])",
    "futures": "print(sim.futures(sim.open('many.h5'), 'four')['draw'].values)",
    "sweep": (
        "vary = ['prices.premium=0:0.01:2']\n"
        "print(sim.sweep('tiny.toml', vary, draws=20)['probability'])"
    ),
    "tornado": "print(sim.tornado('tiny.toml', 'four', draws=20)['swing'])",
    "hindcast": ("print(sim.hindcast(sim.run('hindcast-2013', draws=20, seed=7)))"),
    "calibrate": (  # a real one takes a minute
        "try: sim.calibrate('hindcast-2013', beliefs=1)\n"
        "except sim.SimulatorError as error: print(error)"
    ),
    "chances": "print(sim.chances('tiny.toml', beliefs=['prior'], draws=20))",
    "plots": "print(sim.plots.curve(sim.open('run.h5')).to_dict()['description'])",
    "report": "sim.report('run.h5', 'page.html', quick=True); print('written')",
    "assure": (
        "sim.assure('run.h5', 'pack', quick=True)\n"
        "import pathlib; print(sorted(p.name for p in pathlib.Path('pack').iterdir()))"
    ),
    "look": "print(sim.look(sim.open('run.h5')))",
    "wilson": "print(sim.wilson(3, 10))",
    "group_chances": (
        "found = sim.group_chances(sim.open('run.h5'), 'type'); print(found.sizes)"
    ),
    "margin_persistence": "print(sim.margin_persistence('history.csv').bands)",
    "read_accounts": ("print(len(sim.read_accounts(['TAC NHS trusts 2023-24.xlsx'])))"),
    "RunFileError": (
        "try: sim.open('none.h5')\nexcept sim.RunFileError as error: print(error)"
    ),
    "__version__": "print(sim.__version__)",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A scenario, its population and a run."""
    found = tmp_path_factory.mktemp("programs")
    sim.run(tiny.write(found), draws=20, seed=7, output=found / "run.h5").close()
    sim.run(found / "tiny.toml", draws=250, output=found / "many.h5").close()
    few = sim.load_scenario(found / "tiny.toml", settings=tiny.FEW_CAUSES)
    sim.run(few, draws=20, output=found / "few.h5").close()
    tac_workbooks.make(found / "TAC NHS trusts 2023-24.xlsx")
    (found / "history.csv").write_text(histories.written(histories.made(30)))
    return found


def test_every_promised_name_has_a_program():
    types = {name for name in sim.__all__ if name[0].isupper()}
    assert set(PROGRAMS) - types == set(sim.__all__) - types


def python(folder, *words):
    """Run Python in the folder: what it prints, if it ends well and in silence."""
    ended = subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    return ended.stdout


# One program after the other; what they made is still there when Python ends.
TOGETHER = """\
import contextlib, io, json, sys
kept, said = [], {}
for name, program in json.loads(sys.argv[1]).items():
    kept.append({})
    with contextlib.redirect_stdout(io.StringIO()) as out:
        exec(f"import simulator as sim\\n{program}", kept[-1])
    said[name] = out.getvalue().strip()
print(json.dumps(said))
"""


def test_programs_end_well_and_in_silence_in_one_session(folder):
    said = json.loads(python(folder, "-c", TOGETHER, json.dumps(PROGRAMS)))
    assert list(said) == list(PROGRAMS)
    assert all(said.values()), said


@pytest.mark.slow
@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_ends_well_and_in_silence(name, folder):
    program = f"import simulator as sim\n{PROGRAMS[name]}"
    assert python(folder, "-c", program).strip()
