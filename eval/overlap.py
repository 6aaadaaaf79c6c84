"""Words that two texts share: runs that would be copying, and a question's words in its answer."""

import re
import unicodedata
from collections.abc import Iterator, Set

_WORD = re.compile(r"\w+")
# Words that ask, point or join, in both languages, without their accents.
_FUNCTION_WORDS = frozenset(
    [
        "a",
        "ai",
        "as",
        "au",
        "aux",
        "avec",
        "avoir",
        "avait",
        "c",
        "ce",
        "ces",
        "cet",
        "cette",
        "chez",
        "combien",
        "comment",
        "d",
        "dans",
        "de",
        "des",
        "du",
        "elle",
        "elles",
        "en",
        "es",
        "est",
        "et",
        "etait",
        "etaient",
        "ete",
        "etre",
        "eu",
        "fait",
        "faire",
        "fut",
        "il",
        "ils",
        "j",
        "je",
        "l",
        "la",
        "le",
        "les",
        "leur",
        "leurs",
        "lui",
        "m",
        "ma",
        "mais",
        "me",
        "meme",
        "mes",
        "mon",
        "n",
        "ne",
        "nos",
        "notre",
        "nous",
        "on",
        "ont",
        "ou",
        "par",
        "pas",
        "plus",
        "pour",
        "pourquoi",
        "qu",
        "quand",
        "que",
        "quel",
        "quelle",
        "quelles",
        "quels",
        "qui",
        "quoi",
        "s",
        "sa",
        "se",
        "ses",
        "son",
        "sont",
        "sous",
        "sur",
        "t",
        "te",
        "toi",
        "tu",
        "un",
        "une",
        "vos",
        "votre",
        "vous",
        "y",
        "about",
        "an",
        "and",
        "are",
        "at",
        "be",
        "been",
        "by",
        "can",
        "could",
        "did",
        "do",
        "does",
        "for",
        "from",
        "had",
        "has",
        "have",
        "he",
        "her",
        "his",
        "how",
        "i",
        "in",
        "into",
        "is",
        "it",
        "its",
        "many",
        "me",
        "much",
        "my",
        "not",
        "of",
        "on",
        "or",
        "our",
        "over",
        "she",
        "should",
        "than",
        "that",
        "the",
        "their",
        "them",
        "there",
        "they",
        "this",
        "to",
        "was",
        "we",
        "were",
        "what",
        "when",
        "where",
        "which",
        "who",
        "whom",
        "whose",
        "why",
        "will",
        "with",
        "would",
        "you",
        "your",
    ]
)


def list_runs(text: str, length: int) -> frozenset[tuple[str, ...]]:
    """Return every run of `length` words of a text, in lower case."""
    words = _WORD.findall(text.lower())
    return frozenset(tuple(words[i : i + length]) for i in range(len(words) - length + 1))


def find_runs(text: str, runs: Set[tuple[str, ...]], length: int) -> Iterator[str]:
    """Yield the runs of `length` words of a text that are among `runs`."""
    words = _WORD.findall(text.lower())
    for start in range(len(words) - length + 1):
        run = tuple(words[start : start + length])
        if run in runs:
            yield " ".join(run)


def measure_overlap(question: str, sentence: str) -> float:
    """Return the share of a question's content words that stand in a sentence, 0 to 1.

    Accents and case don't count. A question without content words has an overlap of 0.
    """
    asked = _list_content_words(question)
    return len(asked & _list_content_words(sentence)) / len(asked) if asked else 0.0


def _list_content_words(text: str) -> frozenset[str]:
    decomposed = unicodedata.normalize("NFD", text.lower())
    plain = "".join(each for each in decomposed if not unicodedata.combining(each))
    return frozenset(_WORD.findall(plain)) - _FUNCTION_WORDS
