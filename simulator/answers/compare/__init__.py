"""Two or more runs on the same draws: what differs, and whether that can be told."""
