"""A run as tidy tables, in other programs' formats."""
