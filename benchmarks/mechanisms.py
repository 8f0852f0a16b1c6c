"""What each mechanism does to the answer, and to how well the past is told.

`python -m benchmarks.mechanisms` prints the table of docs/model.md: every row is the
model with one thing changed, on the same draws.
"""

import sys
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import xarray as xr

import simulator as sim

PLAN, PAST = "long-term-plan", "hindcast-2013"
DRAWS = 2_000
TARGETS = ("1.1%", "1.1%, tariff")
TYPES = ("acute", "specialist", "mental_health", "community", "ambulance")
ALIKE = tuple(f"funding.activity_growth.{kind}=0.0335" for kind in TYPES)
AGAINST_PAY = "correlations.pay_pressure=-0.4"
CERTAIN = "delivery.cost_elasticity"


class Row(NamedTuple):
    """One thing that is changed, for the plan and for the past."""

    words: str
    plan: tuple[str, ...]
    past: tuple[str, ...] | None = None  # None: as for the plan
    scenario: str = PLAN


ROWS = (
    Row("as shipped", ()),
    Row(
        "no cost pressure",
        ("prices.pressure=0.0", "prices.pressure_shock.sd=0.0"),
    ),
    Row("no pressure is paid for", ("prices.pressure_paid=0.0",)),
    Row("pressure the same every year", ("prices.pressure_shock.sd=0.0",)),
    # Pay restraint until 2017 may have bred drift and agency use: later pressure may be
    # twice as far off, and is higher where pay falls short.
    Row(
        "pressure twice as wide ahead, and against pay",
        ("prices.pressure={triangular=[-0.005,0.009,0.027]}", AGAINST_PAY),
        (AGAINST_PAY,),
    ),
    Row(
        "types alike",
        ("prices.pressure_other=1.0", "funding.other_growth=0.0"),
        ("prices.pressure_other=1.0", "funding.other_growth=0.0", *ALIKE),
    ),
    Row(
        "trusts alike in pressure",
        ("prices.trust_drift_sd=0.0", "prices.trust_sd=0.0"),
    ),
    Row("trusts alike in plans", ("delivery.plan_sd=0.0",)),
    Row(
        "no limit to plans",
        ("delivery.plan_limit=1.0", "delivery.plan_sharpness=1.0"),
    ),
    Row("plans close none of the gap", ("delivery.gap_closed=0.0",)),
    Row("plans close all of the gap", ("delivery.gap_closed=1.0",)),
    Row("plans do not count on support", ("funding.planned_support=0.0",)),
    Row("the target on all income", ("prices.national_share=1.0",)),
    Row("no drift that prices pay for", ("prices.funded_drift=0.0",)),
    Row("no adjustment for quality", ("delivery.quality=0.0",)),
    Row("opening cost as published", ("opening.cost_error=0.0",)),
    Row("one-offs as drawn for trusts", ("delivery.one_off_scale=1.0",)),
    Row("opportunity as drawn for trusts", ("delivery.opportunity_scale=1.0",)),
    Row("waiting is not worked off", ("demand.worked_off=0.0",)),
    Row(
        "prices make inflation good",
        ("prices.made_good={triangular=[0.4,0.8,1.0]}",),
    ),
    Row(
        "recovery fund by need, half of a gap",
        (
            'funding.support.financial_recovery_fund.allocated_by="need"',
            "funding.support.financial_recovery_fund.part=0.5",
            "funding.support.financial_recovery_fund.shared_over=83531",
        ),
        (),
    ),
    Row("support on top of the cash", ("funding.top_slice=0.0",), ()),
    Row(f"{CERTAIN} 0.8", (f"{CERTAIN}=0.8",)),
    Row(f"{CERTAIN} 0.92", (f"{CERTAIN}=0.92",)),
    Row(f"{CERTAIN} 1", (f"{CERTAIN}=1.0",)),
    Row("right conditions", (), (), "long-term-plan-right-conditions"),
)


def chances(run: xr.DataTree, target: str) -> Iterator[str]:
    """Write the sector's chances of a target, %."""
    found = run["sector_probability"].sel(target=target)
    for outcome in ("cash_releasing", "measured", "balance", "sustained"):
        yield f"{100 * float(found.sel(outcome=outcome)):.0f}"


def past(settings: Sequence[str]) -> Iterator[str]:
    """Write how many figures lie in both bands, and the score against persistence."""
    run = sim.run(PAST, draws=DRAWS, settings=settings)
    found = sim.hindcast(run).isel(target=0)
    for name in ("inside_90", "inside_50"):
        yield f"{int(found[name].sum())}"
    yield f"{float(found['all_ratio'].sel(naive='persistence')):.2f}"


def main() -> None:
    """Print the table as Markdown."""
    head = ("changed", *("cash-releasing", "measured", "balance", "both") * 2)
    print("|", " | ".join((*head, "in 90%", "in 50%", "CRPS")), "|")
    print("|---" * 12 + "|")
    for row in ROWS:
        run = sim.run(row.scenario, draws=DRAWS, settings=row.plan)
        cells = [cell for target in TARGETS for cell in chances(run, target)]
        settings = row.plan if row.past is None else row.past
        told = (
            list(past(settings)) if settings or row.past is None else ["as above"] * 3
        )
        print("|", " | ".join((row.words, *cells, *told)), "|")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
