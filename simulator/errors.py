"""The few errors an analyst can meet, each as `place: problem; remedy`."""

from collections.abc import Mapping, Sequence


class SimulatorError(Exception):
    """Something the analyst can put right.

    Parameters
    ----------
    place
        Where it is: a key path, a file, a line and column.
    problem
        What is wrong, with the offending value.
    remedy
        What would be right; empty where the problem says it.
    """

    def __init__(self, place: str, problem: str, remedy: str = "") -> None:
        super().__init__(place, problem, remedy)
        self.place = place
        self.problem = problem
        self.remedy = remedy
        self.found: Mapping[str, object] = {}
        """What a command found all the same, for a script."""

    def __str__(self) -> str:
        """Read as one line."""
        said = f"{self.place}: {self.problem}"
        return f"{said}; {self.remedy}" if self.remedy else said


class ScenarioError(SimulatorError):
    """A scenario file cannot be used."""


class PopulationError(SimulatorError):
    """A list of trusts cannot be used."""


class RunFileError(SimulatorError):
    """A run file cannot be written, read or trusted."""


class Problems(SimulatorError):  # noqa: N818 - it holds errors
    """Every problem found at once, so that one reading mends them all."""

    def __init__(self, problems: Sequence[SimulatorError]) -> None:
        first = problems[0]
        super().__init__(first.place, first.problem, first.remedy)
        self.problems = tuple(problems)

    def __str__(self) -> str:
        """Read as one line a problem."""
        return "\n".join(str(problem) for problem in self.problems)
