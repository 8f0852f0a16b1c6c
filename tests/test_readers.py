"""Other programs read the same run file: names, shapes, units, texts and numbers.

`make readers` installs them where apt is; a program that is not there is skipped.
"""

import hashlib
import shutil
import subprocess

import h5py
import numpy as np
import pytest
import tiny
import xarray as xr

from simulator.running import runs
from simulator.scenario.load import load_scenario

DRAWS = 130


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("readers")
    loaded = load_scenario(tiny.write(folder))
    runs.write(loaded, folder / "run.h5", draws=DRAWS, seed=7, keep="sample")
    return folder


@pytest.fixture(scope="module")
def expected(folder):
    """What each reader is to find, in words; the sum of bits is the numbers' digest."""
    with h5py.File(folder / "run.h5") as file:
        values = {
            "balance": file["sector/balance"][...],
            "probability": file["probability"][...],
            "kept": file["trajectories/cost_before"][...],
            "histogram": file["counts/trust_histogram"][...],
        }
        return {
            "numbers": {name: digest(found) for name, found in values.items()},
            "achieved": int(file["sector/achieved"][...].sum()),
            "targets": list(file["target"].asstr()[...]),
            "title": file.attrs["title"].decode(),
        }


def digest(values):
    """SHA-256 of the values as doubles, in the order of the file."""
    doubles = np.ascontiguousarray(values, dtype="<f8")
    return hashlib.sha256(doubles.tobytes()).hexdigest()


def printed(folder, program, script, *arguments):
    """Run a script of another program on the run file; its lines as `name value`."""
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed: make readers")
    name = f"script.{program}"
    (folder / name).write_text(script, encoding="utf-8")
    done = subprocess.run(
        [program, *arguments, name],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    lines = [line.split(" ", 1) for line in done.stdout.splitlines() if " " in line]
    return {line[0]: line[1] for line in lines}, done.stderr


def check(folder, found, said, expected):
    assert found.get("units") == "1e6", said
    assert found["targets"].split("|") == expected["targets"]
    assert found["title"] == expected["title"]
    assert int(float(found["achieved"])) == expected["achieved"]
    # Dimensions stand in reverse order in R and Octave, whose first index runs fastest.
    assert found["shape"].split() == ["3", str(DRAWS), "3"]
    for name, wanted in expected["numbers"].items():
        stored = np.fromfile(folder / f"{name}.bin", dtype="<f8")
        assert hashlib.sha256(stored.tobytes()).hexdigest() == wanted, name
        (folder / f"{name}.bin").unlink()


R_TAIL = """
for (name in names(numbers)) {
  out <- file(paste0(name, ".bin"), "wb")
  writeBin(as.double(as.vector(numbers[[name]])), out, endian = "little")
  close(out)
}
cat("shape", dim(numbers$balance), "\\n")
"""

NCDF4 = """
library(ncdf4)
run <- nc_open("run.h5")
numbers <- list(balance = ncvar_get(run, "sector/balance"),
  probability = ncvar_get(run, "probability"),
  kept = ncvar_get(run, "trajectories/cost_before"),
  histogram = ncvar_get(run, "counts/trust_histogram"))
cat("units", ncatt_get(run, "sector/balance", "units")$value, "\\n", sep = " ")
cat("targets", paste(ncvar_get(run, "target"), collapse = "|"), "\\n", sep = " ")
cat("title", ncatt_get(run, 0, "title")$value, "\\n", sep = " ")
cat("achieved", sum(ncvar_get(run, "sector/achieved")), "\\n", sep = " ")
"""

RNETCDF = """
library(RNetCDF)
run <- open.nc("run.h5")
group <- function(name) grp.inq.nc(run, name)$self
numbers <- list(balance = var.get.nc(group("sector"), "balance"),
  probability = var.get.nc(run, "probability"),
  kept = var.get.nc(group("trajectories"), "cost_before"),
  histogram = var.get.nc(group("counts"), "trust_histogram"))
cat("units", att.get.nc(group("sector"), "balance", "units"), "\\n", sep = " ")
cat("targets", paste(var.get.nc(run, "target"), collapse = "|"), "\\n", sep = " ")
cat("title", att.get.nc(run, "NC_GLOBAL", "title"), "\\n", sep = " ")
cat("achieved", sum(var.get.nc(group("sector"), "achieved")), "\\n", sep = " ")
"""

RHDF5 = """
library(rhdf5)
numbers <- list(balance = h5read("run.h5", "/sector/balance"),
  probability = h5read("run.h5", "/probability"),
  kept = h5read("run.h5", "/trajectories/cost_before"),
  histogram = h5read("run.h5", "/counts/trust_histogram"))
cat("units", h5readAttributes("run.h5", "/sector/balance")$units, "\\n", sep = " ")
cat("targets", paste(h5read("run.h5", "/target"), collapse = "|"), "\\n", sep = " ")
cat("title", h5readAttributes("run.h5", "/")$title, "\\n", sep = " ")
cat("achieved", sum(h5read("run.h5", "/sector/achieved")), "\\n", sep = " ")
"""

OCTAVE = """
pkg load netcdf
numbers.balance = ncread("run.h5", "/sector/balance");
numbers.probability = ncread("run.h5", "probability");
numbers.kept = ncread("run.h5", "/trajectories/cost_before");
numbers.histogram = ncread("run.h5", "/counts/trust_histogram");
names = strrep(ncreadatt("run.h5", "target", "lines"), "\\n", "|");
printf("units %s\\n", ncreadatt("run.h5", "/sector/balance", "units"));
printf("targets %s\\n", names);
printf("title %s\\n", ncreadatt("run.h5", "/", "title"));
printf("achieved %d\\n", sum(ncread("run.h5", "/sector/achieved")(:)));
printf("shape %d %d %d\\n", size(numbers.balance));
wanted = fieldnames(numbers);
for k = 1:numel(wanted)
  out = fopen([wanted{k} ".bin"], "w", "ieee-le");
  fwrite(out, double(numbers.(wanted{k})(:)), "double");
  fclose(out);
end
"""


@pytest.mark.parametrize("script", [NCDF4, RNETCDF, RHDF5], ids=lambda s: s.split()[0])
def test_r_reads_a_run(script, folder, expected):
    found, said = printed(folder, "Rscript", script + R_TAIL, "--vanilla")
    if "there is no package called" in said:
        pytest.skip(said.split("\n")[0])
    found = {name: value.strip() for name, value in found.items()}
    check(folder, found, said, expected)
    assert "WARNING" not in said


def test_octave_reads_a_run(folder, expected):
    found, said = printed(folder, "octave-cli", OCTAVE, "--norc")
    if "package" in said and "netcdf" in said:
        pytest.skip("octave-netcdf is not installed: make readers")
    check(folder, found, said, expected)


HEADER = r"""netcdf run { dimensions: target = 3 ; trust = 8 ; trust_type = 5 ;
system = 3 ; outcome = 6 ; year = 3 ; draw = 130 ; quantile = 7 ; variables:
string target(target) ; target:long_name = "savings target" ;
target:lines = "one-point-one\nstepped\nfour" ;"""
BALANCE = """float balance(target, draw, year) ;
balance:long_name = "sector: income and support less cost net of one-offs; surplus
positive" ; balance:_FillValue = NaNf ; balance:units = "1e6" ;
balance:unit_label = "GBP m" ;"""
ACHIEVED = """byte achieved(target, outcome, draw) ;
achieved:long_name = "whether the sector achieves" ; achieved:dtype = "bool" ;
achieved:flag_values = 0b, 1b ; achieved:flag_meanings = "false true" ;"""


def plain(text):
    """The text with one space where there is any."""
    return " ".join(text.split())


def test_ncdump_prints_the_golden_header(folder):
    if shutil.which("ncdump") is None:
        pytest.skip("ncdump is not installed: make readers")
    done = subprocess.run(
        ["ncdump", "-h", "run.h5"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    header = plain(done.stdout)
    assert header.startswith(plain(HEADER))
    assert plain(BALANCE) in header
    assert plain(ACHIEVED) in header
    assert done.stderr == ""


@pytest.mark.parametrize("engine", ["h5netcdf", "netcdf4"])
def test_xarray_reads_a_run(engine, folder, expected):
    if engine == "netcdf4":
        pytest.importorskip("netCDF4")
    with xr.open_datatree(folder / "run.h5", engine=engine) as run:
        assert run.attrs["title"] == expected["title"]
        assert list(run["target"].values) == expected["targets"]
        assert run["sector/balance"].attrs["units"] == "1e6"
        assert run["sector/achieved"].dtype == np.bool_
        found = {
            "balance": run["sector/balance"],
            "probability": run["probability"],
            "kept": run["trajectories/cost_before"],
            "histogram": run["counts/trust_histogram"],
        }
        for name, values in found.items():
            assert digest(values.values) == expected["numbers"][name]
