"""The stretches of an article that are in another language than the rest: a bilingual release."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from massilia.corpus.article import Heading, Language
from massilia.corpus.pattern import Pattern
from massilia.ingest.language import weigh_language
from massilia.ingest.sentences import Span, Stretch, find_paragraphs

SURE: Final = 100.0
"""From this evidence on, in nats, a stretch is in the other language: that of some 25 words.

No passage of 16,255 of PIAF, AfriQA, CasiMedicos and Tatoeba, nor of our 692, is given the wrong
language. Taken by itself, the text nearest to it, a list of Bries in English, has 57 nats of the
wrong language; of 43,652 sentences one has more than 100, and is an English one quoted in French.
Of our articles with a paragraph of their translation in the middle, the passages in the other
language hold .47 of its words where it has 15 to 24, .92 to 39, .97 to 59, .99 to 99, and all from
there on, and of an article followed by its translation all words of both. With 40 one text of 8,853
is given a wrong language, unless `LEAST_PER_WORD` holds; with 150 paragraphs of 25 to 39 words
are found .36 of the time instead of .90. (`python -m massilia.eval.bench.passage_languages`)
"""
LEAST_PER_WORD: Final = 2.5
"""Names and titles of the other language say less, in nats, than its sentences do.

A list of Bries says 1.5 a word, of songs by James Brown 2.0; of 8,766 texts of 25 words or more
less than 1 % say less than 2.8 of their own language, half of them more than 5.4.
"""
SWITCH: Final = 20.0
"""What is gained at least, in nats, by each change of the language: paragraphs that tell less are
in the language of those around them. From 5 to 50 nothing changes on our articles put together;
with 100 the shortest paragraphs are missed."""

_WORD: Final = Pattern(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class _Paragraph:
    """Hold a paragraph, its words, and the evidence that it is in the other language, in nats."""

    span: Span
    words: int
    evidence: float


def find_stretches(
    text: str, language: Language, headings: Sequence[Heading] = ()
) -> tuple[Stretch, ...]:
    """Return the runs of paragraphs that are surely in the other language than `language`.

    A paragraph in a third language, or with too few words to tell by, is in the article's. Raises
    ValueError if headings overlap or leave the text.
    """
    other = next(each for each in Language if each is not language)
    paragraphs = [_weigh(text, span, other, language) for span in find_paragraphs(text, headings)]
    switched = _follow_language([each.evidence for each in paragraphs])
    return tuple(
        Stretch(run[0].span.start, run[-1].span.end, other)
        for is_other, run in _group(switched, paragraphs)
        if is_other and _is_sure(run)
    )


def _weigh(text: str, span: Span, other: Language, language: Language) -> _Paragraph:
    paragraph = text[span.start : span.end]
    words = len(_WORD.findall(paragraph))
    return _Paragraph(span, words, weigh_language(paragraph, other, language) if words else 0.0)


def _follow_language(evidence: Sequence[float]) -> list[bool]:
    """Tell which paragraphs are likeliest in the other language, each change of it costing SWITCH.

    The likeliest sequence is found as by Viterbi (1967).
    """
    totals = {False: 0.0, True: -SWITCH}
    came_from: list[dict[bool, bool]] = []
    for each in evidence:
        stays = {state: totals[state] >= totals[not state] - SWITCH for state in totals}
        came_from.append({state: state if stays[state] else not state for state in totals})
        totals = {
            state: (totals[state] if stays[state] else totals[not state] - SWITCH) + state * each
            for state in totals
        }
    state = totals[True] > totals[False]
    states = []
    for before in reversed(came_from):
        states.append(state)
        state = before[state]
    return states[::-1]


def _group(
    switched: Sequence[bool], paragraphs: Sequence[_Paragraph]
) -> Iterator[tuple[bool, list[_Paragraph]]]:
    pairs = zip(switched, paragraphs, strict=True)
    for is_other, group in groupby(pairs, key=lambda pair: pair[0]):
        yield is_other, [paragraph for _, paragraph in group]


def _is_sure(run: Sequence[_Paragraph]) -> bool:
    evidence = sum(each.evidence for each in run)
    return evidence >= max(SURE, LEAST_PER_WORD * sum(each.words for each in run))
