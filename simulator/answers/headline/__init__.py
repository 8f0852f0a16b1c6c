"""How likely each target is, for whom, and at what price: the answer of a run."""
