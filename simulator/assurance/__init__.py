"""What a reviewer asks for: what was checked, what it rests on, what is still open."""
