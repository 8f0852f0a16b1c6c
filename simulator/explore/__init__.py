"""A local page that answers while a scenario is changed."""
