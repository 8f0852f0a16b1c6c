"""How fast the simulator is, beside peers that compute the same model."""
