"""Published accounts of trusts, read into tables to build a population from."""
