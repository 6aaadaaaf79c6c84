"""The dates of a question: what they say of the passages and articles that may answer it."""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Final

from massilia.corpus.article import Language
from massilia.corpus.pattern import Pattern
from massilia.index.filter import Filter
from massilia.service.written_dates import (
    MONTH,
    MONTHS,
    SEASONS,
    YEARS,
    days_of_months,
    days_of_season,
    days_of_year,
    fold,
    read_day,
    read_written_dates,
)

EVENTS = "events.toml"

_REACH = 60
"""Characters read before a date, for the words that bound it or speak of the press."""


class DateUse(StrEnum):
    """Name what a date of a question is for."""

    PREFERENCE = "preference"
    """Passages that mention a date within the span, or were published within it, come first."""
    FILTER = "filter"
    """The question speaks of what was published within the span: nothing else answers it."""
    NEWEST = "newest"
    """The question asks for the present state: what is dated latest comes first."""


@dataclass(frozen=True, slots=True)
class DateSpan:
    """Hold the days that a question speaks of, from `start` to `end`, both included.

    None leaves a side open. `text` is `question[text_start:text_end]`, in code points.
    """

    start: date | None
    end: date | None
    text: str
    text_start: int
    text_end: int
    use: DateUse


@dataclass(frozen=True, slots=True)
class _Moment:
    """Hold a span without its bounds' words; an event is a date only with them."""

    start: date
    end: date
    text_start: int
    text_end: int
    is_event: bool = False


NUMBERS: Final[Mapping[str, int]] = MappingProxyType(
    {
        name: number
        for number, names in enumerate(
            (
                "un une a an one",
                "deux two",
                "trois three",
                "quatre four",
                "cinq five",
                "six",
                "sept seven",
                "huit eight",
                "neuf nine",
                "dix ten",
            ),
            start=1,
        )
        for name in names.split()
    }
    | {"quinze": 15, "fifteen": 15, "vingt": 20, "twenty": 20}
)
_NUMBER: Final = rf"(?:[0-9]{{1,3}}|{'|'.join(NUMBERS)})"
_UNITS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "an": "year",
        "annee": "year",
        "year": "year",
        "decennie": "decade",
        "decade": "decade",
        "mois": "month",
        "month": "month",
        "semaine": "week",
        "week": "week",
        "jour": "day",
        "day": "day",
    }
)
_UNIT: Final = rf"(?:{'|'.join(sorted(_UNITS, key=len, reverse=True))})"
_PERIOD: Final = r"(?:annee|an|mois|semaine|year|month|week)"
_COUNTED: Final = rf"(?P<count>{_NUMBER})\s(?P<unit>{_UNIT})s?"
_NAMED: Final = rf"(?P<name>{MONTH}|{'|'.join(SEASONS)})"
# "Its last year" is of whatever it belongs to, and "this year" of the text with "-là".
_RELATIVE: Final = tuple(
    (kind, Pattern(pattern))
    for kind, pattern in (
        ("this", rf"\b(?:cette|ce|this)\s(?P<unit>{_PERIOD})\b(?!-la)"),
        ("last", rf"\b(?:l'|le\s|la\s)?(?P<unit>{_PERIOD})\s(?:derniere?|passee?)\b"),
        ("last", rf"(?<!\bthe\s)(?<!\bits\s)(?<!\btheir\s)\blast\s(?P<unit>{_PERIOD})\b(?!\sof\b)"),
        ("next", rf"\b(?:l'|le\s|la\s)?(?P<unit>{_PERIOD})\sprochaine?\b"),
        ("next", rf"(?<!\bthe\s)\bnext\s(?P<unit>{_PERIOD})\b(?!\sof\b)"),
        ("ago", rf"\bil\sy\sa\s(?:environ\s|deja\s|plus\sde\s)?{_COUNTED}\b"),
        ("ago", rf"\b{_COUNTED}\sago\b"),
        ("past", rf"\bdepuis\s(?:les\s)?{_COUNTED}\b"),
        (
            "past",
            rf"\b(?:au\scours\sdes|ces|des|les)\s(?P<count>{_NUMBER})\sderni(?:er|ere)s"
            rf"\s(?P<unit>{_UNIT})s?\b",
        ),
        (
            "past",
            rf"\b(?:(?:in|over|during|within|for)\s)?the\s(?:last|past)"
            rf"\s(?:(?P<count>{_NUMBER})\s)?(?P<unit>{_UNIT})s?\b(?!\sof\b)",
        ),
        ("past", r"\b(?:au\scours\sde\s)?la\sderniere\s(?P<unit>decennie)\b"),
        ("last name", rf"\b(?:l')?{_NAMED}\s(?:dernier|passe)\b"),
        ("last name", rf"\blast\s{_NAMED}\b(?!\s[0-9])"),
        ("yesterday", r"\b(?:hier|yesterday)\b"),
        ("decade", r"\bannees\s(?P<count>[3-9]0)\b(?!\s?[0-9%])"),
        ("decade", r"(?<![^\W_])(?P<count>[3-9]0)s\b"),
        ("century", r"\b(?:xxi|21)(?:e|eme|st)\s(?:siecle|century)\b"),
    )
)
_NEWEST: Final = Pattern(
    r"""\b(?:
    aujourd'hui\b(?!\sen\sfrance)|actuellement|actuel(?:le)?s?|a\sl'heure\sactuelle|a\sce\sjour
   |de\snos\sjours|recemment|dernierement|en\sce\smoment|ces\sderniers\s(?:temps|mois)
   |ces\sdernieres\sannees|(?:la|le|les|plus)\splus\srecente?s?|plus\srecente?s?
   |(?:aux?\s)?derni(?:eres\snouvelles|ers\schiffres|eres\sdonnees)|maintenant(?=\s?(?:[?.!,]|$))
   |latest|newest|most\srecent(?:ly)?|recently|currently|(?<!\busa\s)today|nowadays|these\sdays
   |at\spresent|right\snow|to\sdate|in\srecent\s(?:years|months)|at\slast\sreport
   |now(?=\s?(?:[?.!,]|$))|(?<=\bthe\s)current(?=\s[a-z])
    )\b""",
    re.VERBOSE,
)
_ARTICLE: Final = r"(?:(?:la|le|les|the|annee|year|mois|month|of|de|du)\s|l')"
_BOUND: Final = Pattern(
    rf"""(?<![^\W_])(?:
    (?P<since>depuis|since|a\spartir\sd[eu]s?|a\scompter\sd[eu]s?|pas\savant|not\sbefore)
   |(?P<after>apres|after|post|au-dela\sd[eu]s?|beyond)
   |(?P<before>avant|before|prior\sto|pre)
   |(?P<until>jusqu'(?:en|aux?|a)|until|till|up\sto|through)
   |(?P<during>pendant|durant|during|lors\sd[eu]s?|au\scours\sd[eu]s?|au\smoment\sd[eu]s?
     |a\sl'epoque\sd[eu]s?|at\sthe\stime\sof)
    )[\s-]{_ARTICLE}{{0,3}}\Z""",
    re.VERBOSE,
)
_WITHIN: Final = Pattern(
    r"\b(?:(?:back\s)?in|en|dans|on|aux?|a(?=\s(?:l'|la\s))|by|d'ici|vers|around|le)"
    r"\s(?:(?:la|les|annee|the\syear)\s|l')*\Z"
)
# An event without them is a subject, not a date, and must not hide the year in its name.
_EVENT_OPENING: Final = Pattern(
    rf"{_BOUND.pattern}|\b(?:entre|between|et|and|from|to)\s{_ARTICLE}{{0,3}}\Z", re.VERBOSE
)
_ONWARDS: Final = Pattern(r"\s(?:onwards?\b|on(?=\s?[?.!,]|\Z))")
_RANGE_OPENING: Final = Pattern(rf"\b(?:(?P<both>entre|between)|du|de|from)\s{_ARTICLE}{{0,2}}\Z")
_RANGE_JOINT: Final = Pattern(
    rf"\s(?:(?P<both>et|and)|a|aux?|to|until|till|through|jusqu'(?:en|aux?|a))\s{_ARTICLE}{{0,2}}"
    r"|\s?-\s?"
)
_LIST_JOINT: Final = Pattern(r"\s(?:et|and|ou|or)\s(?:de\s|of\s|from\s)?|,\s?")
# "From May to June 2021", "du 6 au 7 juin 2021": the year comes with the second.
_RANGE_WITHOUT_YEAR: Final = Pattern(
    r"\b(?:entre|between|du|de|from)\s(?:le\s|the\s)?"
    rf"(?:(?P<day>[0-9]{{1,2}})(?:er|st|nd|rd|th)?)?\s?(?P<month>{MONTH})?"
    r"\s(?:et|and|a|au|to|until)\s(?:le\s|the\s)?\Z"
)

# Of the words for the press, those that mean nothing else beside a date: not "coverage" (of a
# network), "médias" (a sector), "quotidien" (daily) or "paper" (of researchers).
_PRESS: Final = (
    r"(?:(?:press|newspaper|media)\s(?:articles?|coverage|reports?|cuttings?|clippings?)"
    r"|(?:coupures?|revues?)\sde\spresse|couverture\s(?:mediatique|de\spresse)"
    r"|articles?(?:\sde\s(?:presse|journal|journaux))?|(?<!de\s)presse|press|newspapers?|journaux"
    r"|reportages?|depeches?)"
    r"(?:\s(?:locale?|regionale?|nationale?|marseillaise?|economique|specialisee?)s?)?"
)
_PRINTED: Final = r"(?:publiee?s?|parue?s?|ecrite?s?|published|written|printed)"
_SAID: Final = (
    r"(?:di(?:sai(?:en)?t|t|sent)|ecri(?:vai(?:en)?t|t|vent)|racontai(?:en)?t|annoncai(?:en)?t"
    r"|affirmai(?:en)?t|say|says|said|saying|write|writes|wrote|writing|report|reported|reporting"
    r"|claim|claimed|announce|announced)"
)
_PUBLISHED_BEFORE: Final = Pattern(
    rf"""(?<![^\W_])(?:
    {_PRESS}(?:\s(?:qui\sont\s|that\swere\s)?(?:{_PRINTED}|datee?s?|datant|dated|dating))?
   |(?:{_PRESS}|papers|journalists|journalistes)\s{_SAID}
   |{_SAID}\s(?:de\s)?(?:la|les|the)\s(?:{_PRESS}|journalistes)
   |(?:only|uniquement|seulement|what\swas|what\shas\sbeen|ce\squi\sa\sete|t-on)\s{_PRINTED}
   |\A{_PRINTED}
    )\s(?:(?:du|de|des|of|from)\s)?\Z""",
    re.VERBOSE,
)
_PUBLISHED_AFTER: Final = Pattern(
    r"(?:'s)?\s(?:(?:press|newspaper|media)\s(?:articles?|coverage|reports?)"
    r"|articles?|newspapers?)\b"
    rf"|,\s(?:que|what)\s(?:did\s|was\s)?"
    rf"(?:{_SAID}\s(?:la|les)\s{_PRESS}|the\s(?:{_PRESS}|papers)\s{_SAID})\b"
)
_COUNTING: Final = Pattern(
    r"\b(?:combien\s|nombre\s|how\smany\s|number\s)(?:d'|de\s|of\s)?(?:\w+\s)?\Z"
)


def read_date_spans(question: str, language: Language, today: date) -> tuple[DateSpan, ...]:
    """Return the dates that `question` names, in its order; relative ones are counted from `today`.

    Dates of both languages are read; `language` decides what "mars" is. What can't be placed in
    time without the questions before ("the year after", "on 12 June") isn't read.
    """
    folded = fold(question)
    moments = _join_ranges(_read_moments(question, folded, language, today), folded)
    spans: list[DateSpan] = []
    for moment in moments:
        span = _read_span(question, folded, moment)
        if span is None:
            continue
        # "Articles of 2016 and 2017": what holds for one date of a list holds for the next.
        if spans and _LIST_JOINT.fullmatch(folded, spans[-1].text_end, span.text_start):
            span = replace(span, use=spans[-1].use)
        spans.append(span)
    for newest in _NEWEST.finditer(folded):
        start, end = newest.span()
        if all(end <= span.text_start or span.text_end <= start for span in spans):
            spans.append(DateSpan(None, today, question[start:end], start, end, DateUse.NEWEST))
    return tuple(sorted(spans, key=lambda span: span.text_start))


def narrow_filter(within: Filter, dates: Sequence[DateSpan]) -> Filter | None:
    """Return a filter that also asks for publication within the dates that are filters.

    Several are taken together: from the first day to the last. None where that leaves no day.
    """
    filters = [span for span in dates if span.use is DateUse.FILTER]
    if not filters:
        return within
    first = max(min(span.start or date.min for span in filters), within.published_from or date.min)
    last = min(max(span.end or date.max for span in filters), within.published_to or date.max)
    if first > last:
        return None
    return replace(
        within,
        published_from=None if first == date.min else first,
        published_to=None if last == date.max else last,
    )


def mentions_date_within(text: str, span: DateSpan) -> bool:
    """Tell whether `text` names a day, month, year or longer time that shares a day with `span`."""
    # A decade begins nine years before its last.
    first = YEARS.start if span.start is None else span.start.year - 9
    last = YEARS[-1] if span.end is None else span.end.year
    return any(
        (span.end is None or written.first <= span.end)
        and (span.start is None or span.start <= written.last)
        for written in read_written_dates(text, Language.FRENCH, range(first, last + 1))
    )


def _read_moments(question: str, folded: str, language: Language, today: date) -> list[_Moment]:
    """Return the times named, in the question's order; where two overlap, the longer one."""
    names, days_of = _load_events()
    found = [
        _Moment(written.first, written.last, written.start, written.end)
        for written in read_written_dates(question, language)
    ]
    for kind, pattern in _RELATIVE:
        for match in pattern.finditer(folded):
            if days := _read_relative(kind, match, today):
                found.append(_Moment(*days, *match.span()))
    for match in names.finditer(folded):
        if _search_before(_EVENT_OPENING, folded, match.start()):
            found.append(_Moment(*days_of[match.group()], *match.span(), is_event=True))
    found.sort(key=lambda moment: (moment.text_start, -moment.text_end))
    kept: list[_Moment] = []
    for moment in found:
        if not kept or moment.text_start >= kept[-1].text_end:
            kept.append(moment)
    return kept


def _join_ranges(moments: list[_Moment], folded: str) -> Iterator[_Moment]:
    """Yield the moments, those that the text joins ("between ... and ...") as one."""
    waiting: _Moment | None = None
    for moment in moments:
        joined = waiting and _join(waiting, moment, folded)
        if waiting and not joined:
            yield waiting
        waiting = joined or _open_range(moment, folded)
    if waiting:
        yield waiting


def _join(first: _Moment, second: _Moment, folded: str) -> _Moment | None:
    joint = _RANGE_JOINT.fullmatch(folded, first.text_end, second.text_start)
    if joint is None or first.start > second.end:
        return None
    opening = _search_before(_RANGE_OPENING, folded, first.text_start)
    if joint["both"] and not (opening and opening["both"]):
        return None  # "in 2016 and 2020" is twice a year
    start = opening.start() if opening else first.text_start
    return _Moment(first.start, second.end, start, second.text_end)


def _search_before(pattern: Pattern, folded: str, end: int) -> re.Match[str] | None:
    return pattern.search(folded, max(0, end - _REACH), end)


def _open_range(moment: _Moment, folded: str) -> _Moment:
    """Return the moment, from an earlier day or month on if the text says so without a year."""
    opening = _search_before(_RANGE_WITHOUT_YEAR, folded, moment.text_start)
    if opening is None or (moment.start.month != moment.end.month and not opening["month"]):
        return moment
    month = MONTHS[opening["month"]] if opening["month"] else moment.start.month
    days = read_day(moment.start.year, month, int(opening["day"] or 1))
    if days is None or days[0] > moment.end:
        return moment
    return _Moment(days[0], moment.end, opening.start(), moment.text_end)


def _read_span(question: str, folded: str, moment: _Moment) -> DateSpan | None:
    start: date | None = moment.start
    end: date | None = moment.end
    text_start, text_end = moment.text_start, moment.text_end
    if bound := _search_before(_BOUND, folded, text_start):
        if bound["since"]:
            end = None
        elif bound["after"]:
            start, end = moment.end + timedelta(days=1), None
        elif bound["before"]:
            start, end = None, moment.start - timedelta(days=1)
        elif bound["until"]:
            start = None
        text_start = bound.start()
    elif moment.is_event:
        return None
    elif onwards := folded.endswith("from ", 0, text_start) and _ONWARDS.match(folded, text_end):
        text_start, text_end, end = text_start - len("from "), onwards.end(), None
    elif within := _search_before(_WITHIN, folded, text_start):
        text_start = within.start()
    use = _read_use(folded, text_start, text_end)
    return DateSpan(start, end, question[text_start:text_end], text_start, text_end, use)


def _read_use(folded: str, start: int, end: int) -> DateUse:
    """Return FILTER only for what was published or said in the press: a wrong filter hides all."""
    before = _search_before(_PUBLISHED_BEFORE, folded, start)
    if before and not _search_before(_COUNTING, folded, before.start()):
        return DateUse.FILTER
    return DateUse.FILTER if _PUBLISHED_AFTER.match(folded, end) else DateUse.PREFERENCE


def _read_relative(kind: str, match: re.Match[str], today: date) -> tuple[date, date] | None:
    """Return the first and last day of a time that is counted from `today`, by the calendar."""
    groups = match.groupdict()
    written = groups.get("count") or "1"
    count = NUMBERS[written] if written in NUMBERS else int(written)
    unit = _UNITS[groups["unit"]] if groups.get("unit") else "day"
    match kind:
        case "decade":
            return days_of_year(1900 + count, 1909 + count)
        case "century":
            return days_of_year(2001, 2100)
        case "last name":
            return _find_last(groups["name"], today)
        case "this":
            return _shift(today, 0, unit)
        case "next":
            return _shift(today, 1, unit)
        case "past":
            past = _shift(today, -count, unit)
            return past and (past[0], today)
        case _:
            return _shift(today, -count, unit)


def _shift(today: date, count: int, unit: str) -> tuple[date, date] | None:
    """Return the year, month, week or day that lies `count` of them after today's."""
    if unit == "month":
        months = today.year * 12 + today.month - 1 + count
        year, month = months // 12, months % 12 + 1
        return days_of_months(year, month, month) if year in YEARS else None
    if unit in ("year", "decade"):
        year = today.year + count * (10 if unit == "decade" else 1)
        return days_of_year(year, year) if year in YEARS else None
    if unit == "week":
        monday = today - timedelta(days=today.weekday()) + timedelta(weeks=count)
        return monday, monday + timedelta(days=6)
    day = today + timedelta(days=count)
    return day, day


def _find_last(name: str, today: date) -> tuple[date, date]:
    """Return the latest month or season of this name that has ended before `today`."""
    for year in (today.year, today.year - 1):
        if name in SEASONS:
            days = days_of_season(year, name)
        else:
            days = days_of_months(year, MONTHS[name], MONTHS[name])
        if days[1] < today:
            return days
    return days


@cache
def _load_events() -> tuple[Pattern, Mapping[str, tuple[date, date]]]:
    """Return a pattern of the events' names, folded, and each one's first and last day."""
    text = files("massilia.service").joinpath(EVENTS).read_text(encoding="utf-8")
    days = {
        fold(name): (event["start"], event["end"])
        for event in tomllib.loads(text)["event"]
        for name in event["names"]
    }
    names = "|".join(re.escape(name) for name in sorted(days, key=len, reverse=True))
    return Pattern(rf"(?<![^\W_])(?:{names})(?![^\W_])"), MappingProxyType(days)
