"""The sections of a page, in the order in which a reader asks."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import pandas as pd
import xarray as xr

from simulator.answers.compare.report import verdicts
from simulator.answers.compare.simulate import Comparison
from simulator.answers.headline import beside, caveats
from simulator.answers.headline.estimate import headline
from simulator.answers.uncertainty.simulate import Uncertainty
from simulator.answers.why.report import notes as notes_of_causes
from simulator.answers.why.simulate import Explanation
from simulator.page import answering, resting, verbal
from simulator.page.parts import Commands, Part, Points, Section, Table, Words
from simulator.page.pictures import picture
from simulator.plots import (
    asked_delivered,
    belief_tornado,
    cause_waterfall,
    chance_curve,
    course_path,
    fan_chart,
    record_hindcast,
    run_comparison,
    trust_dots,
)
from simulator.plots.words import plain
from simulator.schema import TRUST_TYPES

ITEM: Final = "  - "  # with which the items of a list begin
LEFT_OUT: Final = (
    "Why the target is missed, what its chance hangs on, and whether the model would "
    "have foretold past years must be simulated first. Write the report without "
    "--quick, or type:"
)


class Found(NamedTuple):
    """All that a page tells of."""

    file: str
    run: xr.DataTree
    targets: tuple[str, ...]
    """Those with pictures of their own; the first is the one that the page is about."""
    explained: Explanation | None = None
    believed: Uncertainty | None = None
    hindcast: tuple[xr.Dataset, int] | None = None
    """What was scored, and the number of its draws."""
    compared: Sequence[Comparison] = ()

    @property
    def target(self) -> str:
        """Name the target that the page is about."""
        return self.targets[0]


def sections(found: Found) -> list[Section]:
    """Give all sections of a page."""
    run = found.run
    parts = [
        Section(
            "question",
            "The question",
            (Words(answering.question(run, found.target)),),
        ),
        Section(
            "limits",
            "What is not in the number",
            (Points(answering.not_in_the_number(run)),),
        ),
        _answer(found),
        Section(
            "curve",
            "How likely, for how much",
            (picture(chance_curve.figure(run, found.target), "curve"),),
        ),
        _of_targets(found, "savings", "What is asked and what is delivered"),
        _of_targets(found, "years", "The five years"),
        _who(found),
        Section(
            "course",
            "When it is missed",
            (picture(course_path.figure(run, found.target), "course"),),
        ),
        _why(found),
        _hangs_on(found),
        _compared(found),
        _told_you_so(found),
        _opinion(found),
        _assumptions(found),
        _left_out(found),
        _provenance(found),
    ]
    return [part for part in parts if part is not None]


def _answer(found: Found) -> Section:
    answer = headline(found.run)
    first, *others = answering.sentences(found.run, answer, found.target)
    notes = caveats.notes(found.run)
    parts: list[Part] = [Words(first, strong=True), *(Words(line) for line in others)]
    parts += [
        answering.targets(found.run, answer),
        *(Words(line) for line in beside.said(found.run)),
        Words(answering.how_to_read(found.run)),
        Words(verbal.SCALE),
        *([Points(tuple(notes))] if notes else []),
    ]
    return Section("answer", "The answer", tuple(parts))


OF_TARGETS: Final = {
    "savings": asked_delivered.figure,
    "years": fan_chart.figure,
    "trusts": trust_dots.figure,
}


def _of_targets(found: Found, name: str, title: str) -> Section:
    """Draw the same of several targets; all but the first wait to be chosen."""
    return Section(name, title, tuple(_choice(found, name)), found.targets)


def _choice(found: Found, name: str) -> list[Part]:
    return [
        picture(
            OF_TARGETS[name](found.run, target),
            f"{name}-{k}",
            target=target,
            hidden=k > 0,
        )
        for k, target in enumerate(found.targets)
    ]


def _who(found: Found) -> Section:
    chances = trust_dots.chances(found.run, found.target)
    parts = [*_choice(found, "trusts"), _systems(chances), _trusts(chances, found)]
    return Section("trusts", "Who achieves it", tuple(parts), found.targets)


def _systems(chances: pd.DataFrame) -> Table:
    rows = []
    for system, own in chances.groupby("system"):
        middle = own.iloc[len(own) // 2]
        likely = int((own["probability"] >= 0.5).sum())
        said = trust_dots.said(middle)
        rows.append((str(system), str(len(own)), str(likely), said))
    return Table(
        "systems",
        "By system",
        ("system", "trusts", "likelier than not", "trust in the middle"),
        tuple(rows),
        folded=True,
    )


def _trusts(chances: pd.DataFrame, found: Found) -> Table:
    rows = tuple(
        (
            row["name"],
            row["trust"],
            plain(row["type"]),
            row["system"],
            trust_dots.said(row),
        )
        for _, row in chances.iterrows()
    )
    present = set(chances["type"])
    return Table(
        "every-trust",
        f"Every trust's chance to achieve {found.target}",
        ("trust", "code", "type", "system", "chance"),
        rows,
        words=4,
        folded=True,
        searched=True,
        choices=tuple(plain(kind) for kind in TRUST_TYPES if kind in present),
        chosen_by=2,
    )


def _why(found: Found) -> Section | None:
    if found.explained is None:
        return None
    parts: list[Part] = [
        picture(cause_waterfall.figure(found.explained, quantity), f"why-{quantity}")
        for quantity in ("delivered", "balance")
    ]
    notes = list(notes_of_causes(found.explained))
    without = [
        line.removeprefix(ITEM).partition(": ") for line in notes if ITEM in line
    ]
    lines = (line.replace(", in which:", ".") for line in notes if ITEM not in line)
    parts.append(Points(tuple(lines)))
    parts.append(
        Table(
            "yardsticks",
            "What is so without each cause",
            ("", "the yardstick"),
            tuple((first, last) for first, _, last in without),
            words=2,
            folded=True,
        )
    )
    return Section("why", "Why it is missed", tuple(parts))


def _hangs_on(found: Found) -> Section | None:
    title = "What it hangs on"
    if found.believed is None:
        return None
    influences = belief_tornado.influences(found.believed, found.target)
    if not influences["clear"].any():
        words = "No single assumption can be told from noise at this many draws."
        return Section("beliefs", title, (Words(words),))
    figure = belief_tornado.figure(found.believed, found.target)
    parts: list[Part] = [picture(figure, "beliefs")]
    first = resting.agenda(found.run, influences)
    parts += [] if first is None else [first]
    return Section("beliefs", title, tuple(parts))


def _compared(found: Found) -> Section | None:
    if not found.compared:
        return None
    parts: list[Part] = [picture(run_comparison.figure(found.compared), "compared")]
    for one in found.compared:
        lines = (*one.notes, *verdicts(one))
        if lines:
            parts.append(Points(tuple(line.removeprefix(ITEM) for line in lines)))
    return Section("compared", "Compared with other runs", tuple(parts))


def _told_you_so(found: Found) -> Section | None:
    title = "Would it have told you so?"
    if found.hindcast is None:
        return None
    scored, draws = found.hindcast
    figure = record_hindcast.figure(scored, draws=draws)
    return Section("hindcast", title, (picture(figure, "hindcast"),))


def _opinion(found: Found) -> Section | None:
    lines = tuple(Words(line) for line in caveats.comparison(found.run))
    return Section("opinion", "An opinion, for comparison", lines) if lines else None


def _assumptions(found: Found) -> Section:
    influences = None
    if found.believed is not None:
        influences = belief_tornado.influences(found.believed, found.target)
    parts = tuple(resting.assumptions(found.run, influences))
    return Section("assumptions", "What it rests on", parts)


def _left_out(found: Found) -> Section | None:
    if found.explained is not None:
        return None
    of = f"{found.file} --target '{found.target}'"
    lines = (f"simulator why {of}", f"simulator uncertainty {of}")
    parts = (Words(LEFT_OUT), Commands((*lines, "simulator hindcast hindcast-2013")))
    return Section("left-out", "What this page leaves out", parts)


def _provenance(found: Found) -> Section:
    return Section(
        "provenance",
        "Where it comes from, and how to check it",
        (
            Words(
                "The run file holds the scenario, the trusts and the seed: the same "
                "numbers come out again, to the last bit, on any machine."
            ),
            resting.to_verify(found.file),
            resting.made_from(found.run),
        ),
    )
