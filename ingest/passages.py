"""Passages: the runs of whole sentences that are searched for."""

from bisect import bisect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby

from massilia.corpus.article import Article, Language
from massilia.ingest.language_stretches import find_stretches
from massilia.ingest.sentences import (
    Span,
    Stretch,
    estimate_tokens,
    find_language,
    split_sentences,
)

# New tokens a passage is meant to have, the sentence of overlap not counted.
TARGET_TOKENS = 160
# Where a passage ends, overlap included, if no sentence in it is longer.
MAX_TOKENS = 200
# A run shorter than this says too little to be found, and is added to a neighbour.
MIN_TOKENS = 20
# Never exceeded: MIN_TOKENS and the longest sentence, MAX_SENTENCE_TOKENS. The estimate falls short
# of the real count by a factor of up to 1.5 on noise: the largest passage made of random characters
# of any script had 404 real tokens, out of the 512 that the encoder reads with prefix and title.
# (Only squared and ligature symbols, which the tokenizer takes apart, make more.)
LIMIT_TOKENS = 260


@dataclass(frozen=True, slots=True)
class Passage:
    """Hold a run of whole sentences of an article; `text` is `article.text[start:end]`.

    `ordinal` counts the article's passages from 0. `language` is that of its words, the article's
    unless they are surely in another. `first_sentence` and `last_sentence`, which is included,
    count its sentences from 0.
    """

    article_id: str
    ordinal: int
    start: int
    end: int
    first_sentence: int
    last_sentence: int
    text: str
    language: Language


@dataclass(frozen=True, slots=True)
class SplitArticle:
    """Hold the sentences and the passages of an article, each in order."""

    sentences: tuple[Span, ...]
    passages: tuple[Passage, ...]


def split_passages(
    article: Article,
    count_tokens: Callable[[str], int] = estimate_tokens,
    stretches: Sequence[Stretch] | None = None,
) -> SplitArticle:
    """Split an article into sentences, and these into passages of 100 to 200 tokens.

    `stretches` are those in another language, found in the text where they aren't given. A passage
    may cross paragraphs, but neither a heading nor the border of a stretch. It repeats the last
    sentence of the passage before, unless one of these stands between or it would then have more
    than MAX_TOKENS. Every sentence is in at least one passage. Raises ValueError if headings
    overlap or leave the text.
    """
    text = article.text
    if stretches is None:
        stretches = find_stretches(text, article.language, article.headings)
    sentences = split_sentences(text, article.language, article.headings, stretches)
    tokens = [count_tokens(text[sentence.start : sentence.end]) for sentence in sentences]
    passages = []
    for ordinal, run in enumerate(_find_runs(article, stretches, sentences, tokens)):
        start, end = sentences[run[0]].start, sentences[run[-1]].end
        language = find_language(start, article.language, stretches)
        passages.append(
            Passage(article.id, ordinal, start, end, run[0], run[-1], text[start:end], language)
        )
    return SplitArticle(sentences, tuple(passages))


def _find_runs(
    article: Article,
    stretches: Sequence[Stretch],
    sentences: Sequence[Span],
    tokens: Sequence[int],
) -> list[range]:
    """Return the sentences of each passage, overlap included."""
    borders = [heading.start for heading in article.headings]
    borders += [place for stretch in stretches for place in (stretch.start, stretch.end)]
    borders.sort()
    runs = []
    for _, section in groupby(
        range(len(sentences)), key=lambda index: bisect(borders, sentences[index].start)
    ):
        indices = list(section)
        for run in _divide_section(indices[0], indices[-1] + 1, tokens):
            overlaps = run.start > indices[0]
            if overlaps and sum(tokens[run.start - 1 : run.stop]) <= MAX_TOKENS:
                run = range(run.start - 1, run.stop)
            runs.append(run)
    return runs


def _divide_section(start: int, stop: int, tokens: Sequence[int]) -> list[range]:
    """Divide the sentences from `start` to `stop` into runs of about equal length.

    The share of a run is worked out anew from what is left, so that no short one is left over
    unless long sentences force it.
    """
    runs: list[range] = []
    left = sum(tokens[start:stop])
    while start < stop:
        share = left / max(1, -(-left // TARGET_TOKENS))
        end, size = start + 1, tokens[start]
        while end < stop and _belongs(size, tokens[end], share):
            size += tokens[end]
            end += 1
        if runs and size < MIN_TOKENS and sum(tokens[runs[-1].start : end]) <= LIMIT_TOKENS:
            runs[-1] = range(runs[-1].start, end)
        else:
            runs.append(range(start, end))
        start, left = end, left - size
    return runs


def _belongs(size: int, following: int, share: float) -> bool:
    """Tell whether a run of `size` tokens is better with the sentence after it than without."""
    if size < MIN_TOKENS:
        return size + following <= LIMIT_TOKENS
    return size + following <= MAX_TOKENS and size + following / 2 <= share
