"""Which futures of a run to look at, and what sets them apart."""
