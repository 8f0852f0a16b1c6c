"""A chance in plain words that always mean the same, beside its number."""

from typing import Final

# Intergovernmental Panel on Climate Change, Guidance note on consistent treatment of
# uncertainties (Mastrandrea et al., 2010), table 1: what each word means.
WORDS: Final = (
    (0.01, "exceptionally unlikely"),
    (0.10, "very unlikely"),
    (0.33, "unlikely"),
    (0.66, "about as likely as not"),
    (0.90, "likely"),
    (0.99, "very likely"),
    (1.00, "virtually certain"),
)
SCALE: Final = (
    "Words for chances: exceptionally unlikely below 1%, very unlikely below 10%, "
    "unlikely below 33%, about as likely as not from 33% to 66%, likely above 66%, "
    "very likely above 90%, virtually certain above 99%."
)


def likely(chance: float) -> str:
    """Say how likely something is; its interval is to stand beside the word.

    >>> likely(0.62), likely(0.05)
    ('about as likely as not', 'very unlikely')
    """
    return next(word for most, word in WORDS if chance <= most)
