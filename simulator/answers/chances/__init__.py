"""The chances before and after the published record is read."""
