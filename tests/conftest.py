"""What every test shares: one width, no time limit, the same examples in CI."""

import os

from hypothesis import settings

# The first example of a compiled function waits for its compilation, so a
# deadline would fail by chance.
settings.register_profile("project", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("project")

# A run in several processes may come with a width, and what commands print follows it.
os.environ.pop("COLUMNS", None)
