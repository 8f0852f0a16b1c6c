"""What a run of past years foretold, scored against what was published of them."""
