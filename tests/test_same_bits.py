"""The same bits on every processor, and never from a stale or missing cache."""

import functools
import os
import pickle
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import tiny

import simulator
from simulator.kernel import cache as kernel_cache

# SHA-256 over every array of a small run: eight trusts, three targets, 300 draws.
GOLDEN = "3677a1d2cec7247ab559dfde731c91fe0c7d0bffe3d6bd6a2cf38a11ed8d6718"
RULE = (
    "The numbers of a run have moved. If that is meant, say in CHANGELOG.md under "
    "Results what moves, by how much and why, and only then change GOLDEN to {}."
)
ROOT = Path(simulator.__file__).parents[1]
TESTS = Path(__file__).parent
SMALL_RUN = """\
import tiny
print(tiny.digest(*tiny.simulate(tiny.job(), 300, keep=100)))
"""
# A function whose helpers stand in another file, and compiles in a second or two.
NORMALS = """\
import hashlib
import numpy as np
from simulator.kernel import jit, normal
words = np.random.default_rng(1).integers(0, 2**32, 10_000, np.uint64)
out = np.empty(len(words))
normal.fill_normals(words, out)
print(normal.__file__)
print(hashlib.sha256(out.tobytes()).hexdigest())
"""
needs_x86 = pytest.mark.skipif(
    platform.machine().lower() not in ("x86_64", "amd64"),
    reason="names a processor of another family",
)


def run(script, cache, root=ROOT, **variables):
    """Run a script in a Python of its own: its lines on stdout and on stderr."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("NUMBA_")}
    kept |= {"NHS_SIMULATOR_CACHE": str(cache), "PYTHONDONTWRITEBYTECODE": "1"}
    kept["PYTHONPATH"] = os.pathsep.join([str(root), str(TESTS)])
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=root,
        env=kept | variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines(), done.stderr.splitlines()


def folders(cache):
    return {path.name for path in (cache / "nhs-efficiency-simulator").iterdir()}


# --- other processors -----------------------------------------------------------------


def test_a_small_run_has_its_golden_hash():
    found = tiny.digest(*tiny.simulate(tiny.job(), 300, keep=100))
    assert found == GOLDEN, RULE.format(found)


slow = pytest.mark.slow  # each compiles everything anew, 20 seconds or more


@pytest.mark.parametrize(
    "variables",
    [
        pytest.param(
            {"NUMBA_CPU_NAME": "x86-64", "NUMBA_CPU_FEATURES": ""},
            marks=[needs_x86, slow],
            id="any-x86-64",
        ),
        pytest.param(
            {"NUMBA_CPU_NAME": "haswell"}, marks=[needs_x86, slow], id="haswell"
        ),
        pytest.param({"NUMBA_OPT": "0"}, marks=slow, id="not-optimised"),
    ],
)
def test_other_code_generators_give_the_same_bits(variables, tmp_path):
    printed, _ = run(SMALL_RUN, tmp_path, **variables)
    assert printed == [GOLDEN], RULE.format(printed)


# --- the cache of compiled kernels ----------------------------------------------------


def edit(file, before, after):
    text = file.read_text(encoding="utf-8")
    assert text.count(before) == 1
    file.write_text(text.replace(before, after), encoding="utf-8")


def copied(tmp_path):
    """A copy of the package, free to be edited."""
    shutil.copytree(
        ROOT / "simulator",
        tmp_path / "copy" / "simulator",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    return tmp_path / "copy"


@pytest.mark.slow
def test_an_edited_helper_is_compiled_anew(tmp_path):
    root, cache = copied(tmp_path), tmp_path / "cache"
    helper = root / "simulator" / "kernel" / "elementary.py"
    (file, before), _ = run(NORMALS, cache, root)
    assert Path(file).is_relative_to(root)
    first = folders(cache)
    edit(helper, "fma(z, series, 1.0 / 3.0)", "fma(z, series, 1.0 / 2.9)")
    (_, after), _ = run(NORMALS, cache, root)
    assert after != before
    assert len(folders(cache)) == 2
    edit(helper, "fma(z, series, 1.0 / 2.9)", "fma(z, series, 1.0 / 3.0)")
    (_, again), _ = run(NORMALS, cache, root)
    assert again == before
    assert len(folders(cache) - first) == 1


@pytest.mark.slow
def test_an_edited_formula_is_compiled_anew(tmp_path):
    root, cache = copied(tmp_path), tmp_path / "cache"
    printed, _ = run(SMALL_RUN, cache, root)
    assert printed == [GOLDEN], RULE.format(printed)
    formula = root / "simulator" / "kernel" / "trust_year.py"
    edit(formula, "cost_before * (1.0 - real) - payback", "cost_before * (1.0 - real)")
    printed, _ = run(SMALL_RUN, cache, root)
    assert printed != [GOLDEN]
    assert len(folders(cache)) == 2


def below_a_file(folder):
    """A place that nobody can write to, root included."""
    file = folder / "file"
    file.write_text("not a folder", encoding="utf-8")
    return file / "cache"


AHEAD = """\
from simulator.kernel import ahead
ahead.compile_part()
"""
FOUND_READY = """\
import tiny
from simulator.kernel import (
    groups, histograms, normal, one_trust, outcomes, philox, shocks, trust_year
)
from simulator.running import variables
work = tiny.job()
_, tally = tiny.simulate(work, 300)
list(variables.of_tally(work, tally, 300))
for function in (
    philox.fill_words, normal.fill_normals, normal.fill_uniforms,
    groups.close_group, groups.keep_group, groups.add_rows,
    outcomes.add_achieved, outcomes.keep_achieved, one_trust.keep_trust,
    trust_year.save_for_good, trust_year.close_accounts, trust_year.draw_one_offs,
    shocks.make_drivers,
    histograms.count_bins, histograms.read_quantiles,
):
    stats = function.stats
    if not stats.cache_hits or stats.cache_misses:
        print(function.py_func.__name__, stats.cache_misses)
"""


@pytest.mark.slow
def test_what_is_compiled_ahead_is_what_a_run_needs(tmp_path):
    run(AHEAD, tmp_path)
    printed, _ = run(FOUND_READY, tmp_path)
    assert printed == []


@pytest.mark.parametrize(("is_new", "processors"), [(True, 2), (True, 1), (False, 2)])
def test_only_a_new_cache_is_filled_ahead_and_once(monkeypatch, is_new, processors):
    begun = []
    once = functools.cache(kernel_cache.compile_ahead.__wrapped__)
    monkeypatch.setattr(kernel_cache, "compile_ahead", once)
    monkeypatch.setattr(kernel_cache, "IS_NEW", is_new)
    monkeypatch.setattr(kernel_cache.os, "cpu_count", lambda: processors)
    monkeypatch.setattr(
        kernel_cache.subprocess, "Popen", lambda *_, **__: begun.append(1)
    )
    for _ in range(2):
        kernel_cache.compile_ahead()
    assert begun == ([1] if is_new and processors > 1 else [])


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """A cache that has been filled, and the hash that the script printed."""
    cache = tmp_path_factory.mktemp("cache")
    (_, printed), said = run(NORMALS, cache)
    assert said == []
    return cache, printed


def test_a_warm_cache_is_read_and_gives_the_same_bits(filled):
    cache, cold = filled
    compiled = sorted(cache.rglob("*.nbc"))
    assert compiled
    stamps = [file.stat().st_mtime_ns for file in compiled]
    (_, warm), said = run(NORMALS, cache)
    assert (warm, said) == (cold, [])
    assert sorted(cache.rglob("*.nbc")) == compiled
    assert [file.stat().st_mtime_ns for file in compiled] == stamps


def test_a_cache_that_cannot_be_written_is_said_in_one_line(filled, tmp_path):
    unwritable = below_a_file(tmp_path)
    (_, found), said = run(NORMALS, unwritable)
    assert found == filled[1]
    assert len(said) == 1
    assert said[0].startswith(f"kernel cache: cannot write {unwritable}")
    assert "set NHS_SIMULATOR_CACHE to a folder of your own" in said[0]


@pytest.mark.slow
def test_a_run_without_a_cache_has_the_same_bits_and_one_line_of_notice(tmp_path):
    printed, said = run(SMALL_RUN, below_a_file(tmp_path))
    assert printed == [GOLDEN], RULE.format(printed)
    assert len(said) == 1


@pytest.mark.skipif(os.name != "posix", reason="homes are found another way")
def test_a_user_without_a_home_is_told_in_one_line(tmp_path):
    nobody = (
        "import os, pwd\n"
        "def unknown(user): raise KeyError(user)\n"
        "pwd.getpwuid = unknown\n"
        "for name in ('HOME', 'NHS_SIMULATOR_CACHE', 'XDG_CACHE_HOME'):\n"
        "    os.environ.pop(name, None)\n"
    )
    _, said = run(nobody + NORMALS, tmp_path)
    assert len(said) == 1


def compiled_file(cache, which):
    """The largest compiled file of a kind: it is loaded by every run."""
    return max(cache.rglob(which), key=lambda file: file.stat().st_size)


DAMAGES = {
    "cut short": lambda content: content[: len(content) // 2],
    "empty": lambda content: b"",
    "no pickle": lambda content: b"damaged" * 99,
    "spoiled": lambda content: content[:-999] + bytes(9) + content[-990:],
}


@pytest.mark.parametrize(
    ("damage", "which"),
    [
        ("spoiled", "*.nbc"),  # which only its digest gives away
        ("cut short", "*.nbi"),
        *(
            pytest.param(damage, "*.nbc", marks=slow)
            for damage in ("cut short", "empty", "no pickle")
        ),
    ],
)
def test_a_damaged_compiled_file_is_compiled_anew(damage, which, filled):
    cache, cold = filled
    file = compiled_file(cache, which)
    file.write_bytes(DAMAGES[damage](file.read_bytes()))
    (_, again), said = run(NORMALS, cache)
    assert again == cold
    assert said == [f"kernel cache: damaged and compiled anew: {file.name}"]
    (_, again), said = run(NORMALS, cache)
    assert (again, said) == (cold, [])


def test_what_a_pickle_may_hold_is_told_without_reading_it():
    whole = pickle.dumps(["code", b"0" * 999]) + pickle.dumps(3)
    assert kernel_cache._is_whole(whole)
    for end in (*range(1, 30), len(whole) - 1):
        assert not kernel_cache._is_whole(whole[:end])


def test_a_compiler_that_is_switched_off_is_said_in_a_line(tmp_path):
    ended = subprocess.run(
        [sys.executable, "-m", "simulator.cli", "run", "long-term-plan"],
        cwd=tmp_path,
        env=os.environ | {"NUMBA_DISABLE_JIT": "1", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == (
        "NUMBA_DISABLE_JIT: is set, and the model is only ever compiled; unset it\n"
    )
