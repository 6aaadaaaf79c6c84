"""Measure dated series on labelled pairs of sentences of the embedded articles.

    python -m massilia.eval.bench.series eval/bench/series_dev.jsonl

A line of the file holds `first` and `second` (`article_id`, `start` and `end` in code points of its
text) and a `label`: "series" (one thing, two dates), "disagree" (one thing, one date, values that
differ), "agree" (one thing, one date, the same value) or "different" things. Prints precision and
recall of what is called a series and a disagreement.
"""

import argparse
import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from massilia.corpus.article import Article
from massilia.corpus.embedded import list_embedded_articles
from massilia.eval.printing import print_table
from massilia.ingest.documents import read_article
from massilia.service.series import Statement, are_same_thing, collect_series, read_points

LABELS = ("series", "disagree")
NEITHER = "neither"


def main() -> None:
    """Print a table of both classes and, if asked, every pair that is called wrongly."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("pairs", type=Path)
    parser.add_argument("--mistakes", action="store_true", help="print the pairs called wrongly")
    options = parser.parse_args()
    read = [read_article(path) for path in list_embedded_articles()]
    articles = {article.id: article for article in read}
    counts: Counter[tuple[str, str]] = Counter()
    mistakes = []
    for line in options.pairs.read_text(encoding="utf-8").splitlines():
        pair = json.loads(line)
        first, second = (_read_statement(articles, pair[side]) for side in ("first", "second"))
        called = classify(first, second)
        counts[called, pair["label"]] += 1
        wanted = pair["label"] if pair["label"] in LABELS else NEITHER
        if options.mistakes and called != wanted:
            mistakes.append((called, pair["label"], first.text, second.text))
    rows = []
    for label in LABELS:
        calls = sum(count for (name, _), count in counts.items() if name == label)
        labelled = sum(count for (_, name), count in counts.items() if name == label)
        right = counts[label, label]
        rows.append((label, f"{right}/{calls}", f"{right}/{labelled}"))
    print_table(("label", "precision", "recall"), rows)
    if mistakes:
        print_table(("called", "label", "first", "second"), mistakes)


def classify(first: Statement, second: Statement) -> str:
    """Return what two sentences say together: "series", "disagree" or "neither"."""
    language = first.article.language
    found = NEITHER
    for one in read_points(first):
        for other in read_points(second):
            series = collect_series([one, other], language) if are_same_thing(one, other) else None
            if series is not None:
                found = "disagree" if series.disagreements else "series"
                if series.disagreements:
                    return found
    return found


def _read_statement(articles: Mapping[str, Article], place: Mapping[str, object]) -> Statement:
    start, end = place["start"], place["end"]
    if not isinstance(start, int) or not isinstance(end, int):
        raise TypeError(f"no place in a text: {place}")
    return Statement(articles[str(place["article_id"])], start, end)


if __name__ == "__main__":
    main()
