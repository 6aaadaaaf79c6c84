"""Values written in a text: dates, counts, sums, shares, times and measures, made comparable."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from functools import cache, lru_cache
from importlib.resources import files
from typing import Final, NamedTuple

from massilia.corpus.article import Language
from massilia.corpus.pattern import Pattern
from massilia.index.analysis import find_terms
from massilia.service.written_dates import (
    MONTH,
    MONTHS,
    days_of_year,
    fold,
    read_day,
    read_written_dates,
)

VALUES = "values.toml"
MOST_KEPT = 20_000
"""How many texts' values are kept: the same sentences are read for one question after another."""


class ValueKind(StrEnum):
    """Name what a value is one of."""

    DATE = "date"
    NUMBER = "number"
    ORDINAL = "ordinal"
    MONEY = "money"
    PERCENTAGE = "percentage"
    DURATION = "duration"
    MEASURE = "measure"


@dataclass(frozen=True, slots=True)
class Value:
    """Hold a value of `text[start:end]`, offsets in code points, so that others compare with it.

    `amount` counts `unit`: "274,6 M€" is 274600000 EUR, "two thirds" 66.6667 %, "49 ans" 588
    months, "95 ms" 0.095 s; a number and an ordinal have no unit. A date has `first` and `last`,
    its days; written without a year it has the unit "--11-29" (ISO 8601). `counted` holds the
    stems of the noun that a number counts, which `text[start:phrase_end]` includes.
    """

    kind: ValueKind
    start: int
    end: int
    amount: Decimal | None = None
    unit: str = ""
    first: date | None = None
    last: date | None = None
    counted: tuple[str, ...] = ()
    phrase_end: int = 0

    @property
    def key(self) -> tuple[object, ...]:
        """What equal values share, however and in whichever language they are written."""
        return self.kind, self.amount, self.unit, self.first, self.last


@lru_cache(MOST_KEPT)
def find_values(text: str, language: Language) -> tuple[Value, ...]:
    """Return the values of `text` in its order, none overlapping another.

    A number that is a part of a name or a code ("MRS3", "France 3", "2Africa") is none.
    """
    folded = fold(text)
    dates = list(_find_dates(text, folded, language))
    numbers = _share_units(list(_find_numbers(text, folded, language, dates)), folded)
    return tuple(sorted([*dates, *numbers], key=lambda value: value.start))


class _Unit(NamedTuple):
    unit: str
    kind: ValueKind
    factor: Decimal


@dataclass(frozen=True, slots=True)
class _Tables:
    """Hold what numbers are written with, and the patterns that find it."""

    number: Pattern
    multiplier_word: Pattern
    multiplier_symbol: Pattern
    unit_word: Pattern
    unit_symbol: Pattern
    words: Mapping[str, int]
    ordinals: Mapping[str, int]
    fractions: Mapping[str, Fraction]
    multipliers: Mapping[str, int]
    symbols: Mapping[str, int]
    unit_words: Mapping[str, _Unit]
    unit_symbols: Mapping[str, _Unit]


# "17 au 18 octobre", with or without its year; the year, if any, is read with the second day.
_DAYS_BEFORE: Final = Pattern(
    r"(?<![^\W_])(?P<day>[0-3]?[0-9])(?:er|st|nd|rd|th)?\s?(?:-|au|et|to|and)\s?(?:le\s)?\Z"
)
_DAY_AND_MONTH: Final = Pattern(
    rf"(?<![^\W_])(?:(?P<day>[0-3]?[0-9])(?:er|st|nd|rd|th)?\s(?:of\s)?(?P<month>{MONTH})"
    rf"|(?P<month_before>{MONTH})\s(?P<day_after>[0-3]?[0-9])(?:st|nd|rd|th)?)(?![^\W_])"
)
# Before 1900 a number is a year only where the text says so: written_dates reads none.
_OLD_YEAR: Final = Pattern(
    r"(?<![^\W_])(?:(?:(?P<day>[0-3]?[0-9])(?:er|st|nd|rd|th)?\s(?:of\s)?)?"
    rf"(?P<month>{MONTH}),?\s(?:de\s|of\s)?"
    r"|(?:en|in|depuis|since|vers|around|by|before|after|avant|apres|des|until|till|from|to"
    r"|jusqu'en|annee|year|debut|fin|early|late|entre|between)\s|\()"
    r"(?P<year>1[0-8][0-9][0-9])(?![^\W_]|[.,-]?[0-9]|\s?[%€$£²°]|\s[0-9]{3}|\s[a-z]+s\b)"
)

_DIGITS: Final = (
    r"[0-9]{1,3}(?:[ \u00a0\u202f][0-9]{3})+(?![0-9])(?:[.,][0-9]+)?|[0-9]+(?:[.,][0-9]+)*"
)
_GROUPS: Final = {Language.FRENCH: ".", Language.ENGLISH: ","}
# Runs into letters, a code or an address; "SeaMeWe-4", "1.2.3", "n° 4".
_ATTACHED_BEFORE: Final = Pattern(r"(?:[^\W\d_][-/.]?|[0-9][.,/:-]|[./@_#-]|n°\s?|\bno\.?\s)\Z")
_ATTACHED_AFTER: Final = Pattern(r"[^\W\d_]|[/:_@-][0-9]")
_ORDINAL_END: Final = Pattern(r"(?:er|re|ere|e|eme|ieme|nd|nde|st|rd|th|d)(?![^\W_])")
_CENTURY: Final = Pattern(r"\s(?:siecle|century)")
_NAME_BEFORE: Final = Pattern(r"[^\W\d_](?:[^\W_]|[-'])*\s\Z")
_SHARE_JOINT: Final = Pattern(r"\s?-\s?|\s(?:a|et|ou|to|and|or)\s(?:(?:de|d|of)\s)?")
# A noun follows at once, after "de" ("3 millions de visiteurs") or after what describes it.
_OPENING: Final = Pattern(r"\s(?:de\s|d'|of\s(?:the\s)?)?|-")
_WORD: Final = Pattern(r"[a-z](?:[a-z]|[-'](?=[a-z]))*")
_FRENCH_ADJECTIVE: Final = Pattern(
    r"(?:nouve|princip)(?:aux|lles|ales)|(?:grand|petit|jeune|autre|premier|premiere|dernier"
    r"|derniere|gros|grosse|ancien|ancienne|futur|future|different|differente|vrai|seul)s?"
)
# "10 paires de fibres", "41 000 emplois directs".
_FRENCH_COMPLEMENT: Final = Pattern(
    r"\s(?:d'|de\s)(?!ici\b|entre\b|plus\b|moins\b|son\b|ce\b)(?P<noun>[a-z]+)(?![^\W_]|')"
)
_FRENCH_AGREED: Final = Pattern(
    r"\s[a-z]+(?:iques|els|elles|aux|ales|ifs|ives|iers|aires|ects|ectes|eurs|ains|aines|ois|oises|iens|iennes|eres|ables|ibles|ents|entes|ants|antes)(?![^\W_]|')"
)
_ENGLISH_WORD: Final = Pattern(r"[^\W\d_](?:[^\W\d_]|[-'’](?=[^\W\d_]))*")
_PLURALS: Final = frozenset(["people", "staff", "men", "women", "children", "data", "media"])


@cache
def _load_tables(language: Language) -> _Tables:
    content = tomllib.loads(files("massilia.service").joinpath(VALUES).read_text(encoding="utf-8"))
    words = {word: number for number, word in enumerate(content["numbers"][language])}
    words |= content["tens"][language]
    ordinals = {word: rank for rank, word in enumerate(content["ordinals"][language], start=1)}
    if language is Language.FRENCH:
        ordinals |= {"premiere": 1, "second": 2, "seconde": 2}
    fractions = {word: Fraction(part) for word, part in content["fractions"].items()}
    multipliers = content["multipliers"]["words"]
    unit_words: dict[str, _Unit] = {}
    unit_symbols: dict[str, _Unit] = {}
    for each in content["unit"]:
        for table, name in ((unit_words, "words"), (unit_symbols, "symbols")):
            for written, factor in each.get(name, {}).items():
                table[written] = _Unit(each["unit"], ValueKind(each["kind"]), Decimal(factor))
    plain = _any_of([*words, *multipliers])
    joint = r"(?:-et-|-|\set\s|\sand\s|\s)"
    written = rf"(?:{plain})s?(?:{joint}(?:{plain})s?)*"
    return _Tables(
        number=Pattern(
            rf"(?<![^\W_])(?:(?P<ordinal>{_any_of(ordinals)})"
            rf"|(?P<words>{written})(?:\s|-)(?P<part>{_any_of(fractions)})s?"
            rf"|(?P<alone>moitie|half)|(?P<counted>{written}))(?![^\W_])"
            rf"|(?P<digits>{_DIGITS})"
        ),
        multiplier_word=Pattern(rf"\s(?P<name>{_any_of(multipliers)})s?(?![^\W_])"),
        multiplier_symbol=Pattern(
            rf"\s?(?P<name>{_any_of(content['multipliers']['symbols'])})(?=€|EUR|\s?d'euro|\s?\$)"
        ),
        unit_word=Pattern(rf"[\s-]?(?:d'|de\s|of\s)?(?P<name>{_plural_of(unit_words)})(?![^\W_])"),
        unit_symbol=Pattern(rf"\s?(?P<name>{_any_of(unit_symbols)})(?![^\W_]|[/²³])"),
        words=words,
        ordinals=ordinals,
        fractions=fractions,
        multipliers=multipliers,
        symbols=content["multipliers"]["symbols"],
        unit_words={_singular(word): unit for word, unit in unit_words.items()},
        unit_symbols=unit_symbols,
    )


def _any_of(names: Mapping[str, object] | list[str]) -> str:
    return "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))


def _plural_of(names: Mapping[str, object]) -> str:
    ordered = sorted(names, key=len, reverse=True)
    return "|".join(r"s?\s".join(map(re.escape, name.split())) + "s?" for name in ordered)


def _singular(name: str) -> str:
    return " ".join(word.rstrip("s") for word in name.split())


def _find_dates(text: str, folded: str, language: Language) -> Iterator[Value]:
    """Yield the dates; those of `read_written_dates` first, then those without a year."""
    taken: list[Value] = []
    for written in read_written_dates(text, language):
        first, start = written.first, written.start
        if written.first == written.last or folded[start].isdigit():
            before = _DAYS_BEFORE.search(folded, max(0, start - 12), start)
            earlier = before and read_day(first.year, first.month, int(before["day"]))
            if before and earlier and earlier[0] == earlier[1] < first:
                first, start = earlier[0], before.start()
        taken.append(
            Value(
                ValueKind.DATE,
                start,
                written.end,
                first=first,
                last=written.last,
                phrase_end=written.end,
            )
        )
    for year in _OLD_YEAR.finditer(folded):
        number = int(year["year"])
        days = days_of_year(number, number)
        start = year.start("year")
        if year["month"]:
            month = MONTHS[year["month"]]
            days = read_day(number, month, int(year["day"]) if year["day"] else None) or days
            start = year.start("day") if year["day"] else year.start("month")
        taken.append(
            Value(
                ValueKind.DATE,
                start,
                year.end(),
                first=days[0],
                last=days[1],
                phrase_end=year.end(),
            )
        )
    yield from taken
    for day in _DAY_AND_MONTH.finditer(folded):
        start, end = day.span()
        if day["month"] == "mars" and language is Language.ENGLISH:
            continue
        number = int(day["day"] or day["day_after"])
        month = MONTHS[day["month"] or day["month_before"]]
        exact = read_day(2000, month, number)
        if exact is None or exact[0] != exact[1] or _meets(taken, start, end):
            continue
        name = f"--{month:02}-{number:02}"
        before = _DAYS_BEFORE.search(folded, max(0, start - 12), start)
        if before and 0 < int(before["day"]) < number:
            start, name = before.start(), f"--{month:02}-{int(before['day']):02}/{number:02}"
        yield Value(ValueKind.DATE, start, end, unit=name, phrase_end=end)


def _meets(values: list[Value], start: int, end: int) -> bool:
    return any(value.start < end and start < value.end for value in values)


def _find_numbers(
    text: str, folded: str, language: Language, dates: list[Value]
) -> Iterator[tuple[Value, Decimal]]:
    """Yield the numbers with the factor that their multipliers and units come to."""
    tables = _load_tables(language)
    end = 0
    for number in tables.number.finditer(folded):
        if number.start() < end or _meets(dates, *number.span()):
            continue
        if number["digits"]:
            read = _read_digits(text, folded, number, language, tables)
        else:
            read = _read_words(folded, number, tables)
        if read is None or read[0].start < end:  # "12 $ 14": the sign is the first one's
            continue
        value, factor = _read_unit(text, folded, *read, tables)
        if value.kind is ValueKind.NUMBER:
            value = _read_counted(text, folded, value, language)
            if _names(text, number) or folded[value.start : value.end] in _ARTICLES:
                continue
        elif value.kind is ValueKind.ORDINAL:
            value = _read_counted(text, folded, value, language)
        end = value.end
        yield replace(value, phrase_end=value.phrase_end or value.end), factor


_ARTICLES: Final = frozenset(("un", "one", "zero"))


def _names(text: str, number: re.Match[str]) -> bool:
    """Tell whether a small number belongs to the name before it: "France 3", "Phase 2"."""
    before = _NAME_BEFORE.search(text, max(0, number.start() - 30), number.start())
    return (
        len(number.group()) < 3
        and before is not None
        and before.start() > 0
        and before.group()[0].isupper()
    )


def _read_digits(
    text: str, folded: str, number: re.Match[str], language: Language, tables: _Tables
) -> tuple[Value, Decimal] | None:
    start, end = number.span()
    if _ATTACHED_BEFORE.search(text, max(0, start - 4), start):
        return None
    if ordinal := _ORDINAL_END.match(folded, end):
        if _CENTURY.match(folded, ordinal.end()) or not number.group().isdigit():
            return None
        rank = Decimal(number.group())
        return Value(ValueKind.ORDINAL, start, ordinal.end(), rank), Decimal(1)
    amount = _parse_digits(number.group(), language)
    if amount is None:
        return None
    currency = _CURRENCY.search(text, max(0, start - 4), start)
    end, factor = _read_multipliers(text, folded, end, tables, symbols=currency is not None)
    if currency:
        unit = tables.unit_symbols[currency[1]]
        return Value(unit.kind, currency.start(), end, amount * factor, unit.unit), factor
    attached = _ATTACHED_AFTER.match(text, end)
    if attached and not (
        tables.unit_symbol.match(text, end) or tables.unit_word.match(folded, end)
    ):
        return None
    return Value(ValueKind.NUMBER, start, end, amount * factor), factor


def _parse_digits(written: str, language: Language) -> Decimal | None:
    digits = re.sub(r"\s", "", written)
    separators = [character for character in digits if not character.isdigit()]
    if not separators:
        return Decimal(digits)
    last = separators[-1]
    grouped = all(len(part) == 3 for part in re.split("[.,]", digits)[1:])
    if len(set(separators)) > 1:
        whole, decimals = digits.rsplit(last, 1)
        return Decimal(re.sub("[.,]", "", whole) + "." + decimals)
    if grouped and (len(separators) > 1 or last == _GROUPS[language]):
        return Decimal(digits.replace(last, ""))
    return None if len(separators) > 1 else Decimal(digits.replace(last, "."))


_CURRENCY: Final = Pattern(r"(US\$|\$|€|£)\s?\Z")
_PREFIXED: Final = Pattern(r"\s?(?P<name>bn|m|M|k|K|B|Md)(?![^\W_])")


def _read_multipliers(
    text: str, folded: str, end: int, tables: _Tables, *, symbols: bool
) -> tuple[int, Decimal]:
    factor = Decimal(1)
    while word := tables.multiplier_word.match(folded, end):
        factor *= tables.multipliers[word["name"]]
        end = word.end()
    symbol = (_PREFIXED if symbols else tables.multiplier_symbol).match(text, end)
    if symbol and factor == 1:
        factor *= tables.symbols[symbol["name"]]
        end = symbol.end()
    return end, factor


def _read_words(
    folded: str, number: re.Match[str], tables: _Tables
) -> tuple[Value, Decimal] | None:
    start, end = number.span()
    if number["ordinal"]:
        rank = Decimal(tables.ordinals[number["ordinal"]])
        return Value(ValueKind.ORDINAL, start, end, rank), Decimal(1)
    if number["alone"]:
        return Value(ValueKind.PERCENTAGE, start, end, Decimal(50), "%"), Decimal(1)
    amount = _add_up(re.split(r"[\s-]+", number["words"] or number["counted"]), tables)
    if amount is None:
        return None
    if number["part"]:
        share = Fraction(amount) * tables.fractions[number["part"]] * 100
        percent = round(Decimal(share.numerator) / Decimal(share.denominator), 4).normalize()
        return Value(ValueKind.PERCENTAGE, start, end, percent, "%"), Decimal(1)
    # The last word's multiplier is what a number before it shares: "deux à trois millions".
    last = re.split(r"[\s-]+", number["counted"])[-1].removesuffix("s")
    factor = Decimal(tables.multipliers.get(last, 1))
    return Value(ValueKind.NUMBER, start, end, Decimal(amount)), factor


def _add_up(words: list[str], tables: _Tables) -> int | None:
    """Return what number words come to; None for "millions" or "hundreds" alone."""
    total = current = 0
    for place, word in enumerate(words):
        if word in ("et", "and"):
            continue
        singular = word if word in tables.words else word.removesuffix("s")
        multiplier = tables.multipliers.get(singular, 0)
        if multiplier and not place and singular not in ("cent", "mille"):
            return None
        if not place and word.endswith(("aines", "cents", "milles")):
            return None
        if multiplier >= 1000:
            total, current = total + (current or 1) * multiplier, 0
        elif multiplier:
            current = (current or 1) * multiplier
        elif singular == "vingt" and current % 100 == 4:
            current += 76  # quatre-vingts
        else:
            current += tables.words[singular]
    return total + current


def _read_unit(
    text: str, folded: str, value: Value, factor: Decimal, tables: _Tables
) -> tuple[Value, Decimal]:
    if value.unit or value.kind is not ValueKind.NUMBER or value.amount is None:
        return value, factor
    symbol = tables.unit_symbol.match(text, value.end)
    word = tables.unit_word.match(folded, value.end)
    if symbol:
        unit, end = tables.unit_symbols[symbol["name"]], symbol.end()
    elif word:
        unit, end = tables.unit_words[_singular(word["name"])], word.end()
    else:
        return value, factor
    amount = value.amount * unit.factor
    value = replace(value, kind=unit.kind, end=end, amount=amount, unit=unit.unit)
    return value, factor * unit.factor


def _read_counted(text: str, folded: str, value: Value, language: Language) -> Value:
    """Add the noun that follows, where it is a noun by its place: no name, no function word."""
    opening = _OPENING.match(folded, value.end)
    if opening is None:
        return value
    if language is Language.ENGLISH:
        nouns = _read_english_noun(text, opening.end())
    else:
        nouns = _read_french_noun(text, folded, opening.end())
    terms = [_find_term(folded[start:end], language) for start, end in nouns]
    stems = tuple(term for term in terms if term is not None)
    if not nouns or not stems:
        return value
    return replace(value, counted=stems, phrase_end=nouns[-1][1])


@lru_cache(maxsize=4096)
def _find_term(word: str, language: Language) -> str | None:
    return find_terms([word], language)[0]


def _read_french_noun(text: str, folded: str, start: int) -> list[tuple[int, int]]:
    while adjective := _FRENCH_ADJECTIVE.match(folded, start):
        if not folded.startswith(" ", adjective.end()):
            break
        start = adjective.end() + 1
    noun = _WORD.match(folded, start)
    if (
        noun is None
        or not text[start].islower()
        or _find_term(noun.group(), Language.FRENCH) is None
    ):
        return []
    words = [noun.span()]
    if (agreed := _FRENCH_AGREED.match(folded, noun.end())) and text[agreed.end() - 1].islower():
        words.append((agreed.start() + 1, agreed.end()))
    complement = _FRENCH_COMPLEMENT.match(folded, words[-1][1])
    if complement and text[complement.start() : complement.end()].islower():
        words.append(complement.span("noun"))
    return words


def _read_english_noun(text: str, start: int) -> list[tuple[int, int]]:
    """Return the words up to the first plural, at most four: "four fibre pairs"."""
    words: list[tuple[int, int]] = []
    for _ in range(4):
        word = _ENGLISH_WORD.match(text, start)
        if word is None or _find_term(word.group().lower(), Language.ENGLISH) is None:
            return []
        words.append(word.span())
        written = word.group().lower()
        if written in _PLURALS or (
            written.endswith("s") and not written.endswith(("ss", "us", "'s"))
        ):
            return words if text[word.start()].islower() else []
        if not text.startswith(" ", word.end()):
            return []
        start = word.end() + 1
    return []


def _share_units(numbers: list[tuple[Value, Decimal]], folded: str) -> Iterator[Value]:
    """Yield the values; a number joined to the next counts the same: "5 à 10 millions d'euros"."""
    for place, (value, _) in enumerate(numbers):
        following, factor = numbers[place + 1] if place + 1 < len(numbers) else (value, Decimal(1))
        if (
            value.kind is ValueKind.NUMBER
            and not value.counted
            and following.kind is not ValueKind.ORDINAL
            and _SHARE_JOINT.fullmatch(folded, value.end, following.start)
        ):
            yield replace(
                value,
                kind=following.kind,
                unit=following.unit,
                amount=(value.amount or 0) * factor,
                counted=following.counted,
            )
        else:
            yield value
