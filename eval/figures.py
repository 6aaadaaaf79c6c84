"""Figures in a text, so that two languages can be compared: numbers, dates, amounts."""

import re
from collections import Counter

from massilia.corpus.article import Language

_MONTHS = {
    month: f"month {number}"
    for names in (
        "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
        "january february march april may june july august september october november december",
    )
    for number, month in enumerate(names.split(), start=1)
}
_SPACE = "[ \u00a0\u202f]"
_NUMBER = {
    Language.FRENCH: re.compile(rf"\d{{1,3}}(?:{_SPACE}\d{{3}})+(?!\d)(?:,\d+)?|\d+(?:[,.]\d+)?"),
    Language.ENGLISH: re.compile(r"\d{1,3}(?:,\d{3})+(?!\d)(?:\.\d+)?|\d+(?:\.\d+)?"),
}
# What makes a number of an amount larger: "2,3 milliards", "€2.3bn", "400 M€", "€342m".
_BILLION = re.compile(rf"{_SPACE}?(?:milliards?\b|Mds?\b|Md€|Md€|billion\b|bn\b)")
_MILLION = re.compile(rf"{_SPACE}?(?:millions?\b|M€|M\b)|m\b(?!²|³)")
# The month of May is told from the verb by what stands next to it.
_MONTH = re.compile(
    r"\b(?:" + "|".join(month for month in _MONTHS if month != "may") + r")\b"
    r"|\bMay(?= \d)|(?<=\d )May\b|(?<=\b[Ii]n )May\b|(?<=\bsince )May\b",
    re.IGNORECASE,
)


def find_figures(text: str, language: Language) -> Counter[str]:
    """Count the numbers and months of a text, written alike whatever the language.

    A thousands separator is dropped and a decimal comma becomes a point (names such as "2.0" keep
    theirs in French too); millions and billions are
    kept as such: 2,3 milliards and €2.3bn are both "2.3 billion". Numbers in letters don't count.
    """
    figures: Counter[str] = Counter()
    for match in _NUMBER[language].finditer(text):
        number = _normalise_number(match[0], language)
        if _BILLION.match(text, match.end()):
            number += " billion"
        elif _MILLION.match(text, match.end()):
            number += " million"
        figures[number] += 1
    for match in _MONTH.finditer(text):
        figures[_MONTHS[match[0].lower()]] += 1
    return figures


def _normalise_number(written: str, language: Language) -> str:
    if language is Language.FRENCH:
        number = re.sub(_SPACE, "", written).replace(",", ".")
    else:
        number = written.replace(",", "")
    whole, _, decimals = number.partition(".")
    decimals = decimals.rstrip("0")
    # Kept as written otherwise: 06 of a date and 007 of a file are not 6 and 7.
    return f"{whole}.{decimals}" if decimals else whole
