"""What the encoder reads for a passage or a sentence: more than its own text."""

from dataclasses import dataclass

from massilia.index.store import IndexedText


@dataclass(frozen=True, slots=True)
class EncoderInput:
    """Hold what the encoder is given for a sentence or passage, under its id.

    The text itself begins at `start`, after title and heading; its sentences end at
    `sentence_ends`, which count from the beginning of the input too.
    """

    id: int
    text: str
    start: int
    sentence_ends: tuple[int, ...]


def compose_passage(passage: IndexedText) -> EncoderInput:
    """Return what the encoder reads for a passage: its article's title and heading lead it."""
    return _compose(passage, passage.title, passage.heading)


def compose_sentence(sentence: IndexedText) -> EncoderInput:
    """Return what the encoder reads for a sentence: the heading it stands under leads it.

    The heading often names what the sentence calls "it" or "the company".
    """
    return _compose(sentence, sentence.heading or sentence.title)


def _compose(text: IndexedText, *lead: str | None) -> EncoderInput:
    composed = "\n".join(part for part in (*lead, text.text) if part)
    start = len(composed) - len(text.text)
    return EncoderInput(text.id, composed, start, tuple(start + end for end in text.sentence_ends))
