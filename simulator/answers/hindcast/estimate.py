"""A forecast of past years, scored against what was published of them."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import xarray as xr

from simulator.answers.hindcast import naive
from simulator.answers.hindcast.naive import NAIVE, Announced, Forecast
from simulator.errors import ScenarioError
from simulator.evidence.record import BY_NAME, MEASURES, Figure, figures, plans
from simulator.statistics import scores
from simulator.types import Floats

LEVELS: Final = (0.05, 0.25, 0.50, 0.75, 0.95)
OF_FIGURE: Final = ("published", "error", "pit", "inside_50", "inside_90", "crps")


def score(series: xr.Dataset, support: Mapping[int, float]) -> xr.Dataset:
    """Score a forecast against the record.

    Parameters
    ----------
    series
        By measure, what the forecast draws: (draw, year), money in GBP m, shares and
        rates as fractions. The year before the first is the origin, the last whose
        figures a naive forecast starts from.
    support
        Support funds announced, by year from the origin on, GBP m.

    Returns
    -------
    scored
        By `measure` and `year`, in the units of `series`, NaN where nothing was
        published or foretold:

        * `published`, and `error`, the standard deviation of its error;
        * `model` by `quantile`, with the error of measurement where there is one: half
          of all figures should lie between 0.25 and 0.75, 90% between 0.05 and 0.95;
        * `pit`, the share of the forecast below the figure; `inside_50` and
          `inside_90`, 1 or 0;
        * `crps`, and `crps_naive` by `naive`: lower is better.

        And as `ratios` gives it, the ratio of those two.

    Raises
    ------
    ScenarioError
        Where the draws are too few to score, or hold what is not a number.
    """
    years = [int(year) for year in series["year"].values]
    announced = Announced(_last_income(years[0] - 1), support)
    shape = len(MEASURES), len(years)
    found = {name: np.full(shape, np.nan) for name in OF_FIGURE}
    model = np.full((*shape, len(LEVELS)), np.nan)
    others = np.full((*shape, len(NAIVE)), np.nan)
    for m, measure in enumerate(MEASURES):
        record = figures(measure)
        known = {year: figure.value for year, figure in record.items()}
        planned = plans(measure)
        for y, year in enumerate(years):
            figure = record.get(year)
            if figure is not None:
                found["published"][m, y] = figure.value
            sample = _sample(series, measure.name, y)
            if sample is None:
                continue
            error = figure.error if figure is not None and figure.error else 0.0
            model[m, y] = np.quantile(scores.measured(sample, error), LEVELS)
            if figure is None or figure.error is None:
                continue
            for name, value in _scores(sample, figure, error).items():
                found[name][m, y] = value
            foretold = naive.forecasts(
                measure.name, known, planned, announced, years[0] - 1, year
            )
            others[m, y] = _naive_scores(foretold, figure, error)
    dims = "measure", "year"
    values = {name: (dims, value) for name, value in found.items()}
    scored = xr.Dataset(
        {
            **values,
            "model": ((*dims, "quantile"), model),
            "crps_naive": ((*dims, "naive"), others),
        },
        {
            "measure": [measure.name for measure in MEASURES],
            "year": years,
            "quantile": list(LEVELS),
            "naive": list(NAIVE),
        },
    )
    return scored.merge(ratios([scored]))


def ratios(scored: Sequence[xr.Dataset]) -> xr.Dataset:
    """Hold forecasts, from one origin or several, against the naive ones.

    Parameters
    ----------
    scored
        Of each origin, as `score` gives it.

    Returns
    -------
    ratios
        `ratio` by measure and naive forecast, and `all_ratio` by naive forecast: the
        geometric mean of `crps` over `crps_naive`, over all figures that both foretell.
        Below 1 the forecast is better.
    """
    each = xr.concat(
        [s["crps"] / s["crps_naive"] for s in scored], "year", join="outer"
    ).transpose("measure", "naive", "year")
    measures = [[scores.geometric_mean(row) for row in rows] for rows in each.values]
    by_naive = each.transpose("naive", "measure", "year")
    return xr.Dataset(
        {
            "ratio": (("measure", "naive"), np.array(measures)),
            "all_ratio": ("naive", [scores.geometric_mean(r) for r in by_naive.values]),
        },
        {"measure": each["measure"], "naive": each["naive"]},
    )


def _sample(series: xr.Dataset, name: str, y: int) -> Floats | None:
    """Take the draws of a measure in a year; None where it is not foretold."""
    if name not in series:
        return None
    sample = series[name].isel(year=y).values.astype(np.float64)
    missing = np.isnan(sample)
    if missing.any() and not missing.all():
        year = int(series["year"][y])
        raise ScenarioError(f"{name} in {year}", "is not a number in some draws")
    return None if missing.all() else sample


def _scores(sample: Floats, figure: Figure, error: float) -> dict[str, float]:
    below = scores.pit(sample, error, figure.value)
    crps = scores.crps(sample, error, figure.value) if len(sample) > 1 else np.nan
    if not crps > 0.0:  # a fair estimate may be zero by chance, but no ratio can
        raise ScenarioError(
            "draws", f"{len(sample)} are too few to score", "give more --draws"
        )
    return {
        "error": error,
        "pit": below,
        "inside_50": float(scores.inside(below, 0.5)),
        "inside_90": float(scores.inside(below, 0.9)),
        "crps": crps,
    }


def _naive_scores(
    foretold: Mapping[str, Forecast], figure: Figure, error: float
) -> Floats:
    found = [foretold[name] for name in NAIVE]
    means, spreads = np.array([f.mean for f in found]), np.array([f.sd for f in found])
    return scores.crps_normal(means, np.hypot(spreads, error), figure.value)


def _last_income(origin: int) -> float:
    known = figures(BY_NAME["income"])
    return known[max(year for year in known if year <= origin)].value
