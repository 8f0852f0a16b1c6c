"""The commands of docs/scale.md do what the page says: each is executed."""

import json
import os
import random
import re
import shutil
import subprocess
import sys
from pathlib import Path

import h5py
import processes
import pytest
import tiny

PAGE = (Path(__file__).parent.parent / "docs" / "scale.md").read_text("utf-8")
BLOCKS = re.findall(r"^```bash\n(.*?)^```$", PAGE, re.M | re.S)
BASH = shutil.which("bash")
needs_bash = pytest.mark.skipif(BASH is None, reason="bash is not installed")


def block(words):
    """The one block of the page in which some words stand."""
    (found,) = [text for text in BLOCKS if words in text]
    return found


def bash(text, folder, **variables):
    """Run a block as a shell would, with the simulator on the path."""
    here = str(Path(processes.PYTHON).parent)
    path = os.pathsep.join([here, os.environ["PATH"]])
    done = subprocess.run(
        [BASH, "-c", text],
        cwd=folder,
        env=os.environ | {"PATH": path} | variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert (done.returncode, processes.PROGRESS.sub("", done.stderr)) == (0, "")


def numbers_in(place):
    with h5py.File(place) as file:
        return json.loads(file["provenance"].attrs["payload_digests"])


@pytest.fixture
def folder(tmp_path):
    tiny.write(tmp_path).rename(tmp_path / "scenario.toml")
    return tmp_path


@pytest.fixture(scope="module")
def counts(tmp_path_factory):
    """The run of counts that the page begins with."""
    folder = tmp_path_factory.mktemp("counts")
    tiny.write(folder).rename(folder / "scenario.toml")
    bash(block("-o counts.h5"), folder)
    return numbers_in(folder / "counts.h5")


@needs_bash
def test_three_parts_are_joined_to_the_same_counts(folder, counts):
    bash(block("join parts -o"), folder)
    joined = numbers_in(folder / "joined.h5")
    assert {path: joined[path] for path in counts} == counts


@needs_bash
@pytest.mark.slow
def test_the_array_of_slurm_makes_the_run(folder, counts):
    script = block("#SBATCH")
    assert "--array=1-4\n" in script
    for number in random.sample(range(1, 5), 4):
        how = {"SLURM_ARRAY_TASK_COUNT": "4", "SLURM_ARRAY_TASK_ID": str(number)}
        bash(script, folder, **how)
    bash(block("join parts-slurm -o slurm.h5\n"), folder)
    assert numbers_in(folder / "slurm.h5") == counts


@needs_bash
@pytest.mark.slow
def test_the_tasks_of_azure_batch_make_the_run(folder, counts):
    for number in (3, 1, 2, 4):
        bash(block("AZ_BATCH"), folder, PART=str(number))
    bash("simulator join parts-batch -o batch.h5", folder)
    assert numbers_in(folder / "batch.h5") == counts


@needs_bash
@pytest.mark.slow
def test_the_matrix_makes_the_run_of_folders_that_are_put_together(folder, counts):
    """Each job has a disk of its own; the last has all that they uploaded."""
    (part,) = re.findall(r"run: >\n((?: +.*\n){2})", PAGE)
    (join,) = re.findall(r"run: (simulator join .*)\n", PAGE)
    for number in (2, 4, 1, 3):
        job = folder / str(number)
        job.mkdir()
        for name in ("scenario.toml", "tiny.csv"):
            shutil.copy(folder / name, job)
        bash(part.replace("\n", " ").replace("${{ matrix.number }}", str(number)), job)
        shutil.copytree(job / "parts-matrix", folder / "parts-matrix", dirs_exist_ok=1)
    bash(join, folder)
    assert numbers_in(folder / "matrix.h5") == counts


@pytest.mark.slow
def test_the_program_with_a_pool_of_its_own_runs(folder, counts):
    (program,) = re.findall(r"^```python\n(.*?)^```$", PAGE, re.M | re.S)
    (folder / "program.py").write_text(program)
    done = processes.python("program.py", folder=folder)
    assert (done.returncode, done.stderr) == (0, "")
    found = numbers_in(folder / "pool.h5")
    assert {path: found[path] for path in counts} == counts


@needs_bash
@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="looks at a cache of POSIX")
def test_a_cache_of_its_own_is_warm_the_next_time(folder):
    bash(block("NHS_SIMULATOR_CACHE"), folder)
    compiled = {
        file: file.stat().st_mtime_ns for file in (folder / "kernel").rglob("*.nbc")
    }
    assert compiled
    here = {"NHS_SIMULATOR_CACHE": str(folder / "kernel")}
    bash("simulator run scenario.toml --draws 64 -o again.h5", folder, **here)
    assert {file: file.stat().st_mtime_ns for file in compiled} == compiled
