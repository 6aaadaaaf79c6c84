"""Find the translation of each sentence, and print the F1 that MTEB's bitext tasks give.

    python -m massilia.eval.bench.bitext ../shared/evaldata/tatoeba_fra_eng

MTEB (Muennighoff et al. 2023, "MTEB: Massive Text Embedding Benchmark", section 3.2) takes the
nearest sentence of the other language for each, and reports the F1 of that prediction, weighted by
class, each sentence a class of its own. A run of the evaluation encodes what is asked as a question
and what is found as a passage, each with its prefix; published figures of E5 encode both with the
question's. Both are printed.
"""

import argparse
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from platformdirs import user_cache_path

from massilia.corpus.article import Language
from massilia.eval.beir import read_beir
from massilia.eval.printing import print_table
from massilia.index.sentence_encoder import open_encoder


def main() -> None:
    """Print accuracy and F1 of both directions, with each way of encoding."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path, help="BEIR folder of sentence pairs")
    parser.add_argument("--encoder", help="another sentence-transformers model")
    options = parser.parse_args()
    dataset = read_beir(options.folder)
    encoder = open_encoder(options.encoder, user_cache_path("massilia"))
    rows = []
    for language in Language:
        articles = [each for each in dataset.articles if each.language is language]
        place = {article.id: row for row, article in enumerate(articles)}
        asked = [
            each
            for each in dataset.questions
            if each.language is not language and each.article_ids[0] in place
        ]
        gold = [place[each.article_ids[0]] for each in asked]
        questions = encoder.encode_questions([each.question for each in asked])
        texts = [article.text for article in articles]
        for prefixes, passages in (
            ("question, passage", encoder.encode_passages(texts)),
            ("question, question", encoder.encode_questions(texts)),
        ):
            found = np.argmax(questions @ passages.T, axis=1).tolist()
            right = [each == wanted for each, wanted in zip(found, gold, strict=True)]
            accuracy = sum(right) / len(right)
            direction = f"{'/'.join(sorted({each.language for each in asked}))}-{language}"
            rows.append((direction, prefixes, f"{accuracy:.4f}", f"{score_f1(found, gold):.4f}"))
    print_table(("direction", "prefixes", "accuracy", "F1"), rows)


def score_f1(found: Sequence[int], gold: Sequence[int]) -> float:
    """Return the weighted F1 of predictions of classes that each occur once."""
    predicted = Counter(found)
    # Recall is 1 or 0, precision 1 over how often the class was predicted.
    return sum(
        2 / (1 + predicted[wanted])
        for each, wanted in zip(found, gold, strict=True)
        if each == wanted
    ) / len(gold)


if __name__ == "__main__":
    main()
