"""How far each belief and lever moves an answer, by itself: a tornado."""
