"""A run as one page that needs no network, for a screen and for paper."""
