"""Dates written in a text: years, and what refines them, in French and English."""

import re
from calendar import monthrange
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Final

from massilia.corpus.article import Language
from massilia.corpus.pattern import Pattern

YEARS: Final = range(1900, 2101)
"""A number outside them is not taken for a year."""

_WINDOW = 48
"""Characters read before a year that is refined: "deuxième semestre de l'année" has 29."""
_NEARBY = 24
"""Characters read on each side of any year, for a last word, a number or what it counts."""

# One character for one, so that positions in the folded text are positions in the text.
_FOLDED: Final = str.maketrans(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZàâäçéèêëîïôöùûüÀÂÄÇÉÈÊËÎÏÔÖÙÛÜ’ʼ\u2010\u2011–\u00a0\u202f",
    "abcdefghijklmnopqrstuvwxyzaaaceeeeiioouuuaaaceeeeiioouuu''---  ",
)
_WORD_ENDS: Final = str.maketrans("-',./", "     ")
MONTHS: Final[Mapping[str, int]] = MappingProxyType(
    {
        name: month
        for month, names in enumerate(
            (
                "janvier january janv jan",
                "fevrier february fevr feb",
                "mars march mar",
                "avril april avr apr",
                "mai may",
                "juin june jun",
                "juillet july juil jul",
                "aout august aug",
                "septembre september sept sep",
                "octobre october oct",
                "novembre november nov",
                "decembre december dec",
            ),
            start=1,
        )
        for name in names.split()
    }
)
# From the first day of the meteorological season to the last of the astronomical one. The winter
# of a year is its beginning to one writer and its end to another: the whole year is taken.
SEASONS: Final[Mapping[str, tuple[tuple[int, int], tuple[int, int]]]] = MappingProxyType(
    {
        "printemps": ((3, 1), (6, 21)),
        "spring": ((3, 1), (6, 21)),
        "ete": ((6, 1), (9, 23)),
        "summer": ((6, 1), (9, 23)),
        "automne": ((9, 1), (12, 21)),
        "autumn": ((9, 1), (12, 21)),
        "hiver": ((1, 1), (12, 31)),
        "winter": ((1, 1), (12, 31)),
    }
)
_PARTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        **dict.fromkeys(("debut", "early", "beginning", "start"), "early"),
        **dict.fromkeys(("milieu", "mi", "mid", "middle"), "mid"),
        **dict.fromkeys(("fin", "late", "end"), "late"),
        **dict.fromkeys(("premier", "premiere", "1er", "1re", "first", "1st"), "1"),
        **dict.fromkeys(("deuxieme", "second", "seconde", "2e", "2eme", "2d", "2nd"), "2"),
        **dict.fromkeys(("troisieme", "third", "3e", "3eme", "3rd"), "3"),
        **dict.fromkeys(("quatrieme", "fourth", "dernier", "4e", "4eme", "4th"), "4"),
    }
)
# Neighbours overlap: one writer's early 2021 is another's mid-2021.
_PARTS_OF_YEAR: Final[Mapping[str, tuple[int, int]]] = MappingProxyType(
    {
        "early": (1, 4),
        "mid": (4, 9),
        "late": (9, 12),
        "h1": (1, 6),
        "h2": (7, 12),
        "q1": (1, 3),
        "q2": (4, 6),
        "q3": (7, 9),
        "q4": (10, 12),
    }
)
_PARTS_OF_DECADE: Final[Mapping[str, tuple[int, int]]] = MappingProxyType(
    {"early": (0, 4), "mid": (3, 7), "late": (5, 9), "h1": (0, 4), "h2": (5, 9)}
)
_PARTS_OF_MONTH: Final[Mapping[str, tuple[int, int]]] = MappingProxyType(
    {"early": (1, 11), "mid": (10, 21), "late": (20, 31)}
)


def _any_of(names: Mapping[str, object]) -> str:
    return "|".join(sorted(names, key=len, reverse=True))


MONTH: Final = rf"(?:{_any_of(MONTHS)})"
_YEAR: Final = Pattern(r"(?:19|20)[0-9][0-9]|2100")
_LINK: Final = r"(?:(?:de|du|des|of|la|le|les|the|annee|year|mois)\s|[dl]')"
# The Belle de Mai is a district of Marseille.
_BEFORE: Final = Pattern(
    rf"""(?<![^\W_])
    (?:(?P<part>debut|milieu|mi|fin|early|beginning|start|late|end|middle|mid)[\s-]{_LINK}{{0,4}}
      |(?P<nth>[1-4](?:ere?|re|eme|e|st|nd|rd|th|d)|premiere?|deuxieme|seconde?|troisieme|quatrieme
        |dernier|first|third|fourth)\s(?P<unit>trimestre|semestre|moitie|quarter|half)\s
        {_LINK}{{0,4}}
      |(?P<short>[qt][1-4]|[hs][12])\s{_LINK}{{0,4}}
    )?
    (?:(?<!belle\sde\s)(?:(?P<day>[0-9]{{1,2}})(?:er|st|nd|rd|th)?\s(?:of\s)?)?
        (?P<month>{MONTH})\.?(?:\s(?P<day_after>[0-9]{{1,2}})(?:st|nd|rd|th)?,?)?,?[\s-]{_LINK}{{0,3}}
      |(?P<season>{_any_of(SEASONS)})[\s-]{_LINK}{{0,3}}
      |(?P<decade>annees|decennie)\s
      |(?P<numbers>[0-9]{{1,2}}[/.])?(?P<last_number>[0-9]{{1,2}})[/.]
    )?\Z""",
    re.VERBOSE,
)
# The last word before a year that is refined. Most years follow "in" or "en", and are read faster.
_LEADING: Final = """
    annees decennie trimestre semestre moitie quarter half annee year mois
    de d du des l la le les of the
"""
_REFINING: Final = frozenset([*MONTHS, *SEASONS, *_PARTS, *_LEADING.split()])
_AFTER: Final = Pattern(
    r"(?:(?P<decade>s)"
    r"|-(?P<month>[01][0-9])-(?P<day>[0-3][0-9])"
    r"|\s?[-/]\s?(?P<end>(?:19|20)[0-9][0-9])"
    r"|[-/](?P<short_end>[0-9][0-9])"
    r")?(?![^\W_]|[.,/-]?[0-9]|\s?[%€$£²°])"
)
# Letters and digits run into the number, or it is a part of an amount, an address or a code.
_ATTACHED: Final = Pattern(r"(?:[^\W_]|[0-9][.,-]|[./@_€$£#]|[€$£#]\s|\bn°\s?|\bno\.?\s)\Z")
_AMOUNT_BEFORE: Final = (
    *("plus de ", "moins de ", "pres de ", "au moins ", "au plus ", "quelque ", "quelques "),
    *("more than ", "less than ", "fewer than ", "nearly ", "almost ", "at least ", "at most "),
)
_TIME_BEFORE: Final = Pattern(
    r"\b(?:en|in|depuis|since|avant|before|apres|after|post|annee|year|debut|fin|early|late|mid"
    r"|during)"
    r"[\s-](?:the\s)?\Z|\bthe\s\Z"
)
# Plurals alone: "a 2016 project" is one of that year.
_COUNTED_AFTER: Final = Pattern(
    r"\s(?:nouveaux |nouvelles |new |petites |small )?(?:people|staff|"
    r"(?:salarie|employe|emploi|poste|personne|agent|habitant|etudiant|eleve|doctorant|chercheur"
    r"|visiteur|participant|adherent|membre|signature|entreprise|societe|startup|start-up|firme"
    r"|projet|serveur|baie|logement|licenciement|metre|kilometre|euro|dollar|million|milliard"
    r"|heure|jour|tonne|employee|worker|job|position|person|inhabitant|resident|student"
    r"|researcher|visitor|attendee|member|compani|firm|business|project|server|rack|home|meter"
    r"|mile|hour|day|week|year|time|ton|an|annee|semaine)e?s)\b"
    r"|\s(?:k?m[23]?|ha|[kmgt]w[hc]?|[kmgt]bps|[kmgt]bit/s|kv|eur|usd|fois)\b"
)


@dataclass(frozen=True, slots=True)
class WrittenDate:
    """Hold a date as a text gives it: its first and last day, and where it is written.

    `start` and `end` are offsets in code points, the end excluded.
    """

    first: date
    last: date
    start: int
    end: int


def fold(text: str) -> str:
    """Return `text` in lower case without French accents, each character in its place."""
    return text.translate(_FOLDED)


def read_written_dates(
    text: str, language: Language, years: range = YEARS
) -> Iterator[WrittenDate]:
    """Yield the dates of `text` that name their year, in the text's order.

    Only those whose year, or first year, is one of `years`. A number that counts something, or is
    a part of another number or of a code, is no year.
    """
    end = 0
    for year in _YEAR.finditer(text):
        if year.start() < end or int(year.group()) not in years:
            continue
        if (written := _read_date(text, year, language)) is not None:
            end = written.end
            yield written


def days_of_year(first: int, last: int) -> tuple[date, date]:
    """Return the first and last day of the years `first` to `last`."""
    return date(first, 1, 1), date(last, 12, 31)


def days_of_months(year: int, first: int, last: int) -> tuple[date, date]:
    """Return the first and last day of a year's months `first` to `last`, counted from 1."""
    return date(year, first, 1), date(year, last, monthrange(year, last)[1])


def days_of_season(year: int, season: str) -> tuple[date, date]:
    """Return the first and last day of a season, named as in `SEASONS`."""
    (first, first_day), (last, last_day) = SEASONS[season]
    return date(year, first, first_day), date(year, last, last_day)


def read_day(year: int, month: int, day: int | None) -> tuple[date, date] | None:
    """Return the day as first and last; the whole month for a day it hasn't; None for no month."""
    if not 1 <= month <= 12:
        return None
    first, last = days_of_months(year, month, month)
    if day is None or not 1 <= day <= last.day:
        return first, last
    return first.replace(day=day), first.replace(day=day)


def _read_date(text: str, year: re.Match[str], language: Language) -> WrittenDate | None:
    head = fold(text[max(0, year.start() - _NEARBY) : year.start()])
    tail = fold(text[year.end() : year.end() + _NEARBY])
    after = _AFTER.match(tail)
    if after is None:
        return None
    start = max(0, year.start() - _WINDOW)
    words = head.translate(_WORD_ENDS).split()
    refined = words and (words[-1] in _REFINING or not words[-1].isalpha())  # 12th, Q1
    before = _BEFORE.search(fold(text[start : year.start()])) if refined else None
    if before and before["month"] == "mars" and language is Language.ENGLISH:
        before = None  # a planet
    if not (before and before["last_number"]) and _ATTACHED.search(head[-4:]):
        return None
    if not (before and before.group()) and _is_amount(year.group(), head, tail):
        return None
    days = _read_days(int(year.group()), before, after)
    if days is None:
        return None
    first = year.start() if before is None else start + before.start()
    return WrittenDate(*days, first, year.end() + after.end())


def _is_amount(number: str, head: str, tail: str) -> bool:
    if head.endswith(_AMOUNT_BEFORE):
        return True
    if not _COUNTED_AFTER.match(tail):
        return False
    # "The 2016 employees" are those of a year, "the 2000 employees" are many.
    time = _TIME_BEFORE.search(head)
    return time is None or (time.group() == "the " and number.endswith("00"))


def _read_days(
    year: int, before: re.Match[str] | None, after: re.Match[str]
) -> tuple[date, date] | None:
    if after["month"]:
        return read_day(year, int(after["month"]), int(after["day"]))
    if after["end"]:
        return days_of_year(year, max(year, int(after["end"])))
    if after["short_end"]:
        number = int(after["short_end"])
        if number > year % 100:  # 2021-22
            return days_of_year(year, year - year % 100 + number)
        return read_day(year, number, None)
    part = _read_part(before) if before else ""
    if after["decade"]:
        return None if year % 10 else _read_decade(year, part)
    if before is None or not before.group():
        return days_of_year(year, year)
    return _read_refined(year, part, before)


def _read_refined(year: int, part: str, before: re.Match[str]) -> tuple[date, date] | None:
    if before["decade"]:
        return days_of_year(year, year) if year % 10 else _read_decade(year, part)
    if before["season"]:
        return days_of_season(year, before["season"])
    if before["numbers"]:
        # The day comes first, in France and in Britain, unless it can't.
        day, month = int(before["numbers"][:-1]), int(before["last_number"])
        return read_day(year, day, month) if month > 12 else read_day(year, month, day)
    if before["last_number"]:
        return read_day(year, int(before["last_number"]), None)
    if not before["month"]:
        return days_of_months(year, *_PARTS_OF_YEAR.get(part, (1, 12)))
    month = MONTHS[before["month"]]
    if written_day := before["day"] or before["day_after"]:
        return read_day(year, month, int(written_day))
    first, last = days_of_months(year, month, month)
    from_day, to_day = _PARTS_OF_MONTH.get(part, (1, 31))
    return first.replace(day=from_day), last.replace(day=min(to_day, last.day))


def _read_decade(year: int, part: str) -> tuple[date, date]:
    first, last = _PARTS_OF_DECADE.get(part, (0, 9))
    return days_of_year(year + first, year + last)


def _read_part(before: re.Match[str]) -> str:
    if before["part"]:
        return _PARTS[before["part"]]
    if before["short"]:
        return before["short"].translate(str.maketrans("ts", "qh"))
    if before["nth"]:
        letter = "q" if before["unit"] in ("trimestre", "quarter") else "h"
        return letter + _PARTS[before["nth"].replace("1ere", "1re")]
    return ""
