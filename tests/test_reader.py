"""One place read: what kind of document it is, and the articles in it."""

import os
import socket
import time
import zlib
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from hashlib import sha256
from pathlib import Path

import pytest

from massilia.corpus.article import Article, Certainty, Language, MetadataNote, Source, SourceMark
from massilia.ingest.document import NO_VALIDATORS, Document, Original, Reading, Validators
from massilia.ingest.extraction import DocumentKind
from massilia.ingest.feed import FeedEntry
from massilia.ingest.job import Job, Passed, Same, join_stamps, stamp_file
from massilia.ingest.reader import MAX_JSONL_BYTES, read_job
from tests.made_documents import make_docx, make_pdf, write_document, write_lines, write_paragraph

TODAY = date(2026, 11, 28)
FIRST = "The old quay of Marseille is long, and it was built of stone in 1666."
SECOND = "Ships that come from all over the Mediterranean are welcome at it to this day."
PAGE = f"<!doctype html><title>The old quay</title><h1>The old quay</h1><p>{FIRST}<p>{SECOND}"
WriteFile = Callable[[str, bytes | str], Job]


@pytest.fixture
def write(tmp_path: Path) -> WriteFile:
    """Write a file and give the job to read it, as one that was named."""

    def write(name: str, data: bytes | str) -> Job:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        return Job(str(path), True, TODAY, path=path)

    return write


def in_folder(job: Job) -> Job:
    return replace(job, named=False)


def read(job: Job) -> Reading:
    result = read_job(job)
    assert isinstance(result, Reading)
    return result


def read_one(job: Job) -> Document:
    reading = read(job)
    assert reading.refusals == ()
    (document,) = reading.documents
    return document


def refuse(job: Job) -> str:
    """Return why nothing was read."""
    reading = read(job)
    (refusal,) = reading.refusals
    assert reading == Reading(job.place, None, None, (), (refusal,))
    assert refusal.location == job.place
    return refusal.reason


def quote_original(document: Document, original: Original) -> list[tuple[str, str]]:
    """Pair what runs place in the text with what they place in the original."""
    data = zlib.decompress(original.packed)
    decoded = data.decode(str(original.charset)).removeprefix("\ufeff")
    return [
        (
            document.article.text[run.start : run.end],
            decoded[run.original_start : run.original_end],
        )
        for run in document.runs
    ]


MADE: list[tuple[str, bytes, DocumentKind, str | None]] = [
    ("page.pdf", PAGE.encode(), DocumentKind.HTML, "utf-8"),
    ("text.html", f"The old quay\n\n{FIRST}\n\n{SECOND}\n".encode(), DocumentKind.TEXT, "utf-8"),
    (
        "Le vieux quai.txt",
        make_docx(write_document(write_paragraph(FIRST) + write_paragraph(SECOND))),
        DocumentKind.DOCX,
        None,
    ),
    ("scan", make_pdf(write_lines([FIRST, "", SECOND])), DocumentKind.PDF, None),
    (
        "note.md",
        f"# The *old* quay\n\n{FIRST}\n\n{SECOND}".encode(),
        DocumentKind.MARKDOWN,
        "utf-8",
    ),
    ("old.text", f"Le café\n\n{FIRST}\n\n{SECOND}".encode("cp1252"), DocumentKind.TEXT, "cp1252"),
]


@pytest.mark.parametrize(("name", "data", "kind", "charset"), MADE, ids=[each[0] for each in MADE])
def test_a_kind_is_told_by_its_content_and_its_bytes_are_kept(
    write: WriteFile, name: str, data: bytes, kind: DocumentKind, charset: str | None
) -> None:
    job = write(name, data)
    reading = read(job)
    (document,) = reading.documents
    assert document.location == reading.place == job.place
    assert FIRST in document.article.text.replace("\n", " ")
    assert SECOND in document.article.text.replace("\n", " ")
    assert document.article.origin == name
    assert document.article.id == Path(name).stem.lower().replace(" ", "-")
    assert not document.named
    digest = sha256(data).hexdigest()
    original = reading.original
    assert original is not None
    assert (original.kind, original.charset) == (kind, charset)
    assert zlib.decompress(original.packed) == data
    assert reading.sha256 == original.sha256 == digest
    assert reading.validators is NO_VALIDATORS
    if charset is None:
        assert document.runs == ()
    else:
        pairs = quote_original(document, original)
        assert pairs and all(ours == theirs for ours, theirs in pairs)


def test_each_value_says_how_it_was_found(write: WriteFile) -> None:
    fields = 'title: "The quay"\nauthors: [Ada]\nlang: en\ndate: 2022-04-01\nlastmod: 2022-11-04'
    job = write("note.md", f"---\n{fields}\nsite: Daily\nurl: https://example.org/\n---\n{FIRST}")
    article = read_one(job).article
    assert article == Article(
        id="note",
        language=Language.ENGLISH,
        title="The quay",
        text=FIRST,
        origin="note.md",
        publisher="Daily",
        authors=("Ada",),
        date_published=date(2022, 4, 1),
        date_modified=date(2022, 11, 4),
        url="https://example.org/",
        notes=tuple(
            MetadataNote(field, f"front matter {key!r}", Certainty.STATED)
            for field, key in [
                ("title", "title"),
                ("publisher", "site"),
                ("authors", "authors"),
                ("language", "lang"),
                ("date_published", "date"),
                ("date_modified", "lastmod"),
                ("url", "url"),
            ]
        ),
    )


@pytest.mark.parametrize(
    ("text", "title"),
    [
        (f"{FIRST}\n\n{SECOND}", FIRST),
        (f"\n\n {FIRST} ", FIRST),
        ("quay " * 300, ("quay " * 40).strip()),
    ],
)
def test_what_is_not_said_is_taken_from_the_text(write: WriteFile, text: str, title: str) -> None:
    article = read_one(write("note.md", text)).article
    assert article.title == title
    assert article.language is Language.ENGLISH
    assert article.notes == (
        MetadataNote("title", "the first line", Certainty.INFERRED),
        MetadataNote("language", "the words of the text", Certainty.LIKELY),
    )


def test_a_title_is_one_line_without_controls(write: WriteFile) -> None:
    job = write("a.jsonl", r'{"_id": "a", "text": "\n \u00a0\nThe\told  quay\nis long."}')
    assert read_one(job).article.title == "The old quay"


def test_the_name_of_a_file_stays_on_its_line(write: WriteFile) -> None:
    document = read_one(write("a\nb\x1b.txt", FIRST))
    assert document.article.origin == "a\ufffdb\ufffd.txt"
    assert document.article.id == "a-b"
    assert document.location.endswith("a\nb\x1b.txt")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("note.txt", f"Publié le 1 avril 2027\n\n{FIRST} {SECOND}"),
        ("page.html", f'<meta property="article:published_time" content="2027-04-01">{PAGE}'),
    ],
)
def test_no_date_lies_beyond_today(write: WriteFile, name: str, text: str) -> None:
    job = write(name, text)
    assert read_one(job).article.date_published is None
    later = replace(job, today=date(2027, 11, 28))
    assert read_one(later).article.date_published == date(2027, 4, 1)


def test_the_pages_of_a_pdf_are_kept(write: WriteFile) -> None:
    pages = [write_lines([FIRST]), write_lines([SECOND])]
    article = read_one(write("quay.pdf", make_pdf(*pages))).article
    assert article.pages == (0, article.text.index(SECOND))


def test_an_article_file_of_ours_keeps_its_id_and_its_sources(write: WriteFile) -> None:
    write("sources.json", '[{"id": "insee", "title": "Insee"}]')
    head = "---\nid: port\nlanguage: fr\ntitle: Le port\nsources: [insee]\n---\n"
    document = read_one(write("fr/quai.md", f"{head}Le *port* vit.[^insee]"))
    assert document.named
    assert (document.article.id, document.article.text) == ("port", "Le port vit.")
    assert document.article.sources == (Source("insee", "Insee"),)
    assert document.article.marks == (SourceMark(12, "insee"),)
    assert document.article.notes == ()


def test_the_hash_and_the_stamp_of_an_article_file_are_of_its_sources_too(
    write: WriteFile,
) -> None:
    job = write("fr/quay.txt", "---\nid: quay\nlanguage: en\ntitle: Quay\n---\nThe quay.")
    then = time.time() - 10
    assert job.path is not None
    os.utime(job.path, (then, then))
    alone = read(job)
    assert alone.sha256 == sha256(job.path.read_bytes()).hexdigest()
    assert alone.stamp == stamp_file(job.path) is not None
    catalogue = write("sources.json", "[]").path
    assert catalogue is not None
    assert read(job).stamp is None, "the catalogue was changed just now"
    os.utime(catalogue, (then, then))
    both = read(job)
    assert both.sha256 != alone.sha256
    assert both.stamp == join_stamps(alone.stamp, stamp_file(catalogue))
    assert read_job(replace(job, known_sha256=both.sha256)) == Same(
        job.place, both.stamp, NO_VALIDATORS
    )
    catalogue.write_text("[ ]")
    assert read(replace(job, known_sha256=both.sha256)).sha256 != both.sha256
    # A page has no sources of that kind.
    page = write("fr/page.html", PAGE)
    assert read(page).sha256 == sha256(PAGE.encode()).hexdigest()


def test_a_place_with_the_hash_that_is_known_is_the_same(write: WriteFile) -> None:
    job = write("quay.html", PAGE)
    digest = sha256(PAGE.encode()).hexdigest()
    validators = Validators('"v2"')
    same = read_job(replace(job, known_sha256=digest, validators=validators))
    assert same == Same(job.place, None, validators)
    assert read_one(replace(job, known_sha256="0" * 64)).article.title == "The old quay"


@pytest.mark.parametrize(
    "head", ["", "---\nid: quay\nlanguage: fr\ntitle: A re\u0301sume\u0301\n---\n"]
)
def test_runs_lead_to_the_bytes_whatever_their_line_ends_and_accents(
    write: WriteFile, head: str
) -> None:
    text = f"{head}# A re\u0301sume\u0301\n\nThe *quay*.\n\nIl a e\u0301te\u0301 long.\n"
    for name, data in [
        ("crlf.md", text.replace("\n", "\r\n").encode()),
        ("marked.md", b"\xef\xbb\xbf" + text.replace("\n", "\r").encode()),
        ("wide.md", "\ufeff".encode("utf-16-le") + text.encode("utf-16-le")),
    ]:
        reading = read(write(name, data))
        (document,) = reading.documents
        assert document.article.text == "A résumé\n\nThe quay.\n\nIl a été long."
        assert reading.original is not None
        pairs = quote_original(document, reading.original)
        words = {ours: theirs for ours, theirs in pairs if ours.strip()}
        assert words["quay"] == "quay"
        found = "".join(ours for ours, _ in pairs)
        assert "".join(found.split()) == "ArésuméThequayIlaétélong."
        assert words["é"] == "e\u0301"


def test_the_charset_that_a_page_declares_is_kept(write: WriteFile) -> None:
    page = f'<meta charset="iso-8859-15"><title>Prix</title><p>Le quai vaut 5 €. {FIRST}'
    reading = read(write("page.html", page.encode("iso-8859-15")))
    assert reading.original is not None
    assert reading.original.charset == "iso8859-15"
    assert "5 €" in reading.documents[0].article.text


def test_lines_of_json_are_an_article_each(write: WriteFile) -> None:
    lines = [
        f'{{"_id": "quay_", "title": "Quay", "text": "{FIRST}", "metadata": {{"url": "x"}}}}',
        "{",
        f'{{"_id": "Ferry", "text": "{SECOND}", "metadata": {{"date_published": "2022-04-01"}}}}',
        f'{{"_id": "crane", "text": "{SECOND}"}}',
    ]
    job = write("press.txt", "\n".join(lines))
    reading = read(job)
    ferry, crane = (document.article for document in reading.documents)
    assert [each.location for each in reading.documents] == [
        f"{job.place}#{ferry.id}",
        f"{job.place}#crane",
    ]
    assert ferry.id.startswith("ferry-") and crane.id == "crane"
    assert (ferry.date_published, ferry.title) == (date(2022, 4, 1), SECOND)
    assert [(each.location, each.reason.partition(": ")[0]) for each in reading.refusals] == [
        (f"{job.place}#line 1", "press.txt, line 1"),
        (f"{job.place}#line 2", "press.txt, line 2"),
    ]
    assert reading.original is not None and reading.original.kind is DocumentKind.JSONL
    faulty = read(write("faulty.jsonl", "{"))
    assert (faulty.documents, faulty.original, len(faulty.refusals)) == ((), None, 1)
    assert faulty.sha256 == sha256(b"{").hexdigest()
    # An id that can be one stays as it is.
    (document,) = read(write("ids.jsonl", f'{{"_id": "quay_", "text": "{FIRST}"}}')).documents
    assert document.article.id == "quay_"


def test_a_feed_gives_the_articles_that_it_holds_whole(write: WriteFile) -> None:
    def write_item(content: str, title: str, *others: str) -> str:
        escaped = content.replace("&", "&amp;").replace("<", "&lt;")
        encoded = f"<description>{escaped}</description>" if content else ""
        return f"<item><title>{title}</title>{encoded}{''.join(others)}</item>"

    items = [
        write_item(f"<p>{FIRST}", "The old quay"),
        write_item(f"<p>{SECOND}", "Ships", "<guid>ships-1</guid>"),
        write_item(f"<p>{FIRST} {SECOND}", "Both"),
        write_item("", "Nothing", "<link>https://example.org/a</link>"),
        write_item("", "Nothing at all"),
    ]
    job = write(
        "feed.txt",
        f'<rss version="2.0"><channel><title>Daily</title>{"".join(items)}</channel></rss>',
    )
    reading = read(job)
    articles = [document.article for document in reading.documents]
    assert [each.id for each in articles] == ["the-old-quay", "ships", "both"]
    assert [each.title for each in articles] == ["The old quay", "Ships", "Both"]
    assert {each.publisher for each in articles} == {"Daily"}
    locations = [document.location for document in reading.documents]
    assert len(set(locations)) == 3
    assert locations[1] == f"{job.place}#ships-1"
    assert [each.reason for each in reading.refusals] == [
        "feed.txt: the feed doesn't hold the text of https://example.org/a",
        "feed.txt: the feed doesn't hold the text of 'Nothing at all'",
    ]


def test_a_sitemap_has_no_articles_in_it(write: WriteFile) -> None:
    url = "<url><loc>https://example.org/</loc></url>"
    job = write("sitemap.xml", f"<urlset>{url}</urlset>")
    assert refuse(job) == "sitemap.xml: a sitemap names pages: give its web address"


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("photo", b"\x89PNG\r\n\x1a\n\0\0"),
        ("photo.jpg", b"\xff\xd8\xff\xe0"),
        ("data.json", b'{"a": 1}'),
        ("sources.json", b"[]"),
        ("style.css", b"body { color: red }\n"),
        ("tool.py", b"# What it does\nimport os\n"),
        ("table.csv", b"year,ships\n1959,4\n"),
        ("empty", b""),
        ("blank.dat", b" \n"),
    ],
)
def test_what_is_no_document_is_passed_over_in_a_folder(
    write: WriteFile, name: str, data: bytes
) -> None:
    job = write(name, data)
    assert read_job(in_folder(job)) == Passed(job.place)
    # Named, it is read if it can be.
    read(job)


def test_named_other_kinds_are_refused_with_what_they_are(write: WriteFile) -> None:
    assert refuse(write("a.jpg", b"\xff\xd8\xff\xe0")) == "a.jpg: it is a JPEG image"
    assert refuse(write("b", b"")) == "b: the file is empty"
    assert refuse(write("c.json", '{"a": 1}')) == (
        "c.json: JSON, but not JSON lines with an article in each"
    )


def test_a_document_without_a_suffix_or_with_a_wrong_one_is_read_in_a_folder(
    write: WriteFile,
) -> None:
    for name, data in [
        ("README", FIRST.encode()),
        ("page.bin", PAGE.encode()),
        ("report.dat", make_pdf(write_lines([FIRST]))),
        ("note.mkd", FIRST.encode()),
        ("press.json", b'{"_id": "a", "text": "The quay."}'),
    ]:
        assert read(in_folder(write(name, data))).documents, name


def test_a_faulty_file_with_a_documents_suffix_is_refused_in_a_folder_too(
    write: WriteFile,
) -> None:
    for name, data, reason in [
        ("a.md", b"\x89PNG\r\n\x1a\n\0\0", "a.md: it is a PNG image"),
        ("b.txt", b"a\n\0b", "b.txt, line 2: not a text file: it holds a NUL byte"),
        ("c.TXT", b" \n\t\xc2\xa0\n\xe2\x80\xa8", "c.TXT: the file holds nothing but white space"),
        ("d.html", b"", "d.html: the file is empty"),
        ("e.pdf", b"%PDF-1.7\nno objects", "e.pdf: "),
    ]:
        assert refuse(in_folder(write(name, data))).startswith(reason)


def test_what_is_no_regular_file_is_refused_without_waiting(
    tmp_path: Path, write: WriteFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No writer is at the pipe: opening it as usual would wait for one for ever."""
    monkeypatch.chdir(tmp_path)
    loop = tmp_path / "loop.md"
    loop.symlink_to(loop)
    os.mkfifo(tmp_path / "pipe.md")
    with socket.socket(socket.AF_UNIX) as server:
        # A socket's address is at most 108 bytes long, so it is bound by its name alone.
        server.bind("socket.md")
    for name, reason in [
        ("none.md", "cannot be read: No such file or directory"),
        ("loop.md", "cannot be read: Too many levels of symbolic links"),
        ("pipe.md", "cannot be read: not a regular file"),
        ("socket.md", "cannot be read: No such device or address"),
    ]:
        path = tmp_path / name
        assert refuse(Job(str(path), True, TODAY, path=path)) == f"{name}: {reason}"
    null = Path(os.devnull)
    assert refuse(Job(str(null), True, TODAY, path=null)) == (
        "null: cannot be read: not a regular file"
    )
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert read_job(Job(str(pipe), False, TODAY, path=pipe)) == Passed(str(pipe))


def test_a_file_that_is_too_large_is_not_read(write: WriteFile) -> None:
    for name, limit in [("a.txt", "20,000,000"), ("b.jsonl", "200,000,000")]:
        job = write(name, FIRST)
        assert job.path is not None
        os.truncate(job.path, 1_000_000_000)
        reason = f"{name}: 1,000,000,000 bytes, more than the limit of {limit}"
        assert refuse(job) == reason
    assert f"{MAX_JSONL_BYTES:,}" == limit


def test_a_page_of_the_web_is_named_by_its_address() -> None:
    address = "https://www.example.org/news/The%20Quay.html?page=1"
    job = Job(address, True, TODAY, data=PAGE.encode(), validators=Validators('"v1"'))
    reading = read(job)
    (document,) = reading.documents
    article = document.article
    assert (article.id, article.origin, document.location) == ("the-quay", address, address)
    assert (article.url, article.publisher) == (address, "example.org")
    notes = {note.field: (note.how, note.certainty) for note in article.notes}
    assert notes["publisher"] == ("the address's host", Certainty.LIKELY)
    assert notes["url"] == ("the address that it was read from", Certainty.STATED)
    assert reading.validators == Validators('"v1"')
    # What the page says of itself comes first.
    site = '<meta property="og:site_name" content="The Daily">'
    named = read_one(replace(job, data=f"{site}{PAGE}".encode())).article
    assert named.publisher == "The Daily"
    # Where the address says nothing, its title.
    home = replace(job, place="https://example.org/")
    assert read_one(home).article.id == "the-old-quay"


def test_what_a_page_says_of_itself_comes_before_its_feed() -> None:
    entry = FeedEntry(
        url="https://example.org/a",
        title="From the feed",
        published=date(2022, 4, 1),
        authors=("Ada",),
        language="fr",
    )
    job = Job("https://example.org/a", True, TODAY, data=PAGE.encode(), entry=entry)
    article = read_one(job).article
    assert article.title == "The old quay"
    assert (article.date_published, article.authors) == (date(2022, 4, 1), ("Ada",))
    assert article.language is Language.ENGLISH
    notes = {note.field: note.how for note in article.notes}
    assert notes["date_published"] == "the feed's date"


TOLD = (
    "Le vieux quai\n\nCe jeudi 12 juin, les élus du port se sont réunis pour un débat ouvert à "
    "tous les habitants du quartier.\n"
)


def test_a_year_that_a_file_leaves_out_is_inferred_from_the_day_it_was_changed(
    write: WriteFile,
) -> None:
    job = write("quai.txt", TOLD)
    assert job.path is not None
    for day, published in ((20, date(2014, 6, 12)), (11, date(2014, 6, 12)), (10, None)):
        changed = datetime(2014, 6, day, 12).timestamp()
        os.utime(job.path, (changed, changed))
        article = read_one(job).article
        assert article.date_published == published
        notes = [note for note in article.notes if note.field == "date_published"]
        assert [note.certainty for note in notes] == [Certainty.INFERRED] * bool(published)
        for note in notes:
            assert note.how.endswith(f"2014-06-{day}, the day on which the file was last changed")


def test_the_day_a_file_was_changed_dates_nothing_by_itself(write: WriteFile) -> None:
    job = write("quai.txt", f"The old quay\n\n{FIRST}\n\n{SECOND}")
    assert read_one(job).article.date_published is None
    dated = write("date.txt", f"The old quay\n\n12 June 2013\n\n{FIRST}\n\n{SECOND}")
    assert read_one(dated).article.date_published == date(2013, 6, 12)


def test_the_day_a_feed_gives_for_a_change_is_one_to_infer_a_year_from() -> None:
    changed = FeedEntry(url="https://example.org/a", updated=date(2014, 6, 20))
    job = Job("https://example.org/a", True, TODAY, data=TOLD.encode(), entry=changed)
    article = read_one(job).article
    assert (article.date_published, article.date_modified) == (date(2014, 6, 12), changed.updated)
    notes = {note.field: note for note in article.notes}
    assert notes["date_published"].certainty is Certainty.INFERRED
    assert notes["date_published"].how.endswith(
        "the day on which the feed says that it was changed"
    )
    # What the feed says of the publication needs no guess.
    stated = replace(changed, published=date(2014, 6, 13))
    article = read_one(replace(job, entry=stated)).article
    notes = {note.field: note for note in article.notes}
    assert article.date_published == stated.published
    assert notes["date_published"].certainty is Certainty.STATED
    assert read_one(replace(job, entry=None)).article.date_published is None


def test_a_text_is_decoded_as_its_server_declares() -> None:
    text = f"Λιμάνι\n\n{FIRST}\n\n{SECOND}"
    data = text.encode("iso8859-7")
    job = Job("https://example.org/a.txt", True, TODAY, data=data, charset="iso-8859-7")
    reading = read(job)
    (document,) = reading.documents
    assert reading.original is not None
    assert "Λιμάνι" in (document.article.title, *document.article.text.split("\n"))
    assert all(one == other for one, other in quote_original(document, reading.original))
    assert read_one(replace(job, charset=None)).article.title != document.article.title


def test_an_entry_of_a_feed_is_named_by_its_title() -> None:
    entry = FeedEntry(id="tag:1", title="The old quay", content=f"<p>{FIRST}")
    job = Job(
        "https://example.org/feed.xml#tag:1",
        True,
        TODAY,
        data=f"<p>{FIRST}".encode(),
        media_type="text/html",
        charset="utf-8",
        entry=entry,
    )
    article = read_one(job).article
    assert (article.id, article.title, article.text) == ("the-old-quay", "The old quay", FIRST)


def test_what_stood_on_standard_input_is_named_by_its_title() -> None:
    job = Job("-0123456789abcdef", True, TODAY, data=f"# The old quay\n\n{FIRST}".encode())
    document = read_one(job)
    assert document.location == job.place
    assert (document.article.id, document.article.origin) == ("the-old-quay", "standard input")
    assert refuse(replace(job, data=b"")) == "standard input: the file is empty"
