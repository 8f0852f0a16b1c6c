"""The answer for some of the trusts: a system, a type, or trusts by their codes."""
