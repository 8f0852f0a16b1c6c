"""Published accounts of trusts, read into the tables that a population is built from."""
