"""What a result is put down to, in parts that add up exactly."""
