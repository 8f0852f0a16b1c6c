"""docs/performance.md: tables, and what they mean in plain words."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Final, NamedTuple

from benchmarks import goals
from benchmarks.contenders import BLOCKED, JAX, OURS, PER_DRAW, PLAIN, C
from benchmarks.goals import Measured
from benchmarks.tables import mebibytes, millions, seconds, table, times

PLACE: Final = Path(__file__).resolve().parent.parent / "docs" / "performance.md"
HEAD: Final = """\
# Performance

Written by `make bench`, all of it, from one run of {minutes:.0f} minutes; no figure is
typed in. `python -m benchmarks --quick` prints a rough copy in a minute.

A *trust-year* is one trust through one year under one target in one draw: the model's
equations once, with its share of everything around them: random numbers, sums by
type, system and sector, outcomes, histograms and bands. Times are medians of
the repeats that are stated. Ways to compute it took turns, so that whatever else the
machine did fell on all alike. Sections measure different sizes, so rates differ too.
"""


class Section(NamedTuple):
    title: str
    body: str


def text(measured: Measured) -> str:
    """Write the page."""
    sections = [
        Section("Goals", goals.table_of(measured)),
        Section("Beside other ways to compute it", _peers(measured)),
        Section("More targets", _targets(measured)),
        Section("More threads", _threads(measured)),
        Section("More trusts", _trusts(measured)),
        Section("More draws", _draws(measured)),
        Section("The default job", _job(measured)),
        Section("Where its time goes", _stages(measured)),
        Section("The machine", table(("", ""), measured.about)),
    ]
    parts = [HEAD.format(minutes=measured.minutes)]
    parts += [f"## {section.title}\n\n{section.body}\n" for section in sections]
    return "\n".join(parts)


def _peers(measured: Measured) -> str:
    peers = measured.peers
    rows = []
    for row in peers.rows:
        ours = peers.speed(OURS, row.threads)
        mine = "1" if row.contender is OURS else times(ours / row.speed)
        n = f"{row.draws:,}"
        rows.append(
            (
                row.contender.name,
                str(row.threads),
                n,
                str(row.repeats),
                millions(row.speed),
                f"{1e9 / row.speed:,.0f} ns",
                mine,
            )
        )
    head = (
        "",
        "threads",
        "draws",
        "repeats",
        "million trust-years/s",
        "each",
        "ours/it",
    )
    return "\n\n".join([table(head, rows), *_about_peers(measured)])


def _about_peers(measured: Measured) -> Iterator[str]:
    peers = measured.peers
    yield (
        f"{measured.n_target} targets, {measured.n_trust} trusts, {measured.n_year} "
        "years. Every peer computes the same model and, but for (e), the same results: "
        "chances, bands of trusts, types and systems, and the sector draw by draw. "
        "Peers with fewer draws than the simulator take a time in proportion to draws. "
        "JAX takes as many threads as it likes. (e) keeps chances and the sector only; "
        "its function is called once a draw."
    )
    said = {row.contender.name: row.verdict for row in reversed(peers.rows)}
    lines = [
        f"- {contender.name}: {contender.about}; {said[contender.name]}"
        for contender in (PLAIN, BLOCKED, C, JAX, *PER_DRAW)
        if contender.name in said
    ]
    lines += [f"- {name}: not measured, {why}" for name, why in peers.absent.items()]
    yield "Do they agree with the simulator?\n\n" + "\n".join(lines)
    per_draw = [peers.speed(contender, 1) for contender in PER_DRAW]
    slowest = min((speed for speed in per_draw if speed), default=None)
    if slowest:
        job = 10_000 * measured.trust_years
        yield (
            "In plain words: what the simulator does with two threads in "
            f"{seconds(job / (peers.speed(OURS, 2) or 1))} takes plain NumPy "
            f"{seconds(job / (peers.speed(PLAIN, 1) or 1))} and a framework that calls "
            f"the model once a draw up to {job / slowest / 60:.0f} minutes, in "
            "proportion to its draws above."
        )


def _targets(measured: Measured) -> str:
    head = (
        "targets",
        "draws",
        "ours x1",
        "ours x2",
        "C x1",
        "C x2",
        "NumPy plain x1",
        "NumPy blocked x1",
        "ours x2, each",
    )
    keys = ((OURS, 1), (OURS, 2), (C, 1), (C, 2), (PLAIN, 1), (BLOCKED, 1))
    rows = [
        (
            str(n_target),
            f"{draws:,}",
            *(millions(speeds.get(key)) for key in keys),
            f"{1e9 / speeds[OURS, 2]:.1f} ns",
        )
        for n_target, (draws, speeds) in measured.targets.items()
    ]
    first, last = goals.target_cost(measured)
    return "\n\n".join(
        [
            table(head, rows),
            "Million trust-years a second. Random numbers and drivers are made once "
            "for all targets: from "
            f"{first[0]} to {last[0]} targets the cost grew {last[1] / first[1]:.1f} "
            f"times for {last[0] / first[0]:.0f} times the trust-years. NumPy is "
            f"measured on {measured.sizes.numpy_draws} draws here.",
        ]
    )


def _threads(measured: Measured) -> str:
    peers = measured.peers
    rows = [
        (
            contender.name,
            millions(one),
            millions(two),
            times(two / one),
        )
        for contender in (OURS, C, BLOCKED, PLAIN)
        if (one := peers.speed(contender, 1)) and (two := peers.speed(contender, 2))
    ]
    return "\n\n".join(
        [
            table(("", "one thread", "two threads", "two/one"), rows),
            "The C peer has no interpreter and shares nothing between threads: what it "
            "does not gain from a second thread the machine does not give.",
        ]
    )


def _trusts(measured: Measured) -> str:
    rows = [
        (str(row.trusts), seconds(row.seconds), f"{1e9 / row.speed:.1f} ns")
        for row in measured.trusts
    ]
    return "\n\n".join(
        [
            table(("trusts", "time", "a trust-year"), rows),
            "Two threads. The cost is in proportion to trusts where the last column "
            "stays the same.",
        ]
    )


def _draws(measured: Measured) -> str:
    rows = [
        (
            f"{row.draws:,}",
            str(row.repeats),
            seconds(row.finished.seconds),
            mebibytes(row.finished.peak),
            mebibytes(row.file_size / 2**20),
        )
        for row in measured.draws
    ]
    growth = [
        f"{b.draws:,} against {a.draws:,}: "
        f"{b.finished.seconds / a.finished.seconds:.1f} times the time, "
        f"{b.finished.peak / a.finished.peak:.2f} times the memory"
        for a, b in pairwise(measured.draws)
    ]
    head = ("draws", "repeats", "whole process", "peak memory", "run file")
    return "\n\n".join(
        [
            table(head, rows),
            "`simulator run` of one target. What is kept of every draw, the sector, "
            "goes to the file shard by shard, so that memory hardly grows with draws. "
            + "; ".join(growth)
            + ".",
        ]
    )


def _job(measured: Measured) -> str:
    job = measured.job
    rows = [
        (
            "cold: compiles the kernel",
            seconds(job.cold.seconds),
            mebibytes(job.cold.peak),
        ),
        ("warm", seconds(job.warm.seconds), mebibytes(job.warm.peak)),
        (
            '`python -c "import numba, h5py, xarray, pydantic"`',
            seconds(job.imports.seconds),
            mebibytes(job.imports.peak),
        ),
        ("the C peer's part of it: drivers to bands", seconds(job.c_seconds), "-"),
        ("`simulator --help`", seconds(job.help.seconds), mebibytes(job.help.peak)),
    ]
    return "\n\n".join(
        [
            table(("", "wall time", "peak memory"), rows),
            f"`simulator run long-term-plan`: {measured.n_trust} trusts, {job.targets} "
            f"targets, {measured.sizes.draws:,} draws, all threads, run file of "
            f"{mebibytes(job.file_size / 2**20)} with everything but trajectories. "
            "Cold is the first run after an installation or an upgrade; a second "
            "process compiles beside it, whose memory is not counted.",
        ]
    )


def _stages(measured: Measured) -> str:
    found = dict(measured.stages)
    found["kernel"] = found.pop("compute") - found["drivers"]
    order = (*list(found)[:3], "drivers", "kernel", "reduce", "write")
    words = {
        "reduce": "chances and bands from counts",
        "write": "the run file, to the disk",
        "prepare": "prepare: balancing item, ranges of histograms",
        "kernel": "kernel: trusts' shocks, model, sums, counts",
        "drivers": "drivers: assumptions and national shocks",
    }
    total = sum(found.values())
    rows = [
        (words.get(name, name), seconds(found[name]), f"{found[name] / total:.0%}")
        for name in order
    ]
    return "\n\n".join(
        [
            table(("stage", "one thread", "share"), rows),
            "The default job, warm, each stage alone; the parts overlap where a run "
            "has more threads.",
        ]
    )
