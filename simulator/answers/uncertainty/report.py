"""What is belief and what is luck, on a screen and for a script."""

from collections.abc import Iterator, Mapping
from typing import Final

import numpy as np
import xarray as xr
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from simulator.answers.text import chance

GROUP_WORDS: Final = {
    "beliefs": "what is true of the assumptions, and whether programmes happen",
    "national": "the nation's years: pay, prices, demand, delivery, high inflation",
    "type": "the years of a type of trust: its demand",
    "trust": "trusts' own years, lasting drift, delivery and size of plans",
}
OUTPUT_WORDS: Final = {
    "sector": "sector achieves",
    "sustained": "... and in balance",
    "balance": "sector in balance",
    "share_achieving": "share of trusts",
    "cash_releasing": "cash-releasing, sum",
    "measured": "measured, sum",
    "final_balance": "balance, last year",
}
CHANCE_WORDS: Final = {
    "sector": "achieve",
    "sustained": "achieve and end in balance",
    "balance": "end in balance",
}
BANDS: Final = ("overall", "1 belief in 10 below", "half below", "1 in 10 above")
SHOWN: Final = 8  # assumptions

Found = Mapping[str, xr.Dataset]


def render(found: Found, title: str, seed: int) -> RenderableType:
    """Lay out `shares`, `chances` and `assumptions`, as `uncertainty.split` makes them.

    One target is shown in full, several with the sector's achievement only.
    """
    targets = [str(name) for name in found["shares"]["target"].values]
    parts: list[RenderableType] = [
        Text(title, style="bold"),
        Text(_how(found, seed)),
        Text(),
    ]
    if len(targets) == 1:
        parts += [_one_target_shares(found["shares"], targets[0]), Text()]
        parts += [_one_target_chances(found["chances"], targets[0]), Text()]
        parts += [_assumptions(found["assumptions"], targets[0]), Text()]
        parts += [Text(line) for line in _shared(found["assumptions"], targets[0])]
        parts.append(Text(_sentence(found["chances"], targets[0])))
    else:
        parts += [_shares(found["shares"]), Text()]
        parts += [_chances(found["chances"]), Text()]
        parts.append(
            Text("--target NAME shows a target in full, with its assumptions.")
        )
    parts += [Text(), *(Text(line) for line in _notes())]
    return Group(*parts)


def _how(found: Found, seed: int) -> str:
    shares, chances = found["shares"], found["chances"]
    runs = 2 * (1 + shares.sizes["group"])
    return (
        f"Variance: {runs} runs of {shares.attrs['draws']:,} draws that share some "
        f"random numbers. Chances by belief: {chances.attrs['beliefs']:,} beliefs x "
        f"{chances.attrs['futures']} futures each. Seed {seed}. Brackets: "
        f"{shares.attrs['confidence']:.0%} Monte Carlo interval."
    )


def _notes() -> list[str]:
    groups = [f"{name}: {words}" for name, words in GROUP_WORDS.items()]
    return [
        "Shares of variance are what a group makes alone; interactions, what no group "
        "makes alone. Noise may put a small share below 0.",
        *(f"  - {line}" for line in groups),
        "More draws narrow the brackets. Only better evidence narrows the beliefs, and "
        "nothing narrows the luck.",
    ]


# --- one target, in full ------------------------------------------------------------


def _one_target_shares(shares: xr.Dataset, target: str) -> Table:
    groups = [str(name) for name in shares["group"].values]
    table = _table(f"{target}: share of variance", [*groups, "interactions"])
    for output in shares["output"].values:
        row = shares.sel(target=target, output=output)
        table.add_row(OUTPUT_WORDS[str(output)], *_share_cells(row))
    return table


def _one_target_chances(chances: xr.Dataset, target: str) -> Table:
    table = _table(f"{target}: chance of the sector to", BANDS)
    for outcome in chances["outcome"].values:
        row = chances.sel(target=target, outcome=outcome)
        table.add_row(CHANCE_WORDS[str(outcome)], *_chance_cells(row))
    return table


def _assumptions(assumptions: xr.Dataset, target: str) -> Table:
    row = assumptions.sel(target=target, outcome="sector")
    title = f"{target}: what the sector's chance goes with"
    table = _table(title, ("share of its spread", "rank correlation"))
    for name in _leading(row, SHOWN):
        one = row.sel(assumption=name)
        table.add_row(name, _percent(one, "share"), _correlation(one))
    return table


def _shared(assumptions: xr.Dataset, target: str) -> Iterator[str]:
    """Say how shares of assumptions that go together are to be read."""
    rest = assumptions.get("rest")
    if rest is None:
        return
    left = float(rest.sel(target=target, outcome="sector"))
    yield (
        "Some beliefs go together: what several of them explain in common is shared "
        "evenly between them (Shapley effects), so that nothing is counted twice."
    )
    if np.isfinite(left):
        yield f"{left:.0%} of the spread is what no sum of them explains."


# --- several targets ----------------------------------------------------------------


def _shares(shares: xr.Dataset) -> Table:
    groups = [str(name) for name in shares["group"].values]
    table = _table("sector achieves: variance", [*groups, "interactions"])
    for target in shares["target"].values:
        row = shares.sel(target=target, output="sector")
        table.add_row(str(target), *_share_cells(row))
    return table


def _chances(chances: xr.Dataset) -> Table:
    table = _table("chance of the sector to achieve", BANDS)
    for target in chances["target"].values:
        row = chances.sel(target=target, outcome="sector")
        table.add_row(str(target), *_chance_cells(row))
    return table


# --- cells --------------------------------------------------------------------------


def _table(first: str, titles: list[str] | tuple[str, ...]) -> Table:
    table = Table(show_edge=False, pad_edge=False, box=None, header_style="bold")
    table.add_column(first)
    for title in titles:
        table.add_column(title, justify="right")
    return table


def _share_cells(row: xr.Dataset) -> list[str]:
    if np.isnan(float(row["interaction"])):
        return ["too few draws differ"] + ["" for _ in row["group"].values]
    alone = [_percent(row.sel(group=name), "first_order") for name in row["group"]]
    return [*alone, _percent(row, "interaction")]


def _percent(row: xr.Dataset, name: str) -> str:
    # Adding 0 turns a rounded -0 into 0.
    whole, low, high = (
        round(100 * float(row[f"{name}{end}"])) + 0 for end in ("", "_low", "_high")
    )
    return f"{whole}% ({low} to {high})"


def _correlation(row: xr.Dataset) -> str:
    parts = [float(row[f"direction{end}"]) for end in ("", "_low", "_high")]
    return f"{parts[0]:+.2f} ({parts[1]:+.2f} to {parts[2]:+.2f})"


def _chance_cells(row: xr.Dataset) -> list[str]:
    whole = chance(row, "probability")
    if np.isnan(float(row["band"][0])):
        return [whole, "no spread seen", "", ""]
    futures = int(row.attrs["futures"])
    return [whole, *(_band_cell(row.isel(quantile=k), futures) for k in range(3))]


def _band_cell(row: xr.Dataset, futures: int) -> str:
    parts = [float(row[f"band{end}"]) for end in ("", "_low", "_high")]
    whole, low, high = (_seen(part, futures) for part in parts)
    return whole if low == high else f"{whole} ({low} to {high})"


def _seen(part: float, futures: int) -> str:
    """Write a chance; the futures of a belief show none nearer to 0 or 1 than one."""
    least = 1.0 / futures
    if part < least:
        return f"<{100 * least:.0f}%"
    if part > 1.0 - least:
        return f">{100 - 100 * least:.0f}%"
    return f"{100 * part:.0f}%"


def _leading(effects: xr.Dataset, number: int) -> list[str]:
    """Name the assumptions with the largest shares, if above 0 beyond noise."""
    share = effects["share"].fillna(-np.inf)
    order = np.argsort(-share.values, kind="stable")[:number]
    names = effects["assumption"].values[order]
    known = effects["share_low"].values[order] > 0.0
    return [str(name) for name, beyond in zip(names, known, strict=True) if beyond]


def _sentence(chances: xr.Dataset, target: str) -> str:
    row = chances.sel(target=target, outcome="sector")
    whole = f"{target}: {chance(row, 'probability')} that the sector achieves"
    if np.isnan(float(row["band"][0])):
        return f"{whole}; no spread over beliefs was seen."
    futures = int(chances.attrs["futures"])
    low, high = (_seen(float(row["band"][k]), futures) for k in (0, 2))
    middle = "the middle 80% of beliefs"
    if low == high:
        return f"{whole}; {low} throughout {middle}."
    return (
        f"{whole}, but between {low} and {high} depending on what is true ({middle})."
    )


# --- for a script -------------------------------------------------------------------


def as_records(found: Found, title: str, seed: int) -> dict[str, object]:
    """Give everything for a script: plain numbers, no rounding, None where unknown."""
    shares, chances, effects = (
        found[name] for name in ("shares", "chances", "assumptions")
    )
    return {
        "title": title,
        "seed": seed,
        "confidence": float(shares.attrs["confidence"]),
        "draws_of_each_run": int(shares.attrs["draws"]),
        "beliefs": int(chances.attrs["beliefs"]),
        "futures_of_each_belief": int(chances.attrs["futures"]),
        "groups": GROUP_WORDS,
        "targets": [
            {
                "target": str(name),
                "shares": _records(shares.sel(target=name), "output"),
                "chances": _records(chances.sel(target=name), "outcome"),
                "assumptions": _records(effects.sel(target=name), "outcome"),
            }
            for name in shares["target"].values
        ],
    }


def _records(values: xr.Dataset, by: str) -> dict[str, object]:
    """Nest numbers by a dimension, then by variable, then by what is left."""
    return {
        str(key): {
            str(name): _plain(one) for name, one in values.sel({by: key}).items()
        }
        for key in values[by].values
    }


def _plain(values: xr.DataArray) -> object:
    if values.ndim == 0:
        number = float(values)
        return number if np.isfinite(number) else None
    (dim,) = values.dims
    keys = values[dim].values
    return {
        f"{key:g}" if isinstance(key, float) else str(key): _plain(
            values.isel({dim: k})
        )
        for k, key in enumerate(keys)
    }
