"""What it would be worth to know more of what is believed: value of information."""
