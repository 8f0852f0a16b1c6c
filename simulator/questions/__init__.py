"""What an analyst asks beyond a run, where draws must be simulated to answer."""
