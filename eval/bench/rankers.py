"""Compare every way of ranking on foreign data sets and on our own questions, by direction.

    python -m massilia.eval.bench.rankers --libraries FOLDER ../shared/evaldata/piaf_v1.1 \
        ../shared/evaldata/casimedicos_fr_en corpus/questions/dev.jsonl

A data set's library is kept in FOLDER, so that it is built once; our own questions are asked of the
embedded corpus. A question is encoded once, and ranked by each. A set whose articles are in both
languages is asked of those in each language apart. The last columns say by how much the default
exceeds the best of dense, lexical and fused, with the interval of the paired difference.
"""

import argparse
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from platformdirs import user_cache_path

from massilia.eval.beir import read_beir
from massilia.eval.bootstrap import estimate, mean
from massilia.eval.measures import score_outcomes
from massilia.eval.paired import estimate_difference
from massilia.eval.printing import print_table
from massilia.eval.question_set import ExpectedAnswer, read_question_set
from massilia.eval.run import DEPTH, Outcome, rank_articles, restrict_expected
from massilia.eval.temporary_library import list_articles, open_temporary_library
from massilia.index.encoder import Encoder
from massilia.index.filter import Filter
from massilia.index.library import Library
from massilia.index.ranker import EncodedQuestion, RankerName
from massilia.index.rankers import open_ranker
from massilia.index.retriever import Retriever
from massilia.service.cli import prepare_encoder
from massilia.service.progress import show_progress
from massilia.service.settings import Settings

MEASURES = ("nDCG@10", "RR@10", "Success@1", "R@10", "R@100")
BASELINES = (RankerName.DENSE, RankerName.LEXICAL, RankerName.FUSED)


def main() -> None:
    """Print a table a measure, and write all figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("sets", type=Path, nargs="+", help="BEIR folders and our question sets")
    parser.add_argument("--libraries", type=Path, required=True, help="where libraries are kept")
    parser.add_argument("--limit", type=int, help="ask only so many questions, evenly spread")
    parser.add_argument("--json", type=Path, help="write every figure here")
    options = parser.parse_args()
    encoder = prepare_encoder(Settings(options.libraries, True, user_cache_path("massilia"), None))
    found: dict[str, dict[str, dict[str, object]]] = {}
    for path in options.sets:
        for direction, outcomes in _rank_set(path, options.libraries, encoder, options.limit):
            found[f"{path.stem} {direction}"] = _measure(outcomes)
            _print(found)
    if options.json:
        options.json.write_text(json.dumps(found, indent=1), encoding="utf-8")


def _rank_set(
    path: Path, libraries: Path, encoder: Encoder, limit: int | None
) -> list[tuple[str, Mapping[RankerName, Sequence[Outcome]]]]:
    if path.is_dir():
        dataset = read_beir(path)
        with open_temporary_library(dataset.articles, encoder, libraries / path.name) as library:
            return _rank(library, dataset.questions, encoder, limit)
    library = Library.create(libraries / "embedded")
    try:
        library.put_embedded_corpus()
        if not library.is_built():
            library.build(encoder)
        lengths = {article.id: len(article.text) for article in list_articles(library.store)}
        return _rank(library, read_question_set(path, lengths), encoder, limit)
    finally:
        library.close()


def _rank(
    library: Library, questions: Sequence[ExpectedAnswer], encoder: Encoder, limit: int | None
) -> list[tuple[str, Mapping[RankerName, Sequence[Outcome]]]]:
    generation = library.generation()
    assert generation is not None
    retrievers = {
        name: Retriever(library.store, generation, open_ranker(name, generation.index))
        for name in RankerName
    }
    languages = {entry.id: entry.language for entry in library.store.entries()}
    answerable = [each for each in questions if each.answerable]
    if limit is not None:
        answerable = answerable[:: -(-len(answerable) // limit)]
    ranked: dict[str, dict[RankerName, list[Outcome]]] = defaultdict(lambda: defaultdict(list))
    with show_progress("Ranking", len(answerable)) as advance:
        for expected in answerable:
            encoded = EncodedQuestion.encode(expected.question, expected.language, encoder)
            for language in sorted(set(languages.values())):
                narrowed = restrict_expected(expected, language, languages)
                if narrowed is None:
                    continue
                within = Filter(languages=frozenset([language]))
                for name, retriever in retrievers.items():
                    passages = retriever.retrieve(encoded, 3 * DEPTH, within)
                    ranking = rank_articles(passages, DEPTH)
                    direction = f"{expected.language}-{language}"
                    ranked[direction][name].append(Outcome(narrowed, ranking, (), (), None, 0.0))
            advance(1)
    return sorted(ranked.items())


def _measure(outcomes: Mapping[RankerName, Sequence[Outcome]]) -> dict[str, dict[str, object]]:
    scores = {name: score_outcomes(each) for name, each in outcomes.items()}
    figures: dict[str, dict[str, object]] = {}
    for measure in MEASURES:
        clusters = scores[RankerName.DEFAULT].clusters
        estimates = {name: estimate(mean(each[measure]), clusters) for name, each in scores.items()}
        best = max(BASELINES, key=lambda name: estimates[name].value or 0.0)
        gain = estimate_difference(
            scores[best][measure], scores[RankerName.DEFAULT][measure], clusters
        )
        figures[measure] = {
            "questions": len(clusters),
            **{name: [each.value, each.low, each.high] for name, each in estimates.items()},
            "best": best,
            "gain": [gain.value, gain.low, gain.high],
        }
    return figures


def _print(found: Mapping[str, Mapping[str, Mapping[str, object]]]) -> None:
    names = [name for name in RankerName if name is not RankerName.DEFAULT] + [RankerName.DEFAULT]
    for measure in MEASURES[:3]:
        rows = []
        for name, measures in found.items():
            figures = measures[measure]
            cells = [_show(figures[ranker]) for ranker in names]
            rows.append((name, str(figures["questions"]), *cells, _show(figures["gain"])))
        print_table((measure, "n", *names, "gain"), rows)


def _show(figures: object) -> str:
    assert isinstance(figures, list)
    value, low, high = figures
    return f"{value:.3f} ({low:.3f} to {high:.3f})"


if __name__ == "__main__":
    main()
