"""One file, as the article in it."""

import subprocess
import sys
from pathlib import Path

import pytest

from massilia.corpus.article import Language, Source, SourceMark
from massilia.corpus.errors import ArticleError
from massilia.ingest.documents import read_article

FRENCH = "Le port de Marseille reçoit des navires qui viennent de toute la Méditerranée."


def write_article(path: Path, body: str = FRENCH, sources: str = "[]") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    fields = f"id: port\nlanguage: fr\ntitle: Le port\nsources: {sources}"
    path.write_text(f"---\n{fields}\n---\n{body}\n", encoding="utf-8")
    return path


def test_an_article_file_is_read_with_the_sources_of_the_nearest_catalogue(
    tmp_path: Path,
) -> None:
    (tmp_path / "sources.json").write_text('[{"id": "a", "title": "Far"}]')
    path = write_article(tmp_path / "near" / "fr" / "p.md", "Il vit.[^a]", "[a]")
    assert read_article(path).sources == (Source("a", "Far"),)
    (tmp_path / "near" / "sources.json").write_text('[{"id": "a", "title": "Near"}]')
    article = read_article(path)
    assert (article.id, article.text, article.origin) == ("port", "Il vit.", "p.md")
    assert (article.sources, article.marks) == ((Source("a", "Near"),), (SourceMark(7, "a"),))


def test_a_faulty_catalogue_is_no_concern_of_an_article_that_needs_none(tmp_path: Path) -> None:
    (tmp_path / "sources.json").write_text("[", encoding="utf-8")
    assert read_article(write_article(tmp_path / "alone.md")).text == FRENCH
    with pytest.raises(ArticleError, match=r"^sources\.json"):
        read_article(write_article(tmp_path / "needy.md", FRENCH, "[insee]"))


def test_a_source_that_no_catalogue_knows_is_told(tmp_path: Path) -> None:
    with pytest.raises(ArticleError, match=r"p\.md, line 5: no sources\.json knows .* 'insee'"):
        read_article(write_article(tmp_path / "p.md", FRENCH, "[insee]"))


def test_any_other_document_is_read_by_its_content(tmp_path: Path) -> None:
    page = tmp_path / "Le Vieux-Port.txt"
    title = "<!doctype html><title>Le port vit</title><h1>Le port vit</h1>"
    page.write_text(f"{title}<p>{FRENCH}</p>")
    article = read_article(page)
    assert (article.id, article.title, article.language) == (
        "le-vieux-port",
        "Le port vit",
        Language.FRENCH,
    )
    assert article.text == FRENCH
    # Markdown, but neither an article file of ours nor in UTF-8.
    note = tmp_path / "note.md"
    note.write_bytes(f"# Le *port* vit\n\n{FRENCH}".encode("cp1252"))
    assert read_article(note).text == f"Le port vit\n\n{FRENCH}"
    note.write_text(f"---\ntitle: Le port\n---\n{FRENCH}", encoding="utf-8")
    assert (read_article(note).id, read_article(note).title) == ("note", "Le port")


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.md", b"\x89PNG\r\n\x1a\n\0\0", r"^a\.md: it is a PNG image$"),
        ("b.txt", b" \n\t\xc2\xa0\n", r"^b\.txt: the file holds nothing but white space$"),
        ("c.bin", b"", r"^c\.bin: the file is empty$"),
        ("d.jsonl", b'{"_id": "a"}\n', r"^d\.jsonl, line 1: 'text' is empty"),
        ("e.md", b"---\nid: [\n---\nText", r"^e\.md, line 2: not valid YAML: "),
        ("f.md", b"---\nid: P\n---\nText", r"^f\.md, line 2: 'P' can't be an id: "),
    ],
)
def test_what_holds_no_article_is_told_with_the_name_of_the_file(
    tmp_path: Path, name: str, data: bytes, message: str
) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(ArticleError, match=message):
        read_article(tmp_path / name)


def test_an_article_file_is_read_without_the_readers_of_other_documents(tmp_path: Path) -> None:
    path = write_article(tmp_path / "p.md")
    script = f"""
import sys
from pathlib import Path
from massilia.ingest.documents import read_article
assert read_article(Path({str(path)!r})).id == "port"
heavy = {{"lxml", "trafilatura", "docx", "pypdfium2", "massilia.ingest.reader"}}
sys.exit(", ".join(sorted(heavy & sys.modules.keys())) or 0)
"""
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_the_press_texts_are_read(press_texts: Path) -> None:
    for path in sorted(press_texts.glob("*.txt")):
        article = read_article(path)
        assert article.language is Language.FRENCH
        assert article.title != "Publicité"
        assert article.id == path.stem
        assert 500 < len(article.text) < path.stat().st_size
