"""Frameworks that call a model once a draw: EMA Workbench and monaco.

They are measured on few draws, and their figures are a rate a second, from which the
time of ten thousand draws is worked out.
"""

import importlib.util
import logging
import warnings
from typing import Any

import numpy as np

from benchmarks import one_draw
from benchmarks.case import Case
from benchmarks.outcome import Seen
from simulator.kernel.workspace import GROUP_RESULTS
from simulator.schema import OUTCOMES

LARGEST_SEED = 2**31 - 1


def missing_ema() -> str | None:
    """Say why EMA Workbench cannot be measured."""
    found = importlib.util.find_spec("ema_workbench")
    return None if found else "ema_workbench is not installed"


def missing_monaco() -> str | None:
    """Say why monaco cannot be measured."""
    return None if importlib.util.find_spec("monaco") else "monaco is not installed"


def plain(case: Case, draws: int, threads: int) -> Seen:
    """Call the function in a loop: what the frameworks add to."""
    rng = np.random.default_rng(case.job.seed)
    paths = one_draw.assumptions(case)
    found = [
        one_draw.simulate(
            case, seed, dict(zip(paths, rng.random(len(paths)), strict=True))
        )
        for seed in range(draws)
    ]
    return gathered({name: [part[name] for part in found] for name in Seen._fields})


def ema(case: Case, draws: int, threads: int) -> Seen:
    """Run it as an EMA Workbench model, one scenario a draw."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import ema_workbench as emw  # noqa: PLC0415

    paths = one_draw.assumptions(case)
    names = {path.replace(".", "_"): path for path in paths}

    def model(draw: float, **given: float) -> dict[str, Any]:
        uniforms = {names[name]: share for name, share in given.items()}
        found = one_draw.simulate(case, int(draw), uniforms)
        # The workbench stores vectors and tables, nothing of more dimensions.
        return {name: values.ravel() for name, values in found.items()}

    logging.getLogger(emw.__name__).setLevel(logging.ERROR)
    described = emw.Model("trusts", function=model)
    described.uncertainties = [emw.RealParameter(name, 0.0, 1.0) for name in names]
    described.uncertainties += [emw.IntegerParameter("draw", 0, LARGEST_SEED)]
    described.outcomes = [emw.ArrayOutcome(name) for name in Seen._fields]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _, outcomes = emw.perform_experiments(
            described,
            scenarios=draws,
            uncertainty_sampling=emw.Samplers.MC,
            log_progress=True,
        )
    shapes = _shapes(case)
    return gathered(
        {name: outcomes[name].reshape(draws, *shape) for name, shape in shapes.items()}
    )


def _shapes(case: Case) -> dict[str, tuple[int, ...]]:
    """Give the shapes of what one draw returns."""
    n_target, n_year = case.plan.rate.shape
    return {
        "sector": (n_target, len(OUTCOMES)),
        "trust": (n_target, len(OUTCOMES), len(case.trusts.income)),
        "yearly": (len(GROUP_RESULTS), n_target, n_year),
    }


def monaco(case: Case, draws: int, threads: int) -> Seen:
    """Run it as a monaco simulation, one case a draw."""
    import monaco as mc  # noqa: PLC0415
    from scipy.stats import uniform  # noqa: PLC0415

    paths = one_draw.assumptions(case)

    def preprocess(one: Any) -> tuple[Any, ...]:
        return one.ncase, {path: one.invals[path].val for path in paths}

    def simulate(number: int, uniforms: dict[str, float]) -> tuple[dict[str, Any]]:
        return (one_draw.simulate(case, number, uniforms),)

    def postprocess(one: Any, found: dict[str, Any]) -> None:
        for name, values in found.items():
            one.addOutVal(name, values)

    simulation = mc.Sim(
        name="trusts",
        ndraws=draws,
        fcns={"preprocess": preprocess, "run": simulate, "postprocess": postprocess},
        firstcaseismedian=False,
        samplemethod="random",
        seed=case.job.seed,
        singlethreaded=True,
        savecasedata=False,
        verbose=False,
        debug=True,
    )
    for path in paths:
        simulation.addInVar(name=path, dist=uniform, distkwargs={"loc": 0, "scale": 1})
    simulation.runSim()
    return gathered(
        {name: list(simulation.outvars[name].vals) for name in Seen._fields}
    )


def gathered(outcomes: Any) -> Seen:
    """Turn results draw by draw into shares, and the sector with draws last."""
    sector, trust, yearly = (np.asarray(outcomes[name]) for name in Seen._fields)
    return Seen(
        sector=sector.mean(axis=0),
        trust=trust.mean(axis=0),
        yearly=np.moveaxis(yearly, 0, -1),
    )
