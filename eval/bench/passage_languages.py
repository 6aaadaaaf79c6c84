"""Count the passages that are given a wrong language, and those of the other that are found out.

    python -m massilia.eval.bench.passage_languages ../shared/evaldata/piaf_v1.1 ...

Each text of the sets, in BEIR's layout, and each embedded article is split as when it is ingested:
all of their passages are in the language of the whole. Then articles in two languages are put
together of embedded ones: an article followed by its translation, as in a bilingual release, and
an article with one paragraph of its translation in the middle. Of these the words are counted
that stand in passages of their own language, by the words of the stretch.
"""

import argparse
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from massilia.corpus.article import Article, Language
from massilia.corpus.embedded import list_embedded_articles
from massilia.corpus.pattern import Pattern
from massilia.eval.beir import read_beir
from massilia.eval.printing import print_table
from massilia.ingest.documents import read_article
from massilia.ingest.passages import split_passages

_WORD = Pattern(r"\S+")
BANDS = (8, 15, 25, 40, 60, 100)
"""Where the numbers of words are parted that a paragraph in the other language has."""


@dataclass(frozen=True, slots=True)
class Mixed:
    """Hold an article of two languages, and where its stretch in the other language lies."""

    article: Article
    start: int
    end: int

    @property
    def words(self) -> int:
        """Count the words of the stretch."""
        return len(self.article.text[self.start : self.end].split())


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folders", type=Path, nargs="*", help="BEIR folders")
    options = parser.parse_args()
    embedded = [read_article(path) for path in list_embedded_articles()]
    sets = {"embedded": embedded}
    sets |= {str(each.name): list(read_beir(each).articles) for each in options.folders}
    rows, mistakes = [], []
    for name, articles in sets.items():
        for language in Language:
            passages = [
                (each, passage)
                for each in articles
                if each.language is language
                for passage in split_passages(each).passages
            ]
            wrong = [passage for each, passage in passages if passage.language is not language]
            if passages:
                rows.append((name, str(language), str(len(passages)), str(len(wrong))))
                mistakes += [(name, each.article_id, each.text[:80]) for each in wrong]
    print_table(("texts", "language", "passages", "wrong"), rows)
    if mistakes:
        print_table(("texts", "article", "passage"), mistakes)
    counts = []
    for kind, mixed in (
        ("halves", list(put_halves_together(embedded))),
        ("paragraph", list(put_paragraphs_in(embedded))),
    ):
        counted: dict[str, Counter[str]] = {}
        for each in mixed:
            band = "all" if kind == "halves" else _name_band(each.words)
            counted.setdefault(band, Counter()).update(count_words(each))
        for band in sorted(counted, key=_read_band):
            found = counted[band]
            counts.append(
                (
                    kind,
                    band,
                    str(found["articles"]),
                    f"{found['other, right'] / found['other']:.4f}",
                    f"{found['own'] - found['own, right']}/{found['own']}",
                )
            )
    print_table(("put together", "words", "articles", "other found", "own lost"), counts)


def put_halves_together(articles: list[Article]) -> Iterator[Mixed]:
    """Yield each article followed by its translation, without headings."""
    for first, second in _pair(articles):
        text = f"{first.text}\n\n{second.text}"
        start = len(first.text) + 2
        yield Mixed(_make(first, text), start, len(text))


def put_paragraphs_in(articles: list[Article]) -> Iterator[Mixed]:
    """Yield each article with each paragraph of its translation in its middle."""
    for first, second in _pair(articles):
        paragraphs = first.text.split("\n\n")
        middle = len(paragraphs) // 2
        before = "\n\n".join(paragraphs[:middle]) + "\n\n"
        after = "\n\n" + "\n\n".join(paragraphs[middle:])
        for paragraph in second.text.split("\n\n"):
            text = before + paragraph + after
            yield Mixed(_make(first, text), len(before), len(before) + len(paragraph))


def count_words(mixed: Mixed) -> Counter[str]:
    """Count the words of each language, and those that stand in a passage of it."""
    article = mixed.article
    counted = Counter({"articles": 1})
    for passage in split_passages(article).passages:
        for word in _WORD.finditer(article.text, passage.start, passage.end):
            is_other = mixed.start <= word.start() < mixed.end
            name = "other" if is_other else "own"
            counted[name] += 1
            counted[f"{name}, right"] += is_other is (passage.language is not article.language)
    return counted


def _pair(articles: list[Article]) -> Iterator[tuple[Article, Article]]:
    by_id = {each.id: each for each in articles}
    for each in articles:
        other = by_id.get(each.translation_of or "")
        if other is not None:
            yield each, other
            yield other, each


def _make(article: Article, text: str) -> Article:
    return replace(article, text=text, headings=(), marks=(), sources=())


def _name_band(words: int) -> str:
    lower = max((each for each in BANDS if each <= words), default=0)
    upper = min((each for each in BANDS if each > words), default=None)
    return f"{lower}+" if upper is None else f"{lower}-{upper - 1}"


def _read_band(name: str) -> int:
    return int(name.rstrip("+").partition("-")[0]) if name != "all" else 0


if __name__ == "__main__":
    main()
