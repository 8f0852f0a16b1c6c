"""Two or more runs on the same draws: what differs, and whether it is clear."""
