"""Headings of plain text, where nothing marks them."""

import re
from collections.abc import Sequence

from massilia.corpus.article import Heading
from massilia.ingest.sentences import Span, ends_sentence, find_blocks, starts_list_item

# Nobody quotes from a heading, so a sentence taken for one is lost while a heading taken for a
# sentence costs little: every doubt is settled against the heading. Chosen by eye on five press
# articles; the longest heading there has 70 characters and 10 words.
MAX_CHARACTERS = 72
MAX_WORDS = 12
MAX_WORDS_OF_NAME = 3
# A line of at least so many characters is text even if it has no terminal punctuation.
MIN_TEXT = 100
# A heading with no blank line below it stands above a line too long to be wrapped prose.
MIN_UNWRAPPED_LINE = 120

# A "?" may end a heading; these may not.
_LAST_CHARACTERS_OF_TEXT = frozenset(".…!:;,-–—»”\"'")
# Figures are what readers ask for; the others are met in credits, addresses, menus and dates.
_NOT_IN_HEADING = re.compile(r"[\d/|@©®=<>{}\[\]_#*\\]|https?:|www\.|\.[a-z]{2,4}\b")
# Words that a heading does not end with, as the first line of a wrapped paragraph may.
_OPEN_ENDED = re.compile(
    "a|à|an|and|as|at|au|aux|avec|by|ce|ces|cette|chez|dans|de|des|du|en|et|for|from|in|is|la|le|"
    "les|of|on|or|ou|par|pour|que|qui|sa|se|ses|son|sous|sur|the|to|un|une|with",
    re.IGNORECASE,
)
# First words of captions, credits, bylines and forms.
_LABEL = re.compile(
    "auteur|by|caption|contact|copyright|correspondante?|crédits?|credits?|date|dernière|"
    "illustration|image|laisser|leave|légende|mis|par|photos?|posted|propos|publiée?|published|"
    "recueillis?|reportage|sources?|tags|tél|texte|updated|written",
    re.IGNORECASE,
)


def find_headings(text: str) -> tuple[Heading, ...]:
    """Find the lines of a plain text that are most likely headings, in order.

    A heading is a short line without figures or final punctuation, between two stretches of text.
    Level 1 is given to a heading on the first line and level 2 to all others.
    """
    blocks = list(find_blocks(text, 0, len(text)))
    headings: list[Heading] = []
    for number, lines in enumerate(blocks):
        if number > 0 and not _is_text(text, blocks[number - 1]):
            continue
        if len(lines) > 1:
            introduces = lines[1].end - lines[1].start >= MIN_UNWRAPPED_LINE
        else:
            introduces = number + 1 < len(blocks) and _is_text(text, blocks[number + 1])
        line = lines[0]
        if introduces and _looks_like_heading(text[line.start : line.end]):
            headings.append(Heading(2 if number else 1, line.start, line.end))
    return tuple(headings)


def _is_text(text: str, lines: Sequence[Span]) -> bool:
    """Tell whether a block of lines is a paragraph or a list rather than a title or a caption."""
    last = text[lines[-1].start : lines[-1].end]
    return len(last) >= MIN_TEXT or ends_sentence(last) or starts_list_item(last)


def _looks_like_heading(line: str) -> bool:
    words = line.split()
    if len(words) > MAX_WORDS or len(line) > MAX_CHARACTERS:
        return False
    if not line[0].isupper() or line[-1] in _LAST_CHARACTERS_OF_TEXT:
        return False
    if _LABEL.fullmatch(words[0].rstrip(":")) or _OPEN_ENDED.fullmatch(words[-1]):
        return False
    # "Jean-Pierre Martin" below an article is who wrote it; one word is a menu entry as often.
    is_name = len(words) <= MAX_WORDS_OF_NAME and all(word[0].isupper() for word in words)
    return not is_name and not _NOT_IN_HEADING.search(line)
