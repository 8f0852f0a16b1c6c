"""A scenario over a grid, or a Latin hypercube, of levers and beliefs."""
