"""How likely NHS trusts in England are to achieve a savings target.

>>> import simulator as sim
>>> run = sim.run("long-term-plan", draws=200)      # doctest: +SKIP
>>> run["sector_probability"].sel(outcome="measured")   # doctest: +SKIP
"""

import lazy_loader

# Names are fetched when they are first used, so that `simulator --help` waits for
# neither numba nor xarray; `__init__.pyi` says what stands where.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
