"""Made documents of several formats, each with a text of its own, for measuring the ingest."""

import random
import re
import zipfile
from collections.abc import Iterator, Sequence
from functools import cache
from html import escape
from io import BytesIO
from pathlib import Path

from massilia.corpus.embedded import list_embedded_articles
from massilia.ingest.documents import read_article
from massilia.ingest.sentences import split_sentences

FEWEST, MOST = 10, 30
"""Sentences of a document: 200 to 600 words, as in the local press."""
REPLACED = 0.6
"""How many of the longer words of a sentence are others. Of 20,000 documents each sentence stands
in a hundred: texts that share whole ones would be compared as copies, as those of no press are."""
_WORD = re.compile(r"\b[a-zà-ÿ]{4,}\b")


def write_files(folder: Path, count: int, seed: int = 2026) -> None:
    """Write so many documents into a folder: HTML, plain text, Markdown, DOCX.

    Their sentences are those of the embedded corpus in random order, most words in them exchanged
    for others of the same language, so that no two texts are alike.
    """
    folder.mkdir(parents=True, exist_ok=True)
    draw = random.Random(seed)
    for number in range(count):
        paragraphs = list(_draw_paragraphs(draw))
        title = f"{paragraphs[0].split('. ')[0][:80].rstrip(' .')} ({number})"
        day = f"{draw.randint(2012, 2025)}-{draw.randint(1, 12):02d}-{draw.randint(1, 28):02d}"
        kind = draw.choices(("html", "txt", "md", "docx"), (60, 25, 10, 5))[0]
        path = folder / f"{number % 50:02d}" / f"article-{number:06d}.{kind}"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(_WRITERS[kind](title, day, paragraphs))


def _draw_paragraphs(draw: random.Random) -> Iterator[str]:
    left = draw.randint(FEWEST, MOST)
    sentences, words = draw.choice(_read_languages())
    while left > 0:
        count = min(left, draw.randint(2, 5))
        left -= count
        yield " ".join(_vary(draw.choice(sentences), words, draw) for _ in range(count))


def _vary(sentence: str, words: Sequence[str], draw: random.Random) -> str:
    return _WORD.sub(
        lambda match: draw.choice(words) if draw.random() < REPLACED else match[0], sentence
    )


@cache
def _read_languages() -> tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]:
    """Return the sentences of the corpus and the longer words in them, each language apart."""
    found: dict[str, list[str]] = {}
    for path in list_embedded_articles():
        article = read_article(path)
        spans = split_sentences(article.text, article.language, article.headings)
        found.setdefault(article.language, []).extend(
            article.text[span.start : span.end] for span in spans
        )
    return tuple(
        (tuple(each), tuple(word for sentence in each for word in _WORD.findall(sentence)))
        for each in found.values()
    )


def _write_html(title: str, day: str, paragraphs: list[str]) -> bytes:
    body = "\n".join(f"<p>{escape(each)}</p>" for each in paragraphs)
    return f"""<!doctype html>
<html><head><meta charset="utf-8"><title>{escape(title)} | Le Quotidien</title>
<meta property="article:published_time" content="{day}T08:00:00+02:00">
<meta property="og:site_name" content="Le Quotidien"></head>
<body><nav><ul><li><a href="/">Accueil</a></li><li><a href="/eco">Économie</a></li></ul></nav>
<article><h1>{escape(title)}</h1>
{body}
</article><footer><a href="/mentions">Mentions légales</a></footer></body></html>
""".encode()


def _write_text(title: str, day: str, paragraphs: list[str]) -> bytes:
    year, month, date = day.split("-")
    return "\n\n".join([title, f"Publié le {date}/{month}/{year}", *paragraphs, ""]).encode()


def _write_markdown(title: str, day: str, paragraphs: list[str]) -> bytes:
    return "\n\n".join([f"---\ndate: {day}\n---\n# {title}", *paragraphs, ""]).encode()


def _write_docx(title: str, day: str, paragraphs: list[str]) -> bytes:
    space = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    runs = "".join(f"<w:p><w:r><w:t>{escape(each)}</w:t></w:r></w:p>" for each in paragraphs)
    types = (
        '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package'
        '.relationships+xml"/><Override PartName="/word/document.xml" ContentType="application/'
        'vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>'
    )
    relations = (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        '<Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/'
        'relationships/officeDocument" Target="word/document.xml"/></Relationships>'
    )
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("[Content_Types].xml", types)
        file.writestr("_rels/.rels", relations)
        file.writestr(
            "word/document.xml",
            f'<w:document xmlns:w="{space}"><w:body>{runs}</w:body></w:document>',
        )
    return buffer.getvalue()


_WRITERS = {"html": _write_html, "txt": _write_text, "md": _write_markdown, "docx": _write_docx}
