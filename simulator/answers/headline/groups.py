"""What of a run file the answer is read from: known before the file is opened."""

from typing import Final

from simulator.schema import RECORD

# What the median trust plans and saves, as answers call it: bands of trusts.
PLANNED: Final = {
    "planned": "trust_ask_rate",
    "recurrent": "trust_recurrent_rate",
    "one_off": "trust_nonrecurrent_rate",
}
_BANDS: Final = tuple(f"/bands/{name}" for name in PLANNED.values())
BRIEF: Final = ("/", *_BANDS, "/provenance", RECORD)
FULL: Final = ("/", "/sector", "/bands", "/drivers", "/provenance", RECORD)
