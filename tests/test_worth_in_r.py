"""What `worth --export` writes, read by R itself where there is one."""

import shutil
import subprocess

import numpy as np
import pytest
import tiny

from simulator.answers.believed import believed
from simulator.answers.worth import report
from simulator.runfile import store
from simulator.running import runs

R = shutil.which("Rscript")
# As docs/answers.md begins; then what voi and BCEA ask of the two tables.
PROGRAM = """
beliefs <- read.csv("r-beliefs.csv"); nb <- as.matrix(read.csv("r-net-benefit.csv"))
stopifnot(nrow(beliefs) == nrow(nb), is.numeric(nb), !anyNA(nb), !anyNA(beliefs))
stopifnot(all(sapply(beliefs, is.numeric)), "delivery.real_share" %in% names(beliefs))
cat(mean(apply(nb, 1, max)) - max(colMeans(nb)), ncol(beliefs), ncol(nb))
"""


@pytest.mark.skipif(R is None, reason="R is not installed")
def test_r_reads_the_tables_and_finds_the_value_of_knowing_everything(tmp_path):
    place = tiny.write(tmp_path)
    runs.run(place, draws=300, seed=7, output=tmp_path / "run.h5").close()
    with store.open_run(tmp_path / "run.h5") as run:
        given = believed(run, "one-point-one")
    texts = report.as_csv(given, 4.0)
    for name, text in zip(("beliefs", "net-benefit"), texts, strict=True):
        (tmp_path / f"r-{name}.csv").write_text(text, encoding="utf-8")
    done = subprocess.run(
        [str(R), "--vanilla", "-e", PROGRAM],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    value, n_belief, n_rate = done.stdout.split()
    benefits = np.loadtxt(tmp_path / "r-net-benefit.csv", delimiter=",", skiprows=1)
    expected = benefits.max(axis=1).mean() - benefits.mean(axis=0).max()
    assert float(value) == pytest.approx(expected, rel=1e-5)
    assert (int(n_belief), int(n_rate)) == (given.sizes["belief"], benefits.shape[1])
