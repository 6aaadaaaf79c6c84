"""The background: how similar a question is to sentences that don't answer it.

The similarities of an encoder lie close together, and how high depends on the question and on the
language: any French question is nearer to all of a French library than to an English one. So a
similarity says something only by how far it stands out from the question's similarities with other
sentences of the same language, which is known in speaker verification as cohort normalisation.
"""

import io
import math
import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from massilia.corpus.article import Language
from massilia.index.encoder import Vectors

SAMPLE = 2_000
"""How many of a library's sentences stand for all of them, in each language."""
FEWEST = 60
"""How many reference sentences there are, in each language. Where a library has fewer sentences
than this, they make up the number: a handful, the answer among them, tells nothing of what is
ordinary."""
_LEAST_DEVIATION = 1e-6


@dataclass(frozen=True, slots=True)
class Spread:
    """Hold the mean and standard deviation of a question's similarities with two sets of sentences.

    The first are the library's, for which `count` says how many they are; the others are the
    reference sentences.
    """

    mean: float
    deviation: float
    count: int
    reference_mean: float
    reference_deviation: float

    def exceed_chance(self, similarity: float) -> float:
        """Return by how many deviations a similarity exceeds the best that chance would reach.

        The largest of n independent normal deviates lies near sqrt(2 ln n) (Cramér, Mathematical
        Methods of Statistics, 1946, section 28.6); without taking that off, the best sentence of a
        large library would always seem to stand out.
        """
        deviations = (similarity - self.mean) / max(self.deviation, _LEAST_DEVIATION)
        return deviations - math.sqrt(2 * math.log(self.count))

    def exceed_reference(self, similarity: float) -> float:
        """Return by how many deviations a similarity exceeds that with the reference sentences.

        In a library of one narrow subject every sentence is near the question, and the one that
        answers it stands out little from the others; but they all do from these.
        """
        return (similarity - self.reference_mean) / max(self.reference_deviation, _LEAST_DEVIATION)


@dataclass(frozen=True, slots=True)
class Background:
    """Hold, for each language of a library, sentence vectors that a question is compared with.

    `samples` are of the library, `counts` says how many sentences they stand for, and
    `references` are the vectors of the reference sentences.
    """

    samples: Mapping[Language, Vectors]
    counts: Mapping[Language, int]
    references: Mapping[Language, Vectors]

    @classmethod
    def build(
        cls, sentences: Mapping[Language, Vectors], references: Mapping[Language, Vectors]
    ) -> "Background":
        """Sample the sentences of a library, filling up small ones with reference sentences."""
        samples = {}
        for language, vectors in sentences.items():
            rows = np.linspace(0, len(vectors) - 1, min(len(vectors), SAMPLE)).astype(np.int64)
            missing = references[language][: max(FEWEST - len(vectors), 0)]
            samples[language] = np.concatenate([vectors[rows], missing])
        counts = {language: max(len(each), FEWEST) for language, each in sentences.items()}
        return cls(samples, counts, dict(references))

    @classmethod
    def load(cls, path: Path) -> "Background":
        """Read what `save` wrote; raises `ValueError` or `KeyError` for another file."""
        try:
            # NumPy leaves a file that it opens itself, and can't read, open.
            with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                languages = [Language(name) for name in arrays["languages"].tolist()]
                return cls(
                    samples={each: arrays[f"sample_{each}"] for each in languages},
                    counts=dict(zip(languages, arrays["counts"].tolist(), strict=True)),
                    references={each: arrays[f"reference_{each}"] for each in languages},
                )
        except (ValueError, EOFError, BadZipFile, TypeError) as error:
            raise ValueError(f"{path} is not a background: {error}") from error

    def save(self, path: Path) -> None:
        """Write the background to a file."""
        languages = list(self.samples)
        arrays = {
            "languages": np.array(languages, dtype=np.str_),
            "counts": np.array([self.counts[each] for each in languages], dtype=np.int64),
            **{f"sample_{each}": self.samples[each] for each in languages},
            **{f"reference_{each}": self.references[each] for each in languages},
        }
        # In memory first: on a full disk a half-written ZIP file raises more than the disk's error.
        content = io.BytesIO()
        np.savez(content, allow_pickle=False, **arrays)
        with path.open("wb") as file:
            file.write(content.getbuffer())
            file.flush()
            os.fsync(file.fileno())

    def measure(
        self, question: Vectors, languages: Collection[Language] = tuple(Language)
    ) -> dict[Language, Spread]:
        """Return how the similarities with a question's vector are spread, in each language."""
        spreads = {}
        for language in languages:
            if language not in self.samples:
                continue
            similarities = self.samples[language] @ question
            references = self.references[language] @ question
            spreads[language] = Spread(
                mean=float(similarities.mean()),
                deviation=float(similarities.std()),
                count=self.counts[language],
                reference_mean=float(references.mean()),
                reference_deviation=float(references.std()),
            )
        return spreads


@cache
def read_reference_sentences(language: Language) -> Sequence[str]:
    """Return everyday sentences that say nothing of any library's subject: `FEWEST` of them."""
    path = files("massilia.index.reference") / f"{language}.txt"
    return tuple(path.read_text(encoding="utf-8").splitlines())
