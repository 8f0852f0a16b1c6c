"""How a problem is said: in the words of the file, never in those of the parser."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time
from difflib import get_close_matches
from typing import Final, NamedTuple

from pydantic_core import ErrorDetails, PydanticCustomError

REFUSED: Final = "refused"
UNKNOWN: Final = "unknown key"
MISSING: Final = "missing"
MISPLACED: Final = "misplaced"  # something of another kind stands there
LONGEST: Final = 40
LONGEST_KEY: Final = 100
_COMMA: Final = re.compile(r"[-+]?\d+,\d+")
_THOUSANDS: Final = re.compile(r"[-+]?[1-9]\d{0,2}(,\d{3})+")
CONTROLS: Final = ("Cc", "Cs", "Zl", "Zp")  # by Unicode category

Path = tuple[str, ...]


class Fault(NamedTuple):
    """One problem: the key path it is at, what is wrong and what would be right."""

    path: Path
    problem: str
    remedy: str = ""
    kind: str = ""
    """`UNKNOWN`, `MISSING`, `MISPLACED`, or none of these."""
    meant: str = ""
    """Of an unknown key, the one that was probably meant."""


def refuse(problem: str, remedy: str = "", kind: str = "") -> PydanticCustomError:
    """Make the error that a check raises inside a pydantic model; see `Fault`."""
    said = {"problem": problem, "remedy": remedy, "kind": kind}
    return PydanticCustomError(
        REFUSED, "{problem}; {remedy}" if remedy else "{problem}", said
    )


def say(value: object) -> str:
    """Say what stands where something else belongs."""
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return f"the number {figure(value)}"
        case str():
            return f"the text {quote(value)}" if value else "an empty text"
        case Mapping():
            return "a table"
        case list() | tuple():
            return "a list"
        case datetime() | date() | time():
            return f"the date {value}"
        case _:
            return "something else"


def control(text: str, besides: str = "") -> str:
    r"""Name the first character that steers a terminal or cannot be written, if any.

    Parameters
    ----------
    text
        Any text.
    besides
        Such characters that will do.

    Examples
    --------
    >>> control("two\tcells"), control("two cells")
    ('U+0009', '')
    """
    for character in text:
        if unicodedata.category(character) in CONTROLS and character not in besides:
            return f"U+{ord(character):04X}"
    return ""


def figure(value: float) -> str:
    """Write a number as it stands, cut where it is long."""
    try:
        return _short(str(value), LONGEST)
    except ValueError:  # Python writes no whole number of more than 4,300 digits
        return "of thousands of digits"


def decimal_comma(text: str) -> bool:
    """Say whether a text is a number with a comma for its point, not for thousands.

    Examples
    --------
    >>> decimal_comma("0,03"), decimal_comma("0,025"), decimal_comma("1,800")
    (True, True, False)
    """
    return bool(_COMMA.fullmatch(text)) and not _THOUSANDS.fullmatch(text)


def quote(text: str) -> str:
    """Put a text on one line, in quotes, cut where it is long."""
    return f"'{_short(' '.join(text.split()), LONGEST)}'"


def nearest(word: str, known: Iterable[str], all_called: str = "choose from") -> str:
    """Say which known name was probably meant, or list them all."""
    names = list(known)
    listed = f"{all_called}: {', '.join(names)}" if names else ""
    return meant(word, names) or listed


def meant(word: str, known: Iterable[str]) -> str:
    """Ask whether a known name was meant, where one is near."""
    close = near(word, known)
    return f"did you mean '{close}'?" if close else ""


def near(word: str, known: Iterable[str]) -> str:
    """Give the known name that is nearest to a word, if any is near."""
    return next(iter(get_close_matches(word, list(known), n=1)), "")


def dotted(path: Iterable[object]) -> str:
    """Write a key path as `--set` takes it; a key that cannot be one is made short."""
    return ".".join(_short(str(part), LONGEST_KEY) for part in path)


def table(path: Sequence[str]) -> str:
    """Name a table as its header does."""
    name = dotted(part for part in path if not part.isdigit())
    if not name:
        return "the top of the file"
    return f"[[{name}]]" if path[-1].isdigit() else f"[{name}]"


def translate(error: ErrorDetails, known: Iterable[str]) -> Fault:
    """Put one pydantic error in plain words.

    Parameters
    ----------
    error
        As pydantic gives it.
    known
        Keys of the table that the error is in, for the nearest valid name.

    Returns
    -------
    Fault
        With the key path of the file.
    """
    path = tuple(str(part) for part in error["loc"] if part != "[key]")
    said = error.get("ctx", {})
    if error["type"] == REFUSED:
        return Fault(path, said["problem"], said["remedy"], said["kind"])
    if error["type"] == "extra_forbidden":
        names = list(known)
        close = near(path[-1], names)
        return Fault(path, UNKNOWN, nearest(path[-1], names), UNKNOWN, close)
    if error["type"] == "missing":
        return Fault(path, MISSING, f"add it to {table(path[:-1])}", MISSING)
    if error["type"] == "too_short":
        return Fault(path, "is empty", "give at least one")
    what, remedy = _MUST_BE.get(error["type"], ("", ""))
    if what:
        named = remedy.format(table=table(path), key=path[-1] if path else "")
        problem = f"must be {what}, got {say(error['input'])}"
        return Fault(path, problem, named, MISPLACED)
    return Fault(path, f"{say(error['input'])} cannot stand here", _cut(error["msg"]))


def _short(text: str, longest: int) -> str:
    """Cut a text that is long, and write out what would steer a terminal."""
    short = text if len(text) <= longest else text[: longest - 3] + "..."
    return short.encode("unicode_escape").decode() if control(short) else short


def _cut(message: str) -> str:
    """Take the jargon off what pydantic says where there are no words for it here."""
    for start in ("Value error, ", "Assertion failed, ", "Input should "):
        message = message.removeprefix(start)
    return message[:1].lower() + message[1:]


_TABLE: Final = ("a table", "write {table} and its keys below it")
_LIST: Final = ("a list", "write {key} = [...], or [{table}] above each table")

_MUST_BE: Final[Mapping[str, tuple[str, str]]] = {
    "model_type": _TABLE,
    "model_attributes_type": _TABLE,
    "dict_type": _TABLE,
    "mapping_type": _TABLE,
    "tuple_type": _LIST,
    "list_type": _LIST,
    "string_type": ("text", "put it in quotes"),
    "bool_type": ("true or false", "write it without quotes"),
}
