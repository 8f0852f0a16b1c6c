"""The run file and its parts: written, checked, hashed and opened."""
