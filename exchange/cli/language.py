"""Which of two texts a person reads: Chinese unless English was asked for by `--lang en` or YIDI_LANG=en.

Texts that are known when a command is defined (help) are written with `both` and picked when the help is shown; texts
that are made while a command runs are picked by `say`. Not here: names of states, always in both.
"""

from collections.abc import Mapping, Sequence
from contextvars import ContextVar

__all__ = ["both", "choose", "is_english", "pick", "say", "use"]

_SEPARATOR = "\x1e"
_english: ContextVar[bool] = ContextVar("english", default=False)


def both(chinese: str, english: str) -> str:
    """One text that `pick` takes apart again."""
    return f"{chinese}{_SEPARATOR}{english}"


def pick(text: str) -> str:
    chinese, found, english = text.partition(_SEPARATOR)
    return english if found and _english.get() else chinese


def say(chinese: str, english: str) -> str:
    return english if _english.get() else chinese


def is_english() -> bool:
    return _english.get()


def use(language: str) -> None:
    """`language`: en or zh, or a locale such as en_GB.UTF-8."""
    _english.set(language.lower().startswith("en"))


def choose(arguments: Sequence[str], environment: Mapping[str, str]) -> tuple[list[str], str]:
    """The arguments without `--lang X`, wherever it stands, and the language asked for."""
    kept: list[str] = []
    language = environment.get("YIDI_LANG", "zh")
    rest = iter(arguments)
    for argument in rest:
        if argument == "--":
            kept += [argument, *rest]
        elif argument == "--lang":
            language = next(rest, language)
        elif argument.startswith("--lang="):
            language = argument.removeprefix("--lang=")
        else:
            kept.append(argument)
    return kept, language
