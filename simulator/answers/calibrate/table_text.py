"""Beliefs given the record as the text of a table, with all that is said of it."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from simulator.answers.calibrate import calibrating, observed
from simulator.answers.calibrate.calibrating import Posterior
from simulator.answers.calibrate.observed import Observation
from simulator.running import fingerprint
from simulator.scenario import posterior, vintage


def to_text(
    about: Mapping[str, Any],
    found: Mapping[str, Posterior],
    rows: int,
    seed: int,
) -> str:
    """Write posteriors of each form of plans as a table; `about` says how made."""
    one = next(iter(found.values()))
    said: dict[str, Any] = {
        **about,
        "published_by": published_by(one),
        "fingerprint": fingerprint.fingerprint(),
        "record": record_digest(one.observations),
    }
    for form, given in found.items():
        said[form] = {
            "log_evidence": round(given.log_evidence, 2),
            "effective": round(given.effective, 1),
            "remembered": round(given.remembered, 3),
        }
    for form, given in found.items():
        said[f"narrowed_{form}"] = {
            path: round(share, 3)
            for path, share in calibrating.contraction(given).items()
        }
    said["columns_of_figures"] = [
        *("published", "error", "discrepancy", "counts", "date", "source"),
        *(f"{form} {what}" for form in found for what in ("mean", "sd")),
    ]
    said["figures"] = {
        o.name: [
            *(o.value, o.error, o.discrepancy, bool(one.fitted[k])),
            *(o.published, o.source),
            *(x for p in found.values() for x in _predicted(p, k)),
        ]
        for k, o in enumerate(one.observations)
    }
    carried = one.space.carried
    return posterior.to_text(
        said,
        {path: one.space.assumptions[path] for path in carried},
        {form: p.rows(rows, seed) for form, p in found.items()},
    )


def _predicted(of: Posterior, k: int) -> tuple[float, float]:
    """Give mean and standard deviation of a figure, luck with them, to five figures."""
    mean = float(of.weights @ of.foretold.mean[:, k])
    spread = of.weights @ (
        (of.foretold.mean[:, k] - mean) ** 2 + of.foretold.sd[:, k] ** 2
    )
    return float(f"{mean:.5g}"), float(f"{np.sqrt(spread):.5g}")


def published_by(of: Posterior) -> str:
    """Give the last day on which a figure that counts was published."""
    days = [
        vintage.last_day(o.published)
        for o, counts in zip(of.observations, of.fitted, strict=True)
        if counts and o.source != observed.THIS_PROJECT
    ]
    return max(days).isoformat()


def record_digest(observations: Sequence[Observation]) -> str:
    """Give a digest of the figures, their errors and the discrepancies."""
    text = json.dumps([list(o) for o in observations])
    return hashlib.sha256(text.encode()).hexdigest()[:16]
