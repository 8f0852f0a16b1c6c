"""What an analyst asks: a scenario file, read, checked and laid on its layers."""
