"""Random numbers: where each one stands, and the streams that they are read from."""
