"""What would have to be true for a target to be likely."""
