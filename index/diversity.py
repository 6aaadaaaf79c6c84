"""Which of the passages found are kept, so that they don't say the same thing twice."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from massilia.corpus.article import Language


@dataclass(frozen=True, slots=True)
class Provenance:
    """Say which article a passage is of, in which language, and which work.

    An article and its translation are one work.
    """

    article_id: str
    work: str
    language: Language


def choose_diverse(
    passages: Sequence[Provenance],
    preferred: Language,
    per_article: int,
    is_repeated: Callable[[int, int], bool],
    limit: int | None = None,
) -> list[int]:
    """Return the positions of the passages that are kept, in their order, up to `limit` of them.

    Of a work, those in one language are kept: the preferred one, if any is, or that of the best.
    Of an article no more than `per_article` are, and none that repeats one that is kept already:
    `is_repeated` compares two positions.
    """
    languages: dict[str, Language] = {}
    for passage in sorted(passages, key=lambda each: each.language is not preferred):
        languages.setdefault(passage.work, passage.language)
    counts: Counter[str] = Counter()
    kept: list[int] = []
    for position, passage in enumerate(passages):
        if len(kept) == limit:
            break
        if passage.language is not languages[passage.work]:
            continue
        if counts[passage.article_id] == per_article:
            continue
        if any(is_repeated(earlier, position) for earlier in kept):
            continue
        counts[passage.article_id] += 1
        kept.append(position)
    return kept
