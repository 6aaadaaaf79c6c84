import os
import re
import shutil
import socket
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from massilia.corpus.article import Heading, Language, Source, SourceMark
from massilia.corpus.document import MAX_BYTES, decode_document, normalise_line, read_document
from massilia.corpus.errors import ArticleError
from massilia.corpus.sources import find_catalogue, read_catalogue
from massilia.ingest.documents import Reading, Refusal, read_article, read_documents
from massilia.ingest.language import detect_language
from massilia.ingest.plain_text import derive_id, parse_bare_markdown, parse_plain_text

FRENCH = "Le port de Marseille reçoit des navires qui viennent de toute la Méditerranée."
ENGLISH = "The port of Marseille welcomes ships that come from all over the Mediterranean."


def write_article(path: Path, article_id: str, body: str = FRENCH, sources: str = "[]") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    fields = f"id: {article_id}\nlanguage: fr\ntitle: Le port\nsources: {sources}"
    path.write_text(f"---\n{fields}\n---\n{body}\n", encoding="utf-8")
    return path


def write_text(path: Path, text: str = FRENCH) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def refuse(read: Callable[[], object]) -> ArticleError:
    with pytest.raises(ArticleError) as caught:
        read()
    return caught.value


def list_ids(reading: Reading) -> list[str]:
    return [document.article.id for document in reading.documents]


def test_a_folder_is_read_with_all_that_is_below_it_in_a_fixed_order(tmp_path: Path) -> None:
    for name in ["b.md", "a.txt", "sub/z.md", "sub/deep/c.MD", "Sub2/y.TXT"]:
        write_text(tmp_path / name)
    for name in ["scan.pdf", "sub/photo.jpg", "no_suffix", "sources.json", "sub/sources.json"]:
        write_text(tmp_path / name, "[]")
    for name in [".hidden.md", ".git/d.md", "sub/.cache/e.txt", ".md"]:
        write_text(tmp_path / name)
    reading = read_documents([tmp_path])
    assert list_ids(reading) == ["a", "b", "y", "z", "c"]
    assert (reading.refused, reading.skipped) == ((), 3)
    locations = [document.location for document in reading.documents]
    assert locations[0] == str(tmp_path.resolve() / "a.txt")


def test_named_files_are_read_in_their_order_hidden_or_not(tmp_path: Path) -> None:
    second, first = write_text(tmp_path / "b.md"), write_text(tmp_path / ".a.md")
    assert list_ids(read_documents([second, first])) == ["b", "a"]


def test_a_file_reached_in_several_ways_is_read_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write_text(tmp_path / "folder" / "port.md")
    (tmp_path / "folder" / "link.md").symlink_to(file)
    (tmp_path / "elsewhere").symlink_to(tmp_path / "folder")
    monkeypatch.chdir(tmp_path)
    ways = [
        Path("folder/../folder/port.md"),
        file,
        tmp_path / "folder",
        tmp_path / "folder",
        tmp_path / "elsewhere",
        tmp_path / "elsewhere" / "link.md",
    ]
    reading = read_documents(ways)
    assert [document.location for document in reading.documents] == [str(file.resolve())]
    assert (reading.refused, reading.skipped) == ((), 0)


def test_a_folder_that_links_to_itself_ends(tmp_path: Path) -> None:
    write_text(tmp_path / "a.md")
    (tmp_path / "again").symlink_to(tmp_path)
    assert list_ids(read_documents([tmp_path])) == ["a"]


def test_a_second_file_with_the_same_id_is_refused_naming_the_first(tmp_path: Path) -> None:
    first = write_article(tmp_path / "a.md", "port")
    second = write_article(tmp_path / "b.md", "port", ENGLISH)
    third = write_text(tmp_path / "Pört.txt")
    reading = read_documents([first, second, third])
    assert [document.location for document in reading.documents] == [str(first)]
    assert reading.refused == tuple(
        Refusal(str(path), f"{path.name}: {first} has the id 'port' too")
        for path in [second, third]
    )


def test_other_kinds_of_files_are_refused_if_named(tmp_path: Path) -> None:
    paths = [write_text(tmp_path / name) for name in ["a.pdf", "b", ".md", "sources.json"]]
    assert read_documents(paths) == Reading(
        (),
        tuple(
            Refusal(str(path), f"{path.name}: only .md and .txt files are read") for path in paths
        ),
    )


def test_a_fault_in_one_file_keeps_no_other_from_being_read(tmp_path: Path) -> None:
    write_article(tmp_path / "good.md", "good")
    write_article(tmp_path / "mark.md", "mark", f"{FRENCH}\n\nIl vit.[^zz]")
    (tmp_path / "image.md").write_bytes(b"\x89PNG\r\n\x1a\n\0\0")
    (tmp_path / "old.txt").write_bytes("Un\nle café".encode("cp1252"))
    (tmp_path / "wide.txt").write_bytes(FRENCH.encode("utf-16"))
    (tmp_path / "blank.txt").write_text(" \n\t\u00a0\n\u2028")
    (tmp_path / "empty.md").touch()
    (tmp_path / "none.md").symlink_to(tmp_path / "nowhere")
    (tmp_path / "loop.md").symlink_to(tmp_path / "loop.md")
    (tmp_path / "null.md").symlink_to(os.devnull)
    reading = read_documents([tmp_path])
    assert list_ids(reading) == ["good"]
    assert {Path(each.location).name: each.reason for each in reading.refused} == {
        "blank.txt": "blank.txt: the file holds no text",
        "empty.md": "empty.md: the file holds no text",
        "image.md": "image.md, line 3: not a text file: it holds a NUL byte",
        "loop.md": "loop.md: cannot be read: Too many levels of symbolic links",
        "mark.md": "mark.md, line 9: the mark [^zz] names no source of the front matter",
        "none.md": "none.md: cannot be read: No such file or directory",
        "null.md": "null.md: cannot be read: not a regular file",
        "old.txt": "old.txt, line 2: not UTF-8 text: byte 0xe9 at offset 9",
        "wide.txt": "wide.txt, line 1: not a text file: it holds a NUL byte",
    }


@pytest.mark.parametrize("name", ["none.md", "none", "a" * 300, "a\0b", "file.md/a.md"])
def test_a_path_that_leads_nowhere_is_refused(tmp_path: Path, name: str) -> None:
    write_text(tmp_path / "file.md")
    path = tmp_path / name
    refusal = Refusal(str(path), f"{path}: there is no such file or folder")
    assert read_documents([path]) == Reading((), (refusal,))


def test_a_named_link_that_leads_nowhere_and_a_socket_are_refused(tmp_path: Path) -> None:
    link, loop, pipe = tmp_path / "link.md", tmp_path / "loop.md", Path("s.md")
    link.symlink_to(tmp_path / "nowhere")
    loop.symlink_to(loop)
    with socket.socket(socket.AF_UNIX) as server:
        # A socket's address is at most 108 bytes long, so it is bound by its name alone.
        folder = os.getcwd()
        os.chdir(tmp_path)
        try:
            server.bind(str(pipe))
        finally:
            os.chdir(folder)
    assert [each.reason for each in read_documents([link, loop, tmp_path / pipe]).refused] == [
        "link.md: cannot be read: No such file or directory",
        "loop.md: cannot be read: Too many levels of symbolic links",
        "s.md: cannot be read: not a regular file",
    ]


def test_a_name_that_is_not_utf8_is_refused_in_words_that_can_be_printed(tmp_path: Path) -> None:
    bad = os.fsencode(tmp_path) + b"/caf\xe9.md"
    with open(bad, "wb") as file:
        file.write(FRENCH.encode())
    (tmp_path / "link.md").symlink_to(os.fsdecode(bad))
    missing = Path(os.fsdecode(bad + b".txt"))
    reading = read_documents([missing, tmp_path])
    name = ascii(str(tmp_path))[1:-1]
    assert reading == Reading(
        (),
        (
            Refusal(
                f"'{name}/caf\\udce9.md.txt'",
                f"'{name}/caf\\udce9.md.txt': there is no such file or folder",
            ),
            Refusal(
                f"'{name}/caf\\udce9.md'",
                f"'{name}/caf\\udce9.md': the file's name is not valid UTF-8",
            ),
        ),
    )


def test_a_link_to_a_name_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    target = os.fsencode(tmp_path) + b"/caf\xe9.md"
    with open(target, "wb") as file:
        file.write(FRENCH.encode())
    link = tmp_path / "link.md"
    link.symlink_to(os.fsdecode(target))
    (refusal,) = read_documents([link]).refused
    assert refusal == Refusal(str(link), f"{link}: the file's name is not valid UTF-8")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may list every folder")
def test_a_folder_that_may_not_be_listed_is_refused(tmp_path: Path) -> None:
    locked = tmp_path / "locked"
    locked.mkdir(mode=0)
    reading = read_documents([tmp_path, locked / "a.md"])
    assert [each.reason for each in reading.refused] == [
        f"{locked}: Permission denied",
        f"{locked / 'a.md'}: there is no such file or folder",
    ]


def test_sources_are_those_of_the_nearest_catalogue(tmp_path: Path) -> None:
    write_text(tmp_path / "sources.json", '[{"id": "a", "title": "Far"}]')
    write_text(tmp_path / "near" / "sources.json", '[{"id": "a", "title": "Near"}]')
    write_text(tmp_path / "broken" / "sources.json", '[{"id": "a"}]')
    for number, folder in enumerate(["fr", "near/fr", "broken"]):
        write_article(tmp_path / folder / "p.md", f"p-{number}", "Il vit.[^a]", "[a]")
    reading = read_documents([tmp_path / "fr", tmp_path / "near", tmp_path / "broken"])
    articles = [document.article for document in reading.documents]
    assert [each.sources for each in articles] == [(Source("a", "Far"),), (Source("a", "Near"),)]
    assert articles[0].marks == (SourceMark(7, "a"),)
    (refusal,) = reading.refused
    assert refusal.location == str(tmp_path / "broken" / "p.md")
    assert refusal.reason.startswith("sources.json, entry 1: a source needs an id and a title")


@pytest.mark.parametrize(
    ("data", "line", "reason"),
    [
        (b"a\nb\n\0", 3, "not a text file: it holds a NUL byte"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 3, "not a text file: it holds a NUL byte"),
        ("le café".encode("utf-16"), 1, "not a text file: it holds a NUL byte"),
        ("a\nle café".encode("cp1252"), 2, "not UTF-8 text: byte 0xe9 at offset 8"),
        (b"\xef\xbb\xbf\n\xe9", 2, "not UTF-8 text: byte 0xe9 at offset 4"),
        (b"a\n\xed\xa0\x80", 2, "not UTF-8 text: byte 0xed at offset 2"),
    ],
)
def test_bytes_that_are_no_utf8_text_are_refused(data: bytes, line: int, reason: str) -> None:
    error = refuse(lambda: decode_document(data, "port.md"))
    assert (error.line, error.reason) == (line, reason)


def test_byte_order_marks_line_ends_and_accents_are_normalised() -> None:
    assert decode_document("\ufeffe\u0301\r\na\rb\u2028".encode(), "port.md") == "é\na\nb\u2028"
    assert normalise_line(" e\u0301 \n\t a\u00a0? \u00a0") == "é a\u00a0?"
    assert normalise_line(" \n\u202f") is None


def test_a_file_of_twenty_million_bytes_is_read_and_one_byte_more_is_refused(
    tmp_path: Path,
) -> None:
    path = tmp_path / "port.md"
    path.write_bytes(b"a\n" * (MAX_BYTES // 2))
    assert len(read_document(path, "port.md")) == 20_000_000
    with path.open("ab") as file:
        file.write(b"a")
    error = refuse(lambda: read_document(path, "port.md"))
    assert error.reason == "20,000,001 bytes, more than the limit of 20,000,000"


def test_what_is_no_readable_file_is_refused(tmp_path: Path) -> None:
    loop = tmp_path / "loop.md"
    loop.symlink_to(loop)
    for path, reason in [
        (tmp_path, "cannot be read: not a regular file"),
        (Path(os.devnull), "cannot be read: not a regular file"),
        (tmp_path / "none.md", "cannot be read: No such file or directory"),
        (loop, "cannot be read: Too many levels of symbolic links"),
    ]:
        assert refuse(partial(read_document, path, "port.md")).reason == reason


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_file_that_may_not_be_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "port.md"
    path.touch(mode=0)
    error = refuse(lambda: read_document(path, "port.md"))
    assert error.reason == "cannot be read: Permission denied"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[\n{]", "sources.json, line 2: not valid JSON: "),
        ("[" * 100_000, "sources.json: cannot be read: "),
        (f"[{'9' * 5_000}]", "sources.json: cannot be read: "),
        ("{}", "sources.json: must hold a list of sources"),
        ('["a"]', "sources.json, entry 1: a source must be a mapping, not 'a'"),
        ('[{"id": "a", "title": "A"}, {"id": "b"}]', "sources.json, entry 2: a source needs an id"),
        (
            '[{"id": "a", "title": "A"}, {"id": "a", "title": "B"}]',
            "sources.json, entry 2: the source 'a' is given twice",
        ),
        (r'[{"id": "a", "title": "\ud800"}]', "sources.json, entry 1: a source's 'title': the ch"),
        ('[{"id": "a", "title": "A", "url": "data:a"}]', "sources.json, entry 1: 'data:a' is not"),
    ],
)
def test_a_faulty_catalogue_is_refused(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "sources.json"
    path.write_text(content)
    with pytest.raises(ArticleError) as caught:
        read_catalogue(path)
    assert str(caught.value).startswith(message)


def test_the_nearest_catalogue_above_a_file_is_found(tmp_path: Path) -> None:
    article = tmp_path / "a" / "b" / "port.md"
    article.parent.mkdir(parents=True)
    (tmp_path / "sources.json").write_text("[]")
    assert find_catalogue(article) == tmp_path.resolve() / "sources.json"
    (tmp_path / "a" / "sources.json").write_text('[{"id": "x", "title": "X", "date": 2024}]')
    nearest = find_catalogue(article)
    assert nearest == tmp_path.resolve() / "a" / "sources.json"
    assert read_catalogue(nearest) == {"x": Source("x", "X", date="2024")}


def test_a_plain_text_is_kept_to_the_letter(tmp_path: Path) -> None:
    path = tmp_path / "Le Vieux-Port.txt"
    path.write_bytes(f"\ufeffPublicité\r\n\r\n  Le port vit [^1] *bien*\r{FRENCH}\n".encode())
    article = read_article(path)
    assert article.text == f"Publicité\n\n  Le port vit [^1] *bien*\n{FRENCH}\n"
    assert (article.id, article.origin) == ("le-vieux-port", "Le Vieux-Port.txt")
    assert (article.language, article.title) == (Language.FRENCH, "Le port vit [^1] *bien*")
    assert (article.sources, article.marks, article.headings) == ((), (), ())


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("Port\n\nVille", "Port"),
        ("Port\nLe port vit", "Le port vit"),
        ("a " * 300, ("a " * 100).strip()),
        ("\n\n  Le port vit\u00a0?  \n", "Le port vit\u00a0?"),
    ],
)
def test_the_title_of_a_plain_text_is_its_first_line_of_three_words(text: str, title: str) -> None:
    assert parse_plain_text(text, Path("port.txt")).title == title


@pytest.mark.parametrize(
    ("markdown", "title", "headings"),
    [
        ("Un.\n\n## Le *port*\n\nDeux.", "Le port", (Heading(2, 5, 12),)),
        ("Le port  \nvit\n===\n\nUn.", "Le port vit", (Heading(1, 0, 11),)),
        ("# " + "a " * 300, ("a " * 100).strip(), (Heading(1, 0, 599),)),
        ("Port\n\nLe port vit.", "Le port vit.", ()),
    ],
)
def test_the_title_of_bare_markdown_is_its_first_heading(
    markdown: str, title: str, headings: tuple[Heading, ...]
) -> None:
    article = parse_bare_markdown(markdown, Path("port.md"))
    assert (article.title, article.headings, article.id) == (title, headings, "port")


@pytest.mark.parametrize("read", [parse_plain_text, parse_bare_markdown])
@pytest.mark.parametrize("text", ["", " \n\u00a0\t"])
def test_a_text_of_white_space_is_refused(read: Callable[[str, Path], object], text: str) -> None:
    with pytest.raises(ArticleError, match=r"^port\.md: the file holds no text$"):
        read(text, Path("folder/port.md"))


@pytest.mark.parametrize(
    ("name", "article_id"),
    [
        ("port.md", "port"),
        ("Été à l'École.md", "ete-a-l-ecole"),
        ("e\u0301te\u0301.md", "ete"),
        ("  Le  Port  .txt", "le-port"),
        ("v1.2_final.txt", "v1.2_final"),
        ("-.port.-.md", "port"),
        ("../../etc/passwd.md", "passwd"),
        ("a" * 150 + ".md", "a" * 100),
        ("\U0001f6a2 port.md", "port"),
    ],
)
def test_an_id_is_derived_from_the_name(name: str, article_id: str) -> None:
    assert derive_id(Path(name)) == article_id


def test_names_without_a_letter_give_ids_of_their_own() -> None:
    ids = [derive_id(Path(name)) for name in ["....md", "\U0001f6a2.md", "日本.md", "日本語.md"]]
    assert all(re.fullmatch(r"article-[0-9a-f]{12}", each) for each in ids)
    assert len(set(ids)) == 4


@pytest.mark.parametrize(
    ("text", "language"),
    [
        (FRENCH, Language.FRENCH),
        (ENGLISH, Language.ENGLISH),
        (FRENCH.upper(), Language.FRENCH),
        (FRENCH * 70 + ENGLISH * 2_000, Language.FRENCH),
    ],
)
def test_the_language_of_a_text_is_detected(text: str, language: Language) -> None:
    assert detect_language(text) is language


@pytest.mark.parametrize("text", ["", "12 345", "\U0001f6a2", "Der Hafen von Marseille", "日本語"])
def test_a_text_in_no_known_language_is_given_one_of_the_two(text: str) -> None:
    assert detect_language(text) in set(Language)


def test_the_press_texts_are_read(press_texts: Path, tmp_path: Path) -> None:
    reading = read_documents([press_texts])
    assert (len(reading.documents), reading.refused, reading.skipped) == (5, (), 0)
    for document in reading.documents:
        article, file = document.article, Path(document.location)
        assert article.text == file.read_text(encoding="utf-8")
        assert article.language is Language.FRENCH
        assert article.title != "Publicité" and article.title in article.text
        assert article.id == file.stem
    # Their ids come from their names alone, so a copy elsewhere is the same article.
    shutil.copytree(press_texts, tmp_path / "copy")
    assert list_ids(read_documents([tmp_path / "copy"])) == list_ids(reading)


def test_a_faulty_catalogue_is_no_concern_of_an_article_that_needs_none(tmp_path: Path) -> None:
    (tmp_path / "sources.json").write_text("[", encoding="utf-8")
    head = "---\nid: port\nlanguage: fr\ntitle: Port\n"
    (tmp_path / "alone.md").write_text(f"{head}---\nUn.", encoding="utf-8")
    assert read_article(tmp_path / "alone.md").text == "Un."
    (tmp_path / "needy.md").write_text(f"{head}sources: [insee]\n---\nUn.", encoding="utf-8")
    with pytest.raises(ArticleError, match=r"^sources\.json"):
        read_article(tmp_path / "needy.md")


def test_markdown_without_a_front_matter_keeps_its_footnote_marks_as_text(tmp_path: Path) -> None:
    path = tmp_path / "note.md"
    path.write_text("The port grew.[^1]\n\n[^1]: As told in 2016.", encoding="utf-8")
    assert read_article(path).text.startswith("The port grew.[^1]")
