"""Opening somebody else's run file: refuse it before it is read, if it is not sound.

HDF5 can hold more than a run needs: links to other files, data that stand elsewhere,
a few bytes that unfold into terabytes. And the library that reads it may crash on a
damaged file. So `check` looks at a file in a process of its own and says what is
wrong. The file says what it holds; the schema says what a run file may hold.
"""

from simulator.runfile.untrusted.child import check, checking, recognise
from simulator.runfile.untrusted.refusing import IS_SWEEP

__all__ = ["IS_SWEEP", "check", "checking", "recognise"]
