from . import plots as plots
from .answers.calibrate.table import calibrate as calibrate
from .answers.chances.simulate import chances as chances
from .answers.compare.simulate import Comparison as Comparison
from .answers.explain.paper import Explanation as Explanation
from .answers.groups.estimate import group_chances as group_chances
from .answers.headline.estimate import headline as headline
from .answers.hindcast.simulate import hindcast as hindcast
from .answers.plan.simulate import Forecast as Forecast
from .answers.plan.simulate import plan as plan
from .answers.sweep.simulate import sweep as sweep
from .answers.target.estimate import highest_rate as highest_rate
from .answers.target.regret import regret as regret
from .answers.target.simulate import curve as curve
from .answers.tornado.simulate import tornado as tornado
from .answers.uncertainty.simulate import Uncertainty as Uncertainty
from .assurance.writing import assure as assure
from .errors import PopulationError as PopulationError
from .errors import Problems as Problems
from .errors import RunFileError as RunFileError
from .errors import ScenarioError as ScenarioError
from .errors import SimulatorError as SimulatorError
from .face import build_population as build_population
from .face import compare as compare
from .face import explain as explain
from .face import export as export
from .face import futures as futures
from .face import path as path
from .face import requires as requires
from .face import target as target
from .face import uncertainty as uncertainty
from .face import verify as verify
from .face import why as why
from .face import worth as worth
from .page.look import Look as Look
from .page.look import look as look
from .page.writing import report as report
from .population.imports.persistence import margin_persistence as margin_persistence
from .population.imports.tac_tables import read_accounts as read_accounts
from .population.load import load_population as load_population
from .population.model import Population as Population
from .runfile.opening import open as open  # noqa: A004 - as it is called in public
from .running.array import Part as Part
from .running.array import join as join
from .running.array import part as part
from .running.runs import run as run
from .running.save import save as save
from .running.verify import Verdict as Verdict
from .scenario.load import Loaded as Loaded
from .scenario.load import load_scenario as load_scenario
from .statistics.intervals import wilson as wilson
from .version import __version__ as __version__

__all__ = [
    "Comparison",
    "Explanation",
    "Forecast",
    "Loaded",
    "Look",
    "Part",
    "Population",
    "PopulationError",
    "Problems",
    "RunFileError",
    "ScenarioError",
    "SimulatorError",
    "Uncertainty",
    "Verdict",
    "__version__",
    "assure",
    "build_population",
    "calibrate",
    "chances",
    "compare",
    "curve",
    "explain",
    "export",
    "futures",
    "group_chances",
    "headline",
    "highest_rate",
    "hindcast",
    "join",
    "load_population",
    "load_scenario",
    "look",
    "margin_persistence",
    "open",
    "part",
    "path",
    "plan",
    "plots",
    "read_accounts",
    "regret",
    "report",
    "requires",
    "run",
    "save",
    "sweep",
    "target",
    "tornado",
    "uncertainty",
    "verify",
    "why",
    "wilson",
    "worth",
]
