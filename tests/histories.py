"""Made histories of trusts' margins, of which the answer is known."""

import numpy as np

from simulator.population.imports.tac_tables import HELD_OUT, HISTORY

YEARS = tuple(year for year in range(2009, 2024) if year not in HELD_OUT)


def made(trusts=200, lasting=0.02, fading=0.015, memory=0.6, seed=1, noise=0.0):
    """A history with these spreads, fifteen years from 2009 on."""
    draw = np.random.default_rng(seed)
    stays = lasting * draw.normal(size=trusts)
    now = fading * draw.normal(size=trusts)
    found = {}
    for year in range(2009, 2024):
        own = stays + now + noise * draw.normal(size=trusts) + 0.01 * (year % 3)
        for row in range(trusts):
            if year not in HELD_OUT:
                kind = "acute" if row % 2 else "community"
                found[f"R{row:03}", year] = (kind, float(own[row]))
        fresh = fading * np.sqrt(1 - memory**2)
        now = memory * now + fresh * draw.normal(size=trusts)
    return found


def written(margins):
    rows = [",".join(HISTORY)]
    for (code, year), (kind, margin) in margins.items():
        rows.append(f"{code},{code},{kind},{year},100,{100 * margin},published")
    return "\n".join(rows)
