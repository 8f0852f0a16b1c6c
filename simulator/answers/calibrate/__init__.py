"""What the published record says of the beliefs, by simulation."""
