"""The highest target that has a given chance."""
