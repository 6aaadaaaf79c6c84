"""The background: how similar a question is to sentences that don't answer it.

The similarities of an encoder lie close together, and how high depends on the question and on the
language: any French question is nearer to all of a French library than to an English one. So a
similarity says something only by how far it stands out from the question's similarities with other
sentences of the same language, which is known in speaker verification as cohort normalisation.
"""

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

import numpy as np

from massilia.corpus.article import Language
from massilia.index.encoder import Vectors

SAMPLE = 2_000
"""How many of a library's sentences stand for all of them, in each language."""
FEWEST = 60
"""Where a library has fewer sentences in a language, reference sentences make up the number: a
handful of sentences, the answer among them, tells nothing of what is ordinary."""


@dataclass(frozen=True, slots=True)
class Spread:
    """Hold the mean and standard deviation of similarities, and how many they stand for."""

    mean: float
    deviation: float
    count: int

    def stand_out(self, similarity: float) -> float:
        """Return by how many deviations a similarity exceeds what the best of chance would reach.

        The largest of n independent normal deviates lies near sqrt(2 ln n) (Cramér, Mathematical
        Methods of Statistics, 1946, section 28.6); without taking that off, the best sentence of a
        large library would always seem to stand out.
        """
        deviations = (similarity - self.mean) / max(self.deviation, 1e-6)
        return deviations - math.sqrt(2 * math.log(self.count))


@dataclass(frozen=True, slots=True)
class Background:
    """Hold a sample of sentence vectors for each language, and how many they stand for."""

    samples: Mapping[Language, Vectors]
    counts: Mapping[Language, int]

    @classmethod
    def build(
        cls, sentences: Mapping[Language, Vectors], references: Mapping[Language, Vectors]
    ) -> "Background":
        """Sample the sentences of a library, filling up small ones with reference sentences."""
        samples = {}
        for language, vectors in sentences.items():
            rows = np.linspace(0, len(vectors) - 1, min(len(vectors), SAMPLE)).astype(np.int64)
            samples[language] = vectors[rows]
            if missing := max(FEWEST - len(vectors), 0):
                fill = references[language][:missing]
                samples[language] = np.concatenate([samples[language], fill])
        counts = {language: max(len(each), FEWEST) for language, each in sentences.items()}
        return cls(samples, counts)

    @classmethod
    def load(cls, path: Path) -> "Background":
        """Read what `save` wrote; raises `ValueError` when the file is something else."""
        with np.load(path, allow_pickle=False) as arrays:
            samples = {Language(name): arrays[name] for name in arrays if name != "counts"}
            counts = dict(zip(samples, arrays["counts"].tolist(), strict=True))
        return cls(samples, counts)

    def save(self, path: Path) -> None:
        """Write the background to a file."""
        counts = np.array([self.counts[language] for language in self.samples], dtype=np.int64)
        arrays = {language.value: vectors for language, vectors in self.samples.items()}
        with path.open("wb") as file:
            np.savez(file, allow_pickle=False, counts=counts, **arrays)
            file.flush()
            os.fsync(file.fileno())

    def measure(self, question: Vectors) -> dict[Language, Spread]:
        """Return how the similarities with a question's vector are spread, in each language."""
        spreads = {}
        for language, vectors in self.samples.items():
            similarities = vectors @ question
            spreads[language] = Spread(
                float(similarities.mean()), float(similarities.std()), self.counts[language]
            )
        return spreads


@cache
def read_reference_sentences(language: Language) -> Sequence[str]:
    """Return everyday sentences that say nothing of any library's subject: `FEWEST` of them."""
    path = files("massilia.index.reference") / f"{language}.txt"
    return tuple(path.read_text(encoding="utf-8").splitlines())
