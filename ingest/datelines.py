"""When a text was published and last modified, as lines of it say in French or English."""

import re
from calendar import monthrange
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from massilia.corpus.article import Certainty, Language
from massilia.corpus.pattern import Pattern
from massilia.ingest.extraction import Found
from massilia.ingest.folding import fold

FIRST_INFERRED_YEAR: Final = 1990
"""A year that isn't written is looked for from here on: there was no web before."""
SHOWN_CHARACTERS: Final = 80
"""How much is shown of a line that a date was found in."""
MAX_DATELINE: Final = 240
# Characters of prose that may stand above a dateline: what is dated further down is a comment, an
# event or another article. A lead has up to 600; MIN_PROSE and MIN_PROSE_WORDS make a line prose.
TITLE_WITHIN: Final = 250
BARE_WITHIN: Final = 700
LABELLED_WITHIN: Final = 1500
MIN_PROSE: Final = 60
MIN_PROSE_WORDS: Final = 9
MOST_BARE_DAYS: Final = 2
"""With more days alone on their lines, a text is a calendar or a chronicle."""
FILE_DAY: Final = "the file's day"
"""What the day is called, by default, that a year is inferred from."""
_NEAR_ANCHOR: Final = timedelta(days=366)
_NEAR_HINT: Final = timedelta(days=31)
"""A file copied long after may have any day: of 20,000 days from 2008 to 2025, written without the
year in files of 28 November 2026, 1.4 % get a wrong year, and 26 % with two years, 6 % the right
one."""


class DateKind(StrEnum):
    """Name what a line says of a date; a BARE one stands where dates of publication do."""

    PUBLISHED = "published"
    MODIFIED = "modified"
    BARE = "bare"


@dataclass(frozen=True, slots=True)
class WrittenDay:
    """Hold a day of the calendar as it is written, perhaps without its year.

    `weekday` counts from Monday, which is 0.
    """

    month: int
    day: int
    year: int | None = None
    weekday: int | None = None


@dataclass(frozen=True, slots=True)
class Mark:
    """Pair a day with what is said of it; one that can't be told ("03/04/2021") is None."""

    kind: DateKind
    day: WrittenDay | None


@dataclass(frozen=True, slots=True)
class Datelines:
    """Hold when a text was published and last modified, where its lines say so."""

    published: Found[date] | None = None
    modified: Found[date] | None = None


def find_dates(
    lines: Sequence[str],
    language: Language,
    *,
    today: date,
    hint: date | None = None,
    hint_of: str = FILE_DAY,
) -> Datelines:
    """Find when a text was published and last modified.

    Only lines that are there to say so are read ("Publié le 12 juin 2014"), a date that stands
    alone above the text or opens it as news agencies do ("MARSEILLE, June 12, 2014 -"), and the
    lead's "Ce jeudi 12 juin": a text that says so is of the same week. A date after `today` is
    refused. A year that isn't written is inferred from the day of the week and the years that the
    text names, or else from `hint`, a day soon after it, which `hint_of` says what it is of; where
    several fit, there is no date.
    """
    entries = list(_list_entries(lines, language))
    calendar = _Calendar(lines, today, hint, hint_of)
    labelled = {
        kind: [entry for entry in entries if entry.kind is kind and not entry.told]
        for kind in DateKind
    }
    modified = _choose_labelled(labelled[DateKind.MODIFIED], calendar, None)
    anchor = None if modified is None else modified.value
    published = (
        _choose_labelled(labelled[DateKind.PUBLISHED], calendar, anchor)
        or _choose_bare(labelled[DateKind.BARE], calendar, anchor)
        or _choose_told([entry for entry in entries if entry.told], calendar, anchor)
    )
    if modified is None and published is not None:
        modified = _choose_labelled(labelled[DateKind.MODIFIED], calendar, published.value)
    return Datelines(published, modified)


def read_dateline(line: str, language: Language) -> tuple[Mark, ...]:
    """Return the dates of a line that is there to give them, or none for any other line."""
    if len(line) > MAX_DATELINE or not any(map(str.isdigit, line)):
        return ()
    # Wide gaps stand between the columns of a page.
    line = " ".join(_GAP.sub(" | ", line.strip()).split())
    folded = fold(line)
    marks: list[Mark] = []
    position = 0
    for place in _find_days(folded, language):
        before = slice(position, place.start)
        kind = _read_label(line[before], folded[before])
        if kind is None:
            break
        marks.append(Mark(kind, place.day))
        position = place.end
    bare = [mark.day for mark in marks if mark.kind is DateKind.BARE]
    # "12 juin - 14 juin" are the days of an event, and so is "12 juin" alone.
    if not marks or len(bare) > 1 or any(day and not _is_whole(day) for day in bare):
        return ()
    return tuple(marks) if _may_follow(line[position:], bool(bare)) else ()


def is_prose(line: str) -> bool:
    """Tell whether a line is long enough to be a sentence, or the part of one."""
    return len(line) >= MIN_PROSE and line.count(" ") >= MIN_PROSE_WORDS - 1


# Days.

_MONTHS: Final[Mapping[str, int]] = MappingProxyType(
    {
        name: month
        for month, names in enumerate(
            (
                "janvier january janv jan",
                "fevrier february fevr fev feb",
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
_WEEKDAYS: Final[Mapping[str, int]] = MappingProxyType(
    {
        name: weekday
        for weekday, names in enumerate(
            (
                "lundi monday lun mon",
                "mardi tuesday mar tues tue",
                "mercredi wednesday mer wed",
                "jeudi thursday jeu thurs thur thu",
                "vendredi friday ven fri",
                "samedi saturday sam sat",
                "dimanche sunday dim sun",
            )
        )
        for name in names.split()
    }
)


def _any_of(names: Mapping[str, int]) -> str:
    return "|".join(sorted(names, key=len, reverse=True))


_YEAR: Final = r"(?P<year>(?:1[6-9]|20)[0-9]{2})"
_MONTH: Final = rf"(?P<month>{_any_of(_MONTHS)})\b\.?"
_START: Final = (
    r"(?<![\w/.,-])"
    rf"(?:(?P<weekday>{_any_of(_WEEKDAYS)})\b\.?,?\s+)?(?:(?:le|the)\s+)?"
)
_DAY_FIRST: Final = Pattern(
    rf"{_START}(?P<day>[0-9]{{1,2}})(?:er|st|nd|rd|th|e)?(?:\s+(?:of\s+)?|-|\.\s?){_MONTH}"
    rf"(?:(?:,?\s+|-){_YEAR})?(?!\w)"
)
_MONTH_FIRST: Final = Pattern(
    rf"{_START}{_MONTH}\s+(?P<day>[0-9]{{1,2}})(?:st|nd|rd|th)?(?:,?\s+{_YEAR})?(?!\w)"
)
_YEAR_FIRST: Final = Pattern(
    rf"{_START}{_YEAR}(?P<mark>[-/.])(?P<month>[0-9]{{1,2}})(?P=mark)(?P<day>[0-9]{{1,2}})(?![0-9])"
)
_NUMBERS: Final = Pattern(
    rf"{_START}(?P<day>[0-9]{{1,2}})\s?(?P<mark>[-/.])\s?(?P<month>[0-9]{{1,2}})\s?(?P=mark)\s?"
    r"(?P<year>(?:1[6-9]|20)[0-9]{2}|[0-9]{2})(?![0-9]|[-/.][0-9])"
)
_TIME: Final = Pattern(
    r"""(?:t|\s*(?:[,|@·•/–—-]\s*)?(?:(?:a|at|vers|from)\s+)?)
    (?:[0-9]{1,2}\s?(?:h|:|\.|heures?)\s?(?:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?)?(?:\s?min)?
        (?:\s?[ap]\.?m\b\.?)?
      |[0-9]{1,2}\s?[ap]\.?m\b\.?)
    (?:\s?\(?(?:(?:gmt|utc|[cew]es?t|bst|[ecmp][sd]t|et|z)\b|heure\sde\sparis|heure\slocale)\)?)?
    (?:\s?[+-][0-9]{1,2}(?::?[0-9]{2})?\b)?(?![0-9])""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class _Place:
    """Place a day in a line, the time of day included; a day that can't be told is None."""

    day: WrittenDay | None
    start: int
    end: int


def _find_days(folded: str, language: Language) -> Iterator[_Place]:
    matches = [
        (match, pattern is _NUMBERS)
        for pattern in (_DAY_FIRST, _MONTH_FIRST, _YEAR_FIRST, _NUMBERS)
        for match in pattern.finditer(folded)
    ]
    position = 0
    for match, in_numbers in sorted(matches, key=lambda each: (each[0].start(), -each[0].end())):
        if match.start() < position:
            continue
        time = _TIME.match(folded, match.end())
        position = time.end() if time else match.end()
        yield _Place(_read_day(match, in_numbers, language), match.start(), position)


def _read_day(match: re.Match[str], in_numbers: bool, language: Language) -> WrittenDay | None:
    """Return the day that is written; None if there is no such day, or two readings of it."""
    day = int(match["day"])
    month = _MONTHS.get(match["month"]) or int(match["month"])
    year = int(match["year"]) if match["year"] else None
    if in_numbers:
        if language is Language.ENGLISH and day <= 12 and month <= 12 and day != month:
            return None
        if month > 12:
            day, month = month, day
        if year is not None and year < 100:
            year += 2000
    if not 1 <= month <= 12 or not 1 <= day <= monthrange(year or 2000, month)[1]:
        return None
    return WrittenDay(month, day, year, _WEEKDAYS.get(match["weekday"] or ""))


def _is_whole(day: WrittenDay) -> bool:
    return day.year is not None or day.weekday is not None


# What stands before and after the days of a line.

_SUBJECT: Final = (
    r"(?:et\s|and\s)?"
    r"(?:(?:cette\s|cet\s|ce\s|l'|le\s|la\s|this\s|the\s)?(?:article|contenu|page|fiche|post|billet"
    r"|texte|depeche|actualite|communique|story|entry|news)\s(?:a\sete\s|est\s|was\s|has\sbeen\s)?)?"
)
_MODIFIED: Final = (
    r"(?:derniere?\s|last\s|date\s(?:de\s)?(?:la\s)?(?:derniere\s)?)?"
    r"(?:mise?s?\sa\sjour|maj|modification|modifiee?s?|actualisee?|actualisation|revisee?|updated?"
    r"|modified|edited|revised|reviewed)"
)
_PUBLISHED: Final = (
    r"(?:initialement\s|originally\s|first\s)?"
    r"(?:publiee?s?|publication|date\s(?:de\s)?(?:la\s)?(?:publication|parution|mise\sen\sligne"
    r"|creation)|date|mise?s?\sen\sligne|postee?s?|parue?s?|parution|creee?s?|creation|redigee?s?"
    r"|ecrite?s?|diffusee?s?|posted|published|publication\sdate|date\spublished|created|released"
    r"|issued|written|filed|dated)"
)
_LINKS: Final = r"(?:\s?:|\s?,|\s(?:le|du|on|at|au|the)\b)*"
_BY: Final = r"(?:\s?(?:par|by)\s(?P<name>[^:]{2,60}?))"
_LABELS: Final = (
    (DateKind.MODIFIED, Pattern(rf"{_SUBJECT}{_MODIFIED}{_BY}?{_LINKS}")),
    (DateKind.PUBLISHED, Pattern(rf"{_SUBJECT}{_PUBLISHED}{_BY}?{_LINKS}")),
    (DateKind.BARE, Pattern(rf"{_BY}{_LINKS}")),
)
_GAP: Final = Pattern(r"\s{4,}|\t+")
_SEPARATORS: Final = Pattern(r"\s*[|•·–—/()\[\]]\s*|\s-\s|\s?:\s?[0-9]+\s?min\w*\s")
_EDGES: Final = " \t|•·–—-/,()[]<>»›*#\u00a0"
_LINK: Final = Pattern(r"(?:\A|\s)(?:le|on|the|du|au)\Z")
_CAPITALISED: Final = r"[A-ZÀ-ÖØ-ÞŒ][\w'’.&-]*"
_NAME: Final = Pattern(
    rf"(?:A\s)?{_CAPITALISED}(?:[\s,]+(?:{_CAPITALISED}|d[eu]s?|d['’]\w+|la|le|les|van|von|et|and|in))*"
)
_MOST_WORDS: Final = 5
_MOST_BEFORE: Final = 80
_MOST_AFTER: Final = 120
_RUBRIC: Final = Pattern(
    r"(?:toutes?\sles\s|a\sla\s)?(?:actualites?|actus?|news|infos?|une|economie|business|politique"
    r"|politics|societe|culture|sports?|tech|technology|numerique|innovation|blog|presse|press"
    r"|communiques?(?:\sde\spresse)?|press\sreleases?|france|monde|world|regions?|local|dossier"
    r"|tribune|opinion|interview|reportage|enquete|analyse|entreprises?"
    r"|(?:issue|number|numero|n°|no\.?|edition|volume|vol\.?)\s?[0-9]{1,5})"
)
_AFTER_LABELLED: Final = Pattern(
    r"\s*(?:[|•·/(\[]|par\s|by\s|dans\s|in\s|a\s|at\s|lecture\s|[0-9]+\s?min)"
)
_AFTER_BARE: Final = Pattern(r"\s*(?:[|•·/(\[]|[–—,-]?\s?(?:par|by)\s)")
_DASH_AFTER: Final = Pattern(r"\s*(?:[–—,]|-\s)\s*")


def _read_label(text: str, folded: str) -> DateKind | None:
    """Tell what the words before a day make of it; None if they are prose, or name an event."""
    last = _SEPARATORS.split(folded.strip(_EDGES))[-1].strip(_EDGES)
    if len(folded) > _MOST_BEFORE + len(last):
        return None
    for kind, pattern in _LABELS:
        match = pattern.fullmatch(last)
        if match and (match["name"] is None or _is_name(_unfold(text, folded, match["name"]))):
            return kind
    words = _LINK.sub("", last).strip(_EDGES)
    if not words:
        return DateKind.BARE
    # "Marseille, le", "Jean Dupont |", "Actualités -", but not "Concert du".
    apart = folded.rstrip().removesuffix(" le").rstrip()[-1] in _EDGES
    known = _is_name(_unfold(text, folded, words)) or _RUBRIC.fullmatch(words)
    return DateKind.BARE if apart and known else None


def _unfold(text: str, folded: str, words: str) -> str:
    start = folded.rindex(words)
    return text[start : start + len(words)]


def _is_name(words: str) -> bool:
    return _NAME.fullmatch(words) is not None and words.count(" ") < _MOST_WORDS


def _may_follow(rest: str, bare: bool) -> bool:
    """Tell whether the end of a line is no prose, and doesn't say what happened that day."""
    if not rest.strip(f"{_EDGES}.:"):
        return True
    if len(rest) > _MOST_AFTER or (rest[-1] in ".!?…" and not rest.endswith("min.")):
        return False
    folded = fold(rest)
    if (_AFTER_BARE if bare else _AFTER_LABELLED).match(folded):
        return True
    dash = _DASH_AFTER.match(folded)
    if dash is None:
        return False
    # "12 juin 2014 – Marseille", but not "12 juin 2014 – Le conseil vote".
    return folded.count(" ", dash.end()) <= _MOST_WORDS and (
        not bare or _is_name(rest[dash.end() :].strip())
    )


# Which of them count.

_LABEL_ALONE: Final = Pattern(rf"({_SUBJECT}{_MODIFIED}{_LINKS})|{_SUBJECT}{_PUBLISHED}{_LINKS}")
_OPENING: Final = Pattern(
    rf"(?:{_CAPITALISED}[\s,]+|\([^()]{{2,30}}\)[\s,]*|[–—-]\s*){{1,6}}(?:le\s)?"
)
_OPENED: Final = Pattern(r"\s?(?:/[^/]{2,30}/|\([^()]{2,40}\))?\s?(?:[–—:]|--?\s)")
_THIS: Final = Pattern(r"(?:\bce|\bthis)\s+\Z")
_NAMED_YEAR: Final = Pattern(r"(?<![\w.,/-])(?:19|20)[0-9]{2}(?![\w%€$]|[.,][0-9]|\s[€$%])")


@dataclass(frozen=True, slots=True)
class _Entry:
    """Hold a day that a line gives; `prose` counts the characters of prose above it.

    It is `told` where the text itself gives it, at its beginning.
    """

    kind: DateKind
    day: WrittenDay
    number: int
    line: str
    prose: int
    told: bool = False

    @property
    def shown(self) -> str:
        return show_line(self.number, self.line)


def show_line(number: int, line: str) -> str:
    """Return what a value was found in, for people: the line's number and its beginning."""
    written = " ".join(line.split())
    cut = written[: SHOWN_CHARACTERS - 1] + "…"
    return f"line {number}: {written if len(written) <= SHOWN_CHARACTERS else cut}"


def _list_entries(lines: Sequence[str], language: Language) -> Iterator[_Entry]:
    prose = 0
    label: DateKind | None = None
    for number, line in enumerate(lines, 1):
        if not (stripped := line.strip()):
            continue
        marks = read_dateline(stripped, language)
        for mark in marks:
            kind = label if label and mark.kind is DateKind.BARE else mark.kind
            if mark.day is not None:
                yield _Entry(kind, mark.day, number, stripped, prose)
        label = None if marks else _read_label_alone(stripped)
        if marks or not is_prose(stripped):
            continue
        if prose <= TITLE_WITHIN:
            for kind, day in _find_told(stripped, language):
                yield _Entry(kind, day, number, stripped, prose, told=True)
        prose += len(stripped)


def _read_label_alone(line: str) -> DateKind | None:
    match = _LABEL_ALONE.fullmatch(fold(line)) if len(line) <= _MOST_BEFORE else None
    if match is None:
        return None
    return DateKind.MODIFIED if match[1] else DateKind.PUBLISHED


def _find_told(line: str, language: Language) -> Iterator[tuple[DateKind, WrittenDay]]:
    """Yield the day that a news agency opens its text with, and "ce jeudi 12 juin"."""
    folded = fold(line)
    for place in _find_days(folded[:MAX_DATELINE], language):
        if place.day is None:
            continue
        opening = _OPENING.fullmatch(line, 0, place.start)
        if opening and place.day.year and _OPENED.match(line, place.end):
            yield DateKind.PUBLISHED, place.day
        elif place.day.weekday is not None and _THIS.search(folded, 0, place.start):
            yield DateKind.BARE, place.day


def _choose_labelled(
    entries: Sequence[_Entry], calendar: "_Calendar", anchor: date | None
) -> Found[date] | None:
    """Choose the date nearest above the text, else the first below its beginning.

    Further down a date is of the article only if there is no other.
    """
    dated = [
        (entry.prose, found)
        for entry in entries
        if (found := calendar.resolve(entry, anchor, Certainty.STATED))
    ]
    above = [found for prose, found in dated if prose <= TITLE_WITHIN]
    if above:
        return above[-1]
    if dated and dated[0][0] <= LABELLED_WITHIN:
        return dated[0][1]
    return dated[0][1] if len({found.value for _, found in dated}) == 1 else None


def _choose_bare(
    entries: Sequence[_Entry], calendar: "_Calendar", anchor: date | None
) -> Found[date] | None:
    if len({entry.day for entry in entries}) > MOST_BARE_DAYS:
        return None
    dated = [
        (entry.prose, found)
        for entry in entries
        if entry.prose <= BARE_WITHIN
        and (found := calendar.resolve(entry, anchor, Certainty.LIKELY))
    ]
    above = [found for prose, found in dated if prose <= TITLE_WITHIN]
    return above[-1] if above else next((found for _, found in dated), None)


def _choose_told(
    entries: Sequence[_Entry], calendar: "_Calendar", anchor: date | None
) -> Found[date] | None:
    """Choose the day that opens the text, else the one that its first lines call this week's."""
    for entry in sorted(entries, key=lambda entry: entry.kind is DateKind.BARE):
        sure = entry.kind is not DateKind.BARE
        found = calendar.resolve(entry, anchor, Certainty.LIKELY if sure else Certainty.INFERRED)
        if found is not None:
            return found
    return None


class _Calendar:
    """Make dates of days, and find the years of those that have none."""

    def __init__(self, lines: Sequence[str], today: date, hint: date | None, hint_of: str) -> None:
        self._lines = lines
        self._today = today
        self._hint = hint
        self._hint_of = hint_of
        self._years: frozenset[int] | None = None

    def resolve(
        self, entry: _Entry, anchor: date | None, certainty: Certainty
    ) -> Found[date] | None:
        """Return the date of a day; None if it lies ahead, or if its year can't be told."""
        day = entry.day
        if day.year is not None:
            value = date(day.year, day.month, day.day)
            return Found(value, entry.shown, certainty) if value <= self._today else None
        candidates = [
            date(year, day.month, day.day)
            for year in range(FIRST_INFERRED_YEAR, self._today.year + 1)
            if day.day <= monthrange(year, day.month)[1]
        ]
        fitting = [
            candidate
            for candidate in candidates
            if candidate <= self._today and day.weekday in (None, candidate.weekday())
        ]
        chosen = self._choose_year(fitting, day, anchor)
        if chosen is None:
            return None
        value, reason = chosen
        return Found(value, f"{entry.shown}; the year {value.year} {reason}", Certainty.INFERRED)

    def _choose_year(
        self, fitting: Sequence[date], day: WrittenDay, anchor: date | None
    ) -> tuple[date, str] | None:
        if anchor is not None:
            near = [each for each in fitting if abs(each - anchor) <= _NEAR_ANCHOR]
            if near:
                return min(near, key=lambda each: abs(each - anchor)), f"is the one near {anchor}"
        if day.weekday is None:
            return None
        listed = ", ".join(str(each.year) for each in fitting)
        if len(fitting) == 1:
            return fitting[0], f"is the only one since {FIRST_INFERRED_YEAR} that fits"
        named = [
            (each, year)
            for each in fitting
            for year in self._named_years
            if abs(each.year - year) <= 1
        ]
        if len({each for each, _ in named}) == 1:
            each, year = min(named, key=lambda pair: abs(pair[0].year - pair[1]))
            return each, f"is the one of {listed} that is near {year}, which the text names"
        if self._hint is not None:
            before = [
                each
                for each in fitting
                if each <= self._hint + timedelta(days=1) and self._hint - each <= _NEAR_HINT
            ]
            if before:
                return before[-1], f"is the last of {listed} before {self._hint}, {self._hint_of}"
        return None

    @property
    def _named_years(self) -> frozenset[int]:
        if self._years is None:
            self._years = frozenset(
                int(match.group()) for line in self._lines for match in _NAMED_YEAR.finditer(line)
            )
        return self._years
