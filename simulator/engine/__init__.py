"""Drivers into the kernel, block by block, and what is counted of them."""
