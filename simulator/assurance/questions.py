"""The AQuA Book's questions, answered from what is known or left open.

HM Government, The AQuA Book: guidance on producing quality analysis, revised edition of
June 2025: what is expected at each of the four stages of an analysis. The questions are
put in our words.
"""

from typing import Final

from simulator.answers.headline import caveats
from simulator.answers.headline.estimate import in_brief
from simulator.answers.text import chance
from simulator.assurance import checks
from simulator.assurance.claims import MET, OPEN, Claim, Found, holds
from simulator.assurance.facts import Facts
from simulator.assurance.rap import NO_SOURCE
from simulator.page import answering, resting
from simulator.plots.words import with_draws

SCOPING: Final = "Engagement and scoping"
DESIGN: Final = "Design"
ANALYSIS: Final = "Analysis"
DELIVERY: Final = "Delivery, communication and sign-off"


def _question(facts: Facts) -> Found:
    return Found(MET, answering.question(facts.run, facts.target))


def _method(facts: Facts) -> Found:
    return holds(
        facts.has("docs/model.md"),
        "docs/model.md gives the model in words and equations, with its limits.",
        "docs/model.md is missing.",
        NO_SOURCE,
    )


def _plan(facts: Facts) -> Found:
    kinds = sorted({one.kind for one in facts.checks})
    if not kinds:
        return Found(OPEN, "Nothing was checked when this pack was written.")
    return Found(MET, f"What was checked now: {', '.join(kinds)}; see the log.")


def _sources_of_uncertainty(facts: Facts) -> Found:
    found = resting.listed(facts.run, facts.influences)
    count = int((~found["is_sure"]).sum())
    return holds(
        count > 0,
        f"{count} graded assumptions are uncertain, beside the luck of each year; "
        "levers have no distribution.",
        "No graded assumption is uncertain.",
        "",
    )


def _verification(facts: Facts) -> Found:
    failed = [one.question for one in facts.checks if not one.passed]
    if not facts.checks:
        return Found(OPEN, "Nothing was checked when this pack was written.")
    return holds(
        not failed,
        f"All {len(facts.checks)} checks in the log passed.",
        f"Failed: {'; '.join(failed)}.",
        "",
    )


def _tests(facts: Facts) -> Found:
    return holds(
        checks.passed(facts.checks, checks.TESTS),
        "The fast tests passed: closed forms, a second implementation, made data.",
        "The fast tests failed.",
        "Not run when this pack was written: add --tests, in a checkout.",
    )


def _data(facts: Facts) -> Found:
    about = str(facts.run.attrs["population_about"])
    return Found(OPEN, f"{about} Whether that will do is for the commissioner to say.")


def _validated(facts: Facts) -> Found:
    return Found(OPEN, "Not scored when this pack was written; the command does it.")


def _logged(facts: Facts) -> Found:
    found = resting.listed(facts.run, facts.influences)
    bare = found.loc[found["source"].isna(), "name"].tolist()
    return holds(
        not bare,
        f"All {len(found)} graded assumptions have a source and a grade.",
        f"Without a source: {', '.join(bare)}.",
        "",
    )


def _sensitivity(facts: Facts) -> Found:
    if facts.influences is None:
        return Found(OPEN, "Not simulated: leave out --quick.")
    count = int(facts.influences["clear"].sum())
    return Found(
        MET,
        f"Of {len(facts.influences)} uncertain assumptions, the influence of {count} "
        "on the chance stands out from noise; see the assumptions log.",
    )


def _quantified(facts: Facts) -> Found:
    row = in_brief(facts.run).sel(target=facts.target)
    draws = int(facts.run.attrs["draws"])
    said = with_draws(chance(row, "sector_probability"), draws)
    return Found(MET, f"Chance to achieve {facts.target}: {said}.")


def _limits(facts: Facts) -> Found:
    count = len(caveats.NOT_IN_THE_NUMBER)
    return Found(MET, f"{count} limits are listed before the answer on every page.")


def _again(facts: Facts) -> Found:
    return holds(
        checks.passed(facts.checks, checks.RERUN),
        "The whole run was made again from its file: every number is the same.",
        "The run made again has other numbers.",
        "The whole run was not made again: add --rerun.",
    )


QUESTIONS: Final = (
    Claim(
        SCOPING, "Is the question written down?", "simulator report RUN.h5", _question
    ),
    Claim(SCOPING, "Has the commissioner agreed to the specification?", "", None),
    Claim(
        SCOPING,
        "Which decision hangs on it, and how exact must the answer be?",
        "",
        None,
    ),
    Claim(
        SCOPING, "Are the business risk and the level of assurance agreed?", "", None
    ),
    Claim(DESIGN, "Is the method described?", "", _method),
    Claim(DESIGN, "Was it planned how to verify and validate it?", "", _plan),
    Claim(
        DESIGN,
        "Have sources of uncertainty been looked for?",
        "simulator uncertainty RUN.h5",
        _sources_of_uncertainty,
    ),
    Claim(DESIGN, "Has somebody independent reviewed the plan?", "", None),
    Claim(
        ANALYSIS,
        "Does the run give what its scenario says (verification)?",
        "simulator verify RUN.h5",
        _verification,
    ),
    Claim(
        ANALYSIS,
        "Does the code do what the method says (tests)?",
        'pytest -m "not slow"',
        _tests,
    ),
    Claim(ANALYSIS, "Can the whole run be repeated?", "simulator rerun RUN.h5", _again),
    Claim(
        ANALYSIS,
        "Would the model have foretold past years (validation)?",
        "simulator hindcast hindcast-2013",
        _validated,
    ),
    Claim(
        ANALYSIS,
        "Are the data fit for the purpose?",
        "simulator show RUN.h5 --full",
        _data,
    ),
    Claim(
        ANALYSIS,
        "Are assumptions logged with source and reliability?",
        "simulator show RUN.h5",
        _logged,
    ),
    Claim(
        ANALYSIS,
        "Is it known which assumptions matter?",
        "simulator uncertainty RUN.h5",
        _sensitivity,
    ),
    Claim(
        ANALYSIS,
        "Is the uncertainty of the answer given in numbers?",
        "simulator show RUN.h5",
        _quantified,
    ),
    Claim(ANALYSIS, "Has the code been reviewed by somebody else?", "", None),
    Claim(
        DELIVERY,
        "Is it said what the analysis can not be used for?",
        "simulator show RUN.h5 --full",
        _limits,
    ),
    Claim(DELIVERY, "Is there a date after which it is to be reviewed?", "", None),
    Claim(DELIVERY, "Have ethics and other concerns been considered?", "", None),
    Claim(
        DELIVERY, "Has an assurer reviewed it, and an approver signed it off?", "", None
    ),
)
