"""Dated series: figures for the same thing, oldest first, and where sources differ."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Final

from massilia.corpus.article import Article, Language
from massilia.service.figures import Figure, read_asked, read_figures, read_tokens
from massilia.service.question_dates import DateSpan
from massilia.service.values import find_values
from massilia.service.written_dates import fold

# What a question asks for by a word, where the figure shows it by its unit alone.
_UNITS_OF: Final = {
    "power": ("W",),
    "area": ("m2",),
    "length": ("m",),
    "latency": ("s",),
    "traffic": ("bit/s",),
}

MIN_SHARED = 0.2
"""The share of their words, of the shorter, that two sentences have in common that name nobody."""

ROUNDING: Final = Decimal("0.05")
"""The share by which a rounded number may differ: 8 700 is 8 760 rounded, 20 isn't 17.5."""

# Units that tell what is measured.
_TELLING_UNITS: Final = ("m", "m2", "W")


@dataclass(frozen=True, slots=True)
class Statement:
    """Hold a sentence of an article, `article.text[start:end]`, in code points.

    `passage_language` is that of its passage, where it may be another than the article's.
    """

    article: Article
    start: int
    end: int
    passage_language: Language | None = None

    @property
    def language(self) -> Language:
        """Give the language of the sentence."""
        return self.passage_language or self.article.language

    @property
    def text(self) -> str:
        """Cut the sentence out of its article."""
        return self.article.text[self.start : self.end]


@dataclass(frozen=True, slots=True)
class Point:
    """Hold one figure of a series with the sentence that gives it.

    `start` to `end` is the value, `date_start` to `date_end` the date it is of, and `speaker` who
    gives it if the sentence says so: places in `statement.article.text`, in code points.
    """

    statement: Statement
    amount: Decimal
    unit: str
    start: int
    end: int
    first: date
    last: date
    date_start: int
    date_end: int
    speaker: tuple[int, int] | None
    source_ids: tuple[str, ...]
    figure: Figure


@dataclass(frozen=True, slots=True)
class Series:
    """Hold the points of one thing, oldest first, and the pairs of them that differ.

    A pair has the same date, or one within the other, both exact; other sources; and values that no
    rounding makes equal.
    """

    points: tuple[Point, ...]
    disagreements: tuple[tuple[Point, Point], ...]


def find_series(
    question: str, language: Language, dates: Sequence[DateSpan], statements: Sequence[Statement]
) -> Series | None:
    """Return the series that a question asks about, from sentences that answer it, best first.

    None unless two sentences give the thing for two dates, or differ about one. Figures outside
    all the `dates` of the question are left out.
    """
    asked = _read_asked(question, language)
    if asked is None:
        return None
    points = [
        point
        for statement in statements
        if asked.names_all_in(statement.text)
        for point in read_points(statement)
        if _is_within(point, dates)
    ]
    for anchor in points:
        if asked.fits(anchor):
            same = [point for point in points if are_same_thing(anchor, point)]
            if (series := collect_series(same, language)) is not None:
                return series
    return None


def read_points(statement: Statement) -> list[Point]:
    """Return the dated figures of a sentence, with their places in the article."""
    article, offset = statement.article, statement.start
    sources = tuple(
        dict.fromkeys(
            mark.source_id
            for mark in article.marks
            if statement.start < mark.position <= statement.end
        )
    )
    publishers = {source.id: source.publisher for source in article.sources}
    named = tuple(
        dict.fromkeys(name for each in sources if (name := publishers.get(each)) is not None)
    )
    return [
        Point(
            statement=statement,
            amount=figure.amount,
            unit=figure.unit,
            start=offset + figure.start,
            end=offset + figure.end,
            first=figure.first,
            last=figure.last,
            date_start=offset + figure.date_start,
            date_end=offset + figure.date_end,
            speaker=(
                (offset + figure.speaker[0], offset + figure.speaker[1]) if figure.speaker else None
            ),
            source_ids=sources,
            figure=figure,
        )
        for figure in read_figures(statement.text, statement.language, named)
    ]


def are_same_thing(one: Point, other: Point) -> bool:
    """Tell whether two points measure the same attribute of the same subject."""
    a, b = one.figure, other.figure
    if (a.unit, a.noun, a.qualities, a.attributes) != (b.unit, b.noun, b.qualities, b.attributes):
        return False
    if not (a.noun or a.attributes or a.unit in _TELLING_UNITS):
        return False
    if a.names:
        places = (a.places, b.places)
        return a.names == b.names and (not all(places) or a.places == b.places)
    if b.names or _work(one) != _work(other) or a.places != b.places:
        return False
    return len(a.about & b.about) >= MIN_SHARED * min(len(a.about), len(b.about))


def collect_series(points: Sequence[Point], language: Language) -> Series | None:
    """Return the series of points of the same thing, or None if they say nothing of change.

    A point that repeats another, such as its translation, is left out, in favour of `language`.
    """
    kept: list[Point] = []
    ordered = sorted(points, key=lambda each: each.statement.language is not language)
    for point in ordered:
        if not any(_have_same_days(point, each) and _agree(point, each) for each in kept):
            kept.append(point)
    kept.sort(key=lambda each: (each.first, each.last, each.start))
    disagreements = tuple(
        (one, other)
        for place, one in enumerate(kept)
        for other in kept[place + 1 :]
        if _disagree(one, other)
    )
    apart = any(
        one.last < other.first and one.statement != other.statement
        for one in kept
        for other in kept
    )
    return Series(tuple(kept), disagreements) if apart or disagreements else None


def _is_within(point: Point, dates: Sequence[DateSpan]) -> bool:
    return not dates or any(
        (span.start is None or span.start <= point.last)
        and (span.end is None or point.first <= span.end)
        for span in dates
    )


@dataclass(frozen=True, slots=True)
class _Asked:
    """Hold what a question asks for, all its words and concepts, and its names."""

    kinds: frozenset[str]
    words: frozenset[str]
    names: frozenset[str]

    def names_all_in(self, text: str) -> bool:
        """Tell whether a sentence names all that the question names."""
        folded = fold(text)
        return all(name in folded for name in self.names)

    def fits(self, point: Point) -> bool:
        """Tell whether a figure is of what the question asks for."""
        figure = point.figure
        units = {unit for kind in self.kinds for unit in _UNITS_OF.get(kind, ())}
        kinds = {figure.noun, *figure.attributes} & self.kinds
        if not kinds and figure.unit not in units:
            return False
        if figure.names:
            return not figure.names.isdisjoint(self.words)
        return not self.words.isdisjoint((figure.about - kinds) | figure.places)


def _read_asked(question: str, language: Language) -> _Asked | None:
    tokens = read_tokens(question, language, find_values(question, language))
    kinds = read_asked(tokens)
    if not kinds:
        return None
    words = {word for token in tokens for word in (token.word, token.concept) if word is not None}
    names = {token.word for token in tokens if token.is_name and token.concept is not None}
    return _Asked(kinds, frozenset(words), frozenset(names))


def _work(point: Point) -> str:
    return point.statement.article.work


def _have_same_days(one: Point, other: Point) -> bool:
    return (one.first, one.last) == (other.first, other.last)


def _share_days(one: Point, other: Point) -> bool:
    """Tell whether the days of one date lie within the other."""
    first, last = max(one.first, other.first), min(one.last, other.last)
    return (first, last) in ((one.first, one.last), (other.first, other.last))


def _disagree(one: Point, other: Point) -> bool:
    if not _share_days(one, other) or _agree(one, other):
        return False
    if one.figure.is_dated_about or other.figure.is_dated_about:
        return False
    if one.statement == other.statement:
        return False
    if one.unit == "m2" and not (one.figure.attributes or one.figure.qualities):
        return False  # of floors or of land
    return not set(one.source_ids) & set(other.source_ids)


def _agree(one: Point, other: Point) -> bool:
    a, b = one.figure, other.figure
    if a.low <= b.high and b.low <= a.high:
        return True
    return _is_rounding(a.amount, b.amount) or _is_rounding(b.amount, a.amount)


def _is_rounding(coarse: Decimal, fine: Decimal) -> bool:
    """Tell whether one number is the other with fewer digits, and not far from it."""
    if abs(coarse - fine) > ROUNDING * fine:
        return False
    step = Decimal(1).scaleb(_read_exponent(coarse))
    return _read_exponent(coarse) > _read_exponent(fine) and coarse in {
        (fine / step).quantize(Decimal(1), rounding) * step
        for rounding in (ROUND_FLOOR, ROUND_CEILING)
    }


def _read_exponent(amount: Decimal) -> int:
    exponent = amount.normalize().as_tuple().exponent
    return exponent if isinstance(exponent, int) else 0
