"""The years of a target: when it is first missed, what is missing, who is short."""
