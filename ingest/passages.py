"""Passages: the runs of whole sentences that are searched for."""

from bisect import bisect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby

from massilia.corpus.article import Article
from massilia.ingest.sentences import Span, estimate_tokens, split_sentences

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

    `ordinal` counts the article's passages from 0. `first_sentence` and `last_sentence`, which is
    included, count its sentences from 0.
    """

    article_id: str
    ordinal: int
    start: int
    end: int
    first_sentence: int
    last_sentence: int
    text: str


@dataclass(frozen=True, slots=True)
class SplitArticle:
    """Hold the sentences and the passages of an article, each in order."""

    sentences: tuple[Span, ...]
    passages: tuple[Passage, ...]


def split_passages(
    article: Article, count_tokens: Callable[[str], int] = estimate_tokens
) -> SplitArticle:
    """Split an article into sentences, and these into passages of 100 to 200 tokens.

    A passage may cross paragraphs but not a heading. It repeats the last sentence of the passage
    before, unless a heading stands between or it would then have more than MAX_TOKENS. Every
    sentence is in at least one passage. Raises ValueError if headings overlap or leave the text.
    """
    text = article.text
    sentences = split_sentences(text, article.language, article.headings)
    tokens = [count_tokens(text[sentence.start : sentence.end]) for sentence in sentences]
    passages = []
    for ordinal, run in enumerate(_find_runs(article, sentences, tokens)):
        start, end = sentences[run[0]].start, sentences[run[-1]].end
        passages.append(Passage(article.id, ordinal, start, end, run[0], run[-1], text[start:end]))
    return SplitArticle(sentences, tuple(passages))


def _find_runs(article: Article, sentences: Sequence[Span], tokens: Sequence[int]) -> list[range]:
    """Return the sentences of each passage, overlap included."""
    heading_starts = [heading.start for heading in article.headings]
    runs = []
    for _, section in groupby(
        range(len(sentences)), key=lambda index: bisect(heading_starts, sentences[index].start)
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
