"""How far beliefs given the record hang on figures, years, judgement and luck.

`python -m benchmarks.robustness` prints the tables of docs/calibration.md, or those
that are named; `--renew` puts them into the page, between its marks. `--quick` shows in
a minute that all works, and its figures say nothing.
"""

import argparse
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import xarray as xr
from scipy.special import ndtri

import simulator as sim
from benchmarks import robust_fits
from benchmarks.robust_fits import QUICK, SHIPPED, SHOWN, Line, Sizes
from benchmarks.tables import table as laid_out
from simulator.answers.calibrate import checking, observed, report, table
from simulator.answers.calibrate.calibrating import Bank
from simulator.answers.text import chance
from simulator.running import beliefs as believing
from simulator.running import fingerprint
from simulator.scenario import posterior
from simulator.scenario.posterior import Table
from simulator.scenario.values import FOLLOWS, PRIOR
from simulator.statistics import scores
from simulator.types import Floats

PAGE: Final = Path(__file__).resolve().parent.parent / "docs" / "calibration.md"
TARGETS: Final = {"gap": ("1.1%", "1.6%"), "tariff": ("1.1%, tariff",)}
LITTLE: Final = 0.3  # a belief that is narrowed by less has no row of its own
EARLY: Final = 2015  # last year that is fitted; the two years after it are scored
LATER: Final = "hindcast-2015"
SURE: Final = 0.1  # share of error variances that the negative control is told of
OTHER_SEED: Final = 2014
MOST: Final = 3  # beliefs that are named
NAIVE: Final = {
    "persistence": "persistence",
    "told": "persistence, told of support and prices",
    "random_walk": "random walk",
    "plan": "plan",
}
ROWS_OF_FIT: Final = {"log evidence": "{log_evidence:.1f}", "worth": "{effective:,.0f}"}

Words = list[str]


# --- of the packaged tables -----------------------------------------------------------


def beliefs(sizes: Sizes) -> str:
    """Show the beliefs that the record moves: as `calibrate show` does."""
    shipped = posterior.load(SHIPPED)
    narrowed = {form: shipped.about[f"narrowed_{form}"] for form in FOLLOWS}
    moved = sorted(
        (p for p in shipped.prior if max(n[p] for n in narrowed.values()) >= LITTLE),
        key=lambda path: -narrowed["gap"][path],
    )
    rows = [list(_belief(shipped, path)) for path in moved]
    rest = [p for p in shipped.prior if p not in moved]
    ends = {f: [max(n[p], 0.0) for p in rest] for f, n in narrowed.items()}
    most = [f"0% to {max(ends[form]):.0%}" for form in FOLLOWS]
    rows.append(["all others", "", "", most[0], "", most[1]])
    head = ["belief", "before"]
    for form in FOLLOWS:
        head += [f"given the record, plans follow the {form}", "narrowed"]
    return laid_out(head, rows)


def _belief(shipped: Table, path: str) -> Iterator[str]:
    yield f"`{path}`"
    levels = np.array(report.BAND)
    yield _band(shipped.prior[path].quantile(levels, ndtri(levels)))
    column = list(shipped.prior).index(path)
    for form in FOLLOWS:
        yield _band(np.quantile(shipped.rows[form][:, column], levels))
        yield f"{max(shipped.about[f'narrowed_{form}'][path], 0.0):.0%}"


def _band(ends: Floats) -> str:
    low, middle, high = (f"{x:.3g}" for x in ends)
    return f"{middle} ({low} to {high})"


def answer(sizes: Sizes) -> str:
    """Show what the record does to the answer: as `chances` does."""
    found = sim.chances(robust_fits.PLAN, draws=sizes.draws)
    ends = found.rename(estimate="p", low="p_low", high="p_high")
    rows = [
        [
            target.split(",")[0],
            form,
            outcome.replace("_", "-"),
            *(chance(one.sel(beliefs=b), "p") for b in (PRIOR, believing.RECORD)),
        ]
        for form, targets in TARGETS.items()
        for target in targets
        for outcome in SHOWN
        for one in [ends.sel(target=target, outcome=outcome)]
    ]
    laid = laid_out(["target", "plans follow", "chance", PRIOR, "record"], rows)
    return measured(laid, f"{sizes.draws:,} draws")


# --- fitted anew ----------------------------------------------------------------------


def left_out(sizes: Sizes) -> str:
    """Leave out figures and years, and weigh them otherwise."""
    bank = robust_fits.learnt("gap", sizes)
    shipped = posterior.load(SHIPPED)
    rows = [
        _line("the prior", "", robust_fits.chances("gap", None, sizes.draws)),
        _line(
            "all, as packaged",
            f"{shipped.about['gap']['effective']:,.0f}",
            robust_fits.chances("gap", shipped, sizes.draws),
        ),
        *(_fitted(bank, line, sizes) for line in robust_fits.lines(bank)),
    ]
    return measured(
        laid_out(["fitted to", "worth", *_names()], rows),
        f"{sizes.beliefs:,} beliefs weighted and {sizes.draws:,} draws a line",
    )


def _fitted(bank: Bank, line: Line, sizes: Sizes) -> Words:
    found = robust_fits.fit(bank, line, sizes.beliefs)
    given = robust_fits.as_table("gap", found, line.words)
    said = robust_fits.chances("gap", given, sizes.draws)
    return _line(line.words, f"{found.effective:,.0f}", said)


def _names() -> Words:
    return [name.replace("_", "-") for name in SHOWN]


def _line(words: str, worth: str, chances: Iterable[float]) -> Words:
    return [words, worth, *(f"{p:.1%}" for p in chances)]


class Column(NamedTuple):
    """A forecast of later years, and that from the prior, of one form of plans."""

    heading: str
    scored: xr.Dataset
    prior: xr.Dataset
    about: Mapping[str, Any]  # of the fit; empty for the prior

    @property
    def ratio(self) -> Floats:
        """Give CRPS over the prior's of every figure: (figure,)."""
        ratio = (self.scored["crps"] / self.prior["crps"]).values.ravel()
        return np.asarray(ratio[np.isfinite(ratio)])


def early(sizes: Sizes) -> str:
    """Fit to early years, and score what that says of later ones."""
    text = table.calibrate(
        robust_fits.PAST, until=EARLY, beliefs=sizes.early, rows=sizes.early, least=0.0
    )
    about = posterior.from_text(text, "early").about
    columns = []
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "early.csv"
        place.write_text(text, encoding="utf-8")
        for form in FOLLOWS:
            prior, given = (
                _hindcast(words, form, sizes.draws) for words in (PRIOR, str(place))
            )
            columns += [
                Column(f"prior, {form}", prior, prior, {}),
                Column(f"given 2013-{EARLY % 100}, {form}", given, prior, about[form]),
            ]
    head = ["CRPS, over that of", *(c.heading for c in columns)]
    return measured(
        laid_out(head, list(_rows(columns))),
        f"{sizes.early:,} beliefs weighted, {sizes.draws:,} draws",
    )


def _hindcast(beliefs: str, form: str, draws: int) -> xr.Dataset:
    loaded = believing.load(LATER, beliefs=beliefs, plans=form)
    return sim.hindcast(sim.run(loaded, draws=draws)).isel(target=0)


def _rows(columns: Sequence[Column]) -> Iterator[Words]:
    for name, words in NAIVE.items():
        by = [c.scored["all_ratio"].sel(naive=name) for c in columns]
        yield [words, *(f"{float(ratio):.2f}" for ratio in by)]
    yield ["the prior", *(f"{scores.geometric_mean(c.ratio):.2f}" for c in columns)]
    better = [f"{(c.ratio < 1.0).sum()} of {len(c.ratio)}" for c in columns]
    yield ["figures better than the prior's", *_given(columns, better)]
    most = [f"{c.ratio.min():.2f} to {c.ratio.max():.2f}" for c in columns]
    yield ["the prior, best and worst figure", *_given(columns, most)]
    for wide in (90, 50):
        inside = [int(c.scored[f"inside_{wide}"].sum()) for c in columns]
        yield [f"figures in the {wide}% band", *map(str, inside)]
    for words, how in ROWS_OF_FIT.items():
        yield [words, *(how.format(**c.about) if c.about else "" for c in columns)]


def _given(columns: Sequence[Column], cells: Words) -> Words:
    return [cell if c.about else "" for c, cell in zip(columns, cells, strict=True)]


# --- other luck, and beliefs that are known -------------------------------------------


def luck(sizes: Sizes) -> str:
    """Fit with other futures and another seed."""
    shipped = posterior.load(SHIPPED)
    bank = robust_fits.learnt("gap", sizes, OTHER_SEED)
    usual = next(robust_fits.lines(bank))
    found = robust_fits.fit(bank, usual, sizes.other, OTHER_SEED)
    other = robust_fits.as_table("gap", found, "other luck")
    rows = [
        _line(words, worth, robust_fits.chances("gap", given, sizes.draws))
        for words, worth, given in (
            ("as packaged", f"{shipped.about['gap']['effective']:,.0f}", shipped),
            ("other luck", f"{found.effective:,.0f}", other),
        )
    ]
    moved = robust_fits.moved(shipped, other, "gap")
    most = sorted(moved, key=lambda path: -moved[path])[:MOST]
    said = ", ".join(f"`{path}` {moved[path]:.2f}" for path in most)
    return measured(
        laid_out(["", "worth", *_names()], rows),
        f"{sizes.other:,} beliefs weighted, {sizes.draws:,} draws; means that move "
        f"most, in posterior standard deviations: {said}",
    )


def ranks(sizes: Sizes) -> str:
    """Find known beliefs again: simulation-based calibration, and its control."""
    bank = robust_fits.of_prior("gap", sizes.first)
    fitted = observed.fitted(bank.foreteller.observations)
    rows = []
    for words, trust in (("as it is", 1.0), ("negative control", SURE)):
        found = checking.ranks(
            bank, fitted, trials=sizes.trials, rows=sizes.rows, trust=trust
        )
        chance_of = checking.uneven(found)
        below = f"{(chance_of < 0.05).sum()} of {len(chance_of)}"
        rows.append([words, below, f"{chance_of.min():.2g}", f"{found.std():.3f}"])
    return measured(
        laid_out(["", "below 5%", "least", "spread of ranks"], rows),
        f"{sizes.trials} trials of {sizes.rows} rows each",
    )


# --- the page -------------------------------------------------------------------------

TABLES: Final[dict[str, Callable[[Sizes], str]]] = {
    "beliefs": beliefs,
    "answer": answer,
    "left-out": left_out,
    "early": early,
    "luck": luck,
    "ranks": ranks,
}


def measured(laid: str, sizes: str) -> str:
    """Say under a table how large it is, and of which model."""
    return (
        f"{laid}\n\n{sizes[0].upper()}{sizes[1:]}; model {fingerprint.fingerprint()}."
    )


def marked(text: str, name: str) -> re.Match[str]:
    """Find a table of a page between its marks."""
    found = re.search(
        rf"(?<=<!-- benchmarks.robustness {name} -->\n).*?(?=<!-- {name} ends -->)",
        text,
        re.DOTALL,
    )
    if found is None:
        raise SystemExit(f"{PAGE.name}: has no place for {name}; put its marks back")
    return found


def renewed(text: str, name: str, table: str) -> str:
    """Put a table into a page."""
    place = marked(text, name)
    return f"{text[: place.start()]}{table}\n{text[place.end() :]}"


def main() -> None:
    """Print tables as Markdown, and renew the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tables", nargs="*", metavar="TABLE", help=", ".join(TABLES))
    parser.add_argument("--renew", action="store_true", help="put them into the page")
    parser.add_argument("--quick", action="store_true", help="small, to try the code")
    asked = parser.parse_args()
    if unknown := set(asked.tables) - set(TABLES):
        parser.error(
            f"no table {', '.join(sorted(unknown))}; there are {', '.join(TABLES)}"
        )
    if asked.quick and asked.renew:
        parser.error("--quick gives no figures for the page; leave one out")
    for name in asked.tables or TABLES:
        began = time.process_time()
        found = TABLES[name](QUICK if asked.quick else Sizes())
        print(f"{name}: {time.process_time() - began:.0f} s", file=sys.stderr)
        print(f"{found}\n", flush=True)
        if asked.renew:
            text = PAGE.read_text(encoding="utf-8")
            PAGE.write_text(renewed(text, name, found), encoding="utf-8")


if __name__ == "__main__":
    main()
