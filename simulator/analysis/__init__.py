"""Answers from results: Dataset in, Dataset out."""
