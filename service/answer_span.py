"""The words of a quoted sentence that answer the question, marked only where that is sure."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from types import MappingProxyType
from typing import Final

from massilia.corpus.article import Language
from massilia.corpus.pattern import Pattern
from massilia.index.analysis import find_terms, split_words
from massilia.ingest.sentences import Span
from massilia.service.answer_kind import AnswerKind, AskedAnswer
from massilia.service.names import Name, NameKind, find_names
from massilia.service.sentence_reading import read_sentence
from massilia.service.values import Value, ValueKind, find_values
from massilia.service.written_dates import fold

MOST_KEPT = 20_000
"""How many words' terms are kept: a stemmer costs more than looking one up."""
LEAD = 1.5
"""How many times as near to the question's words as the next value the marked one must be.

Swept from 1 to 3 on the gold sentences of the development set: of 437 to 431 marks 0.94 are exact
throughout; on 2,500 of AfriQA 0.69 of 1,186, 0.69 of 1,148 (at 1.5) and 0.71 of 1,099.
"""


def mark_answer(
    question: str,
    asked: AskedAnswer,
    sentence: str,
    question_language: Language,
    sentence_language: Language,
) -> Span | None:
    """Return the span of `sentence` that answers what `question` asks for; None if unsure.

    It is a value or a name, never one that the question holds. Among several values the one nearest
    to the words that the sentence shares with the question is taken, if it is nearer by far; among
    several names none is.
    """
    if asked.kind in VALUE_KINDS:
        spans = _find_value_spans(question, asked, sentence, question_language, sentence_language)
    elif asked.kind in NAME_KINDS:
        spans = _find_name_spans(question, asked, sentence, question_language, sentence_language)
        return spans[0] if len(spans) == 1 else None
    else:
        return None
    if len(spans) < 2:
        return spans[0] if spans else None
    folded = read_sentence(sentence, sentence_language).folded
    if any(_EITHER.fullmatch(folded, one.end, other.start) for one, other in pairwise(spans)):
        return None
    return _choose_nearest(spans, question, sentence, question_language, sentence_language)


VALUE_KINDS: Final[Mapping[AnswerKind, ValueKind]] = MappingProxyType(
    {
        AnswerKind.DATE: ValueKind.DATE,
        AnswerKind.NUMBER: ValueKind.NUMBER,
        AnswerKind.RANK: ValueKind.ORDINAL,
        AnswerKind.MONEY: ValueKind.MONEY,
        AnswerKind.AMOUNT: ValueKind.MONEY,
        AnswerKind.PERCENTAGE: ValueKind.PERCENTAGE,
        AnswerKind.DURATION: ValueKind.DURATION,
        AnswerKind.MEASURE: ValueKind.MEASURE,
    }
)
_MEASURED: Final = frozenset([ValueKind.PERCENTAGE, ValueKind.MEASURE, ValueKind.DURATION])
NAME_KINDS: Final = frozenset(
    [
        *(AnswerKind.PERSON, AnswerKind.ORGANISATION, AnswerKind.WHO, AnswerKind.PLACE),
        AnswerKind.NAME,
    ]
)
_REPORTING: Final = (
    r"(?:selon|d'apres|according to|indiqu\w+|rappel\w+|precis\w+|annonc\w+|affirm\w+|estim\w+"
    r"|presse|press|donnees|data|report\w*|sa(?:id|ys?)|recall\w*|announc\w+|articles?|etude|study"
    r"|told|wrote|ecri\w+|chiffr\w+|credit\w+|ajout\w+|add(?:s|ed)|datant|dated)"
)
# "Selon la presse d'octobre 2021": the date and the name of who said it, not of what is said.
_REPORTED_DATE: Final = Pattern(rf"(?<![^\W_]){_REPORTING}(?![^\W_])[^,;:()]{{0,40}}\Z")
# "En novembre 2022, la chambre attendait": when it was expected, not when it comes.
_OPENING: Final = 7
_EXPECTED_AFTER: Final = Pattern(
    r",?\s[^,;:]{1,60}\s(?:n')?(?:attend|prev|esper|envisage|expect|plan|hop|forecast|foresaw)"
)
_SOURCE_BEFORE: Final = Pattern(
    r"(?<![^\W_])(?:selon|d'apres|according to|sa(?:id|ys)|reported|(?:indiqu|rappel|precis|annonc"
    r"|ajout|rapport)ai(?:en)?t|relayee? par|relayed by)\s(?:(?:le|la|les|the|l')\s?)?"
    r"(?:[a-z]+\s){0,2}\Z"
)
_SOURCE_AFTER: Final = Pattern(
    r"\s(?:a\s|avait\s)?(?:indiqu|rappel|precis|affirm|estim|report|sa(?:id|ys)|recall|chiffr"
    r"|credit|dat(?:e|ait)|present|put\s)"
)
# "Sur les 77 implantations, 35 étaient étrangères": the first number is what the other is of.
_WHOLE: Final = Pattern(r"(?<![^\W_])(?:sur(?: les)?|of the|parmi les|out of|among the)\s\Z")
_OCCASIONS: Final = frozenset(["fois", "time"])
_JOINT: Final = Pattern(
    r"(?:,\s|,?\s(?:et|and|&)\s)(?:(?:a|de|in|to|of)\s|d')?(?:(?:le|la|les|the)\s|l')?"
)


def _find_value_spans(
    question: str,
    asked: AskedAnswer,
    sentence: str,
    question_language: Language,
    sentence_language: Language,
) -> list[Span]:
    folded = read_sentence(sentence, sentence_language).folded
    known = {value.key for value in find_values(question, question_language)}
    wanted = VALUE_KINDS[asked.kind]
    values = [value for value in find_values(sentence, sentence_language) if value.key not in known]
    found = [value for value in values if _answers(value, wanted, asked)]
    if asked.kind is AnswerKind.AMOUNT and not found:
        found = [value for value in values if value.kind in _MEASURED]
    found = [value for value in found if not _is_beside(value, folded)]
    if asked.kind is AnswerKind.DATE:
        return _mark_dates(found, question, sentence, folded)
    if asked.counted:
        same = [
            value
            for value in found
            if _counts_same(value, asked, question_language, sentence_language)
        ]
        found = same or [value for value in found if value.counted]
        if not same and len(found) > 1:
            return []
    distinct = {value.key: value for value in reversed(found)}
    return _join_ranges(list(reversed(distinct.values())), folded)


def _is_beside(value: Value, folded: str) -> bool:
    """Tell whether a value only frames another: when it was said, of how many it is a part."""
    if value.kind is ValueKind.DATE:
        if _REPORTED_DATE.search(folded, max(0, value.start - 60), value.start):
            return True
        return value.start <= _OPENING and _EXPECTED_AFTER.match(folded, value.end) is not None
    if value.kind is ValueKind.NUMBER:
        return _WHOLE.search(folded, max(0, value.start - 12), value.start) is not None
    return value.kind is ValueKind.ORDINAL and not _OCCASIONS.isdisjoint(value.counted)


def _join_ranges(values: Sequence[Value], folded: str) -> list[Span]:
    """Return the places of the values, the two ends of a range as one."""
    spans: list[Span] = []
    for value, before in zip(values, (None, *values), strict=False):
        if (
            before
            and (before.unit, before.kind) == (value.unit, value.kind)
            and _RANGE.fullmatch(folded, before.end, value.start)
        ):
            spans[-1] = Span(spans[-1].start, value.phrase_end)
        else:
            spans.append(Span(value.start, value.phrase_end))
    return spans


def _mark_dates(dates: Sequence[Value], question: str, sentence: str, folded: str) -> list[Span]:
    """Return where the dates stand, as precise as the question asks for them."""
    asked = fold(question)
    if len(dates) == 2 and _LIFE.fullmatch(folded, dates[0].end, dates[1].start):
        if _DEATH.search(asked):
            dates = dates[1:]
        elif _BIRTH.search(asked):
            dates = dates[:1]
    if _ASKED_DAY.search(asked):
        days = [date for date in dates if date.unit or date.first == date.last]
        dates = days or dates
    spans: list[Span] = []
    for date in dates:
        year = _YEAR_AT_END.search(sentence, date.start, date.end)
        if year and _ASKED_YEAR.search(asked):
            spans.append(Span(*year.span()))
        else:
            spans.append(Span(date.start, date.end))
    return spans


_RANGE: Final = Pattern(r"\s?-\s?|\s(?:a|to)\s")
_LIFE: Final = Pattern(
    r"[^,;.]{0,12}\s?[-–]\s?[^,;.0-9]{0,12}|[^.]{0,80}\b(?:mort|decede|died?)e?\b[^,;.0-9]{0,40},?[^,;.0-9]{0,6}"
)
_DEATH: Final = Pattern(r"\b(?:mort|meurt|mourut|deced|deces|die|died|death|dead|pass away)")
_BIRTH: Final = Pattern(r"\b(?:ne|nee|nait|naquit|naissance|born|birth)\b")
_ASKED_DAY: Final = Pattern(r"\b(?:jour|day|date)\b")
_ASKED_YEAR: Final = Pattern(r"\b(?:annee|year)\b")
_YEAR_AT_END: Final = Pattern(r"(?<![0-9/-])[12][0-9]{3}\Z")


def _answers(value: Value, wanted: ValueKind, asked: AskedAnswer) -> bool:
    return value.unit in asked.units if asked.units else value.kind is wanted


def _counts_same(
    value: Value, asked: AskedAnswer, question_language: Language, sentence_language: Language
) -> bool:
    if question_language is sentence_language:
        return not set(value.counted).isdisjoint(asked.counted)
    # Many nouns of the two languages begin alike: "projet" and "project".
    return any(
        len(one) > 3 and one[:4] == other[:4] for one in value.counted for other in asked.counted
    )


def _find_name_spans(
    question: str,
    asked: AskedAnswer,
    sentence: str,
    question_language: Language,
    sentence_language: Language,
) -> list[Span]:
    if _ALTERNATIVE.search(question) and len(find_names(question, question_language)) > 1:
        return []  # "Google, IBM ou AWS": the answer is one that the question holds
    known = _list_known(question, question_language)
    folded = read_sentence(sentence, sentence_language).folded
    names = [
        name
        for name in find_names(sentence, sentence_language)
        if known.isdisjoint(_list_beginnings(sentence[name.start : name.end]))
    ]
    groups = [
        group
        for group in _join_names(names, folded)
        if not _SOURCE_BEFORE.search(folded, max(0, group[0].start - 50), group[0].start)
        and not _SOURCE_AFTER.match(folded, group[-1].end)
        and not sentence.endswith("(", 0, group[0].start)
    ]
    for kinds in _SUITING[asked.kind]:
        spans = [
            Span(group[0].start, group[-1].end)
            for group in groups
            if any(name.kind in kinds for name in group)
        ]
        if not spans:
            continue
        if asked.kind is AnswerKind.WHO and NameKind.PERSON not in kinds:
            # One word may name anything, unless it is the subject that opens the sentence.
            return [
                span for span in spans if " " in sentence[span.start : span.end] or not span.start
            ]
        return spans
    return []


@lru_cache(64)
def _list_known(question: str, language: Language) -> frozenset[str]:
    """Return how the names of the question begin; all its words if it is typed without capitals."""
    names = find_names(question, language)
    if not any(character.isupper() for character in question[1:]):
        text = question
    else:
        text = " ".join(question[name.start : name.end] for name in names)
        text += " " + question.split(maxsplit=1)[0]
    return frozenset(word[:6] for word in split_words(text) if len(word) > 1)


@lru_cache(MOST_KEPT)
def _list_beginnings(name: str) -> tuple[str, ...]:
    return tuple(word[:6] for word in split_words(name))


# Each in turn: the first that any name suits decides.
_SUITING: Final[Mapping[AnswerKind, Sequence[frozenset[NameKind]]]] = MappingProxyType(
    {
        AnswerKind.PERSON: (frozenset([NameKind.PERSON]),),
        AnswerKind.WHO: (
            frozenset([NameKind.PERSON]),
            frozenset([NameKind.ORGANISATION, NameKind.OTHER]),
        ),
        AnswerKind.ORGANISATION: (frozenset([NameKind.ORGANISATION, NameKind.OTHER]),),
        AnswerKind.PLACE: (frozenset([NameKind.PLACE]),),
        AnswerKind.NAME: (frozenset(NameKind),),
    }
)
# Before the names of an alternative that a question offers.
_ALTERNATIVE: Final = Pattern(r"\s(?:ou|or)\s")


def _join_names(names: Sequence[Name], folded: str) -> list[list[Name]]:
    """Return the names, those of one enumeration together."""
    groups: list[list[Name]] = []
    for name in names:
        if groups and _JOINT.fullmatch(folded, groups[-1][-1].end, name.start):
            groups[-1].append(name)
        else:
            groups.append([name])
    return groups


_EITHER: Final = Pattern(r",\s|,?\s(?:ou|or)\s")
_WORD: Final = Pattern(r"[^\W_]+")
_BREAK: Final = Pattern(r"[,;:()]|\s(?:et|and|mais|but|dont|contre|against|puis|then)\s")


def _choose_nearest(
    spans: Sequence[Span],
    question: str,
    sentence: str,
    question_language: Language,
    sentence_language: Language,
) -> Span | None:
    """Return the span nearest to what the sentence shares with the question, if by far."""
    if question_language is sentence_language:
        asked = set(find_terms(split_words(question), question_language)) - {None}
    else:
        asked = set(split_words(question))
    folded = read_sentence(sentence, sentence_language).folded
    same = sentence_language if question_language is sentence_language else None
    shared = [
        word.start()
        for word in _WORD.finditer(folded)
        if not asked.isdisjoint(_list_terms(word.group(), same))
    ]
    scores = [_measure_nearness(span, shared, folded) for span in spans]
    ranked = sorted(zip(scores, range(len(spans)), strict=True), reverse=True)
    (best, place), (second, _) = ranked[:2]
    return spans[place] if best > 0 and best >= LEAD * second else None


@lru_cache(MOST_KEPT)
def _list_terms(word: str, language: Language | None) -> frozenset[str]:
    """Return the terms of a word; across languages what of it may be the same in both."""
    parts = split_words(word)
    if language is None:
        return frozenset(part for part in parts if len(part) > 3 or part.isdigit())
    return frozenset(term for term in find_terms(parts, language) if term is not None)


def _measure_nearness(span: Span, shared: Sequence[int], folded: str) -> float:
    """Sum over the shared words: each counts less with every word and much less past a break."""
    total = 0.0
    for position in shared:
        if span.start <= position < span.end:
            continue
        first, last = (position, span.start) if position < span.start else (span.end, position)
        between = folded[first:last]
        breaks = sum(1 for _ in _BREAK.finditer(between))
        total += 1 / (1 + between.count(" ")) / 4**breaks
    return total
