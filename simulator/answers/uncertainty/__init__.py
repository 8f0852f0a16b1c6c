"""What is belief and what is luck, and which belief moves the answer."""
