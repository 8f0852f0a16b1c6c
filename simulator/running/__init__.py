"""A run from beginning to end: prepared, put together, extended, verified."""
