"""The page of the quality report: what the service makes of the file, and what a reader sees."""

import base64
import hashlib
import os
import re
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import uvicorn
from fastapi.testclient import TestClient
from playwright.sync_api import Browser, Page

from massilia.corpus.article import Article, Language
from massilia.eval.question_set import GoldSpan
from massilia.eval.report import render_report
from massilia.eval.run import CheckedQuote, Outcome, PassagePlace
from massilia.eval.run_file import Run
from massilia.eval.summary import summarise_run
from massilia.index.errors import LibraryError
from massilia.index.library import Library
from massilia.ingest.document import Document
from massilia.service.answerer import Answerer
from massilia.service.app import SECURITY_HEADERS, create_app
from massilia.service.quality import REPORT, ROOT, publish_report, read_report, write_policy
from tests.chromium import needs_chromium, open_browser

SITE_POLICY = SECURITY_HEADERS["Content-Security-Policy"]
STYLE = "\np { color: #a5421c; }\n/* é */"
SMALL = f"<!doctype html>\n{ROOT}<head><style>{STYLE}</style></head><p>Rapport é</p></html>\n"
WHEN = 1_800_000_000
"""15 January 2027, 08:00:00 in Universal Time."""


class SilentAnswerer(Answerer):
    """Hold a library that no question is put to."""

    def __init__(self, library: Library) -> None:
        self.library = library


@pytest.fixture
def client(library: Library) -> Iterator[TestClient]:
    with TestClient(
        create_app(SilentAnswerer(library)), follow_redirects=False, raise_server_exceptions=False
    ) as client:
        yield client


def publish(library: Library, html: str = SMALL, modified: float = WHEN) -> Path:
    path = publish_report(html, library.path)
    os.utime(path, (modified, modified))
    return path


# The service


@pytest.mark.parametrize(("header", "language"), [("en-GB", "en"), ("fr", "fr"), ("de", "fr")])
def test_the_page_is_found_in_the_browsers_language(
    client: TestClient, header: str, language: str
) -> None:
    response = client.get("/quality", headers={"Accept-Language": header})
    assert response.status_code == 307
    assert response.headers["location"] == f"/{language}/quality"
    assert response.headers["vary"] == "Accept-Language"


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("/fr/quality", "Aucun rapport de qualité n’a encore été fait"),
        ("/en/quality", "No quality report has been made"),
    ],
)
def test_without_a_report_the_page_says_how_one_is_made(
    client: TestClient, address: str, words: str
) -> None:
    response = client.get(address)
    assert response.status_code == 200
    assert words in response.text
    assert re.findall(r"<code>(.*)</code>", response.text) == [
        "massilia-eval run --questions questions.jsonl --json run.json",
        "massilia-eval report run.json --publish",
    ]
    assert response.headers["content-security-policy"] == SITE_POLICY


@pytest.mark.parametrize("language", ["fr", "en"])
def test_a_report_is_served_as_it_stands_but_for_its_root(
    client: TestClient, library: Library, language: str
) -> None:
    publish(library)
    response = client.get(f"/{language}/quality")
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.text == SMALL.replace(ROOT, f'<html lang="{language}" class="served">')
    assert client.head(f"/{language}/quality").status_code == 200


def test_a_report_may_use_its_own_style_and_nothing_else(
    client: TestClient, library: Library
) -> None:
    publish(library)
    policy = client.get("/fr/quality").headers["content-security-policy"]
    digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    assert policy == (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; form-action 'none'; "
        "base-uri 'none'; frame-ancestors 'none'"
    )
    headers = client.get("/fr/quality").headers
    for name, value in SECURITY_HEADERS.items():
        if name != "Content-Security-Policy":
            assert headers[name] == value


def test_a_style_that_cannot_be_told_is_not_allowed() -> None:
    """Only plain style elements are ours, each of which is named."""
    assert "style-src 'none'" in write_policy(b'<style media="all">p {}</style>')
    assert len(re.findall("sha256-", write_policy(b"<style>a</style>\n<style>b</style>"))) == 2


def test_other_pages_keep_the_sites_policy(client: TestClient, library: Library) -> None:
    publish(library)
    for address in ("/fr/", "/static/style.css", "/healthz", "/nothing", "/quality"):
        assert client.get(address).headers["content-security-policy"] == SITE_POLICY, address


def test_a_browser_that_has_the_report_is_told_so(client: TestClient, library: Library) -> None:
    publish(library)
    first = client.get("/fr/quality")
    tag = first.headers["etag"]
    assert re.fullmatch(r'"[0-9a-f]{32}"', tag)
    assert first.headers["last-modified"] == "Fri, 15 Jan 2027 08:00:00 GMT"
    assert first.headers["cache-control"] == "no-cache"
    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = client.get("/fr/quality", headers={"If-None-Match": known})
        assert again.status_code == 304, known
        assert again.content == b""
        assert again.headers["etag"] == tag
        # A browser takes this one for the page that it has.
        assert again.headers["content-security-policy"] == first.headers["content-security-policy"]
    assert client.get("/fr/quality", headers={"If-None-Match": '"other"'}).status_code == 200
    assert client.get("/en/quality", headers={"If-None-Match": tag}).status_code == 200


@pytest.mark.parametrize(
    ("since", "status"),
    [
        ("Fri, 15 Jan 2027 08:00:00 GMT", 304),
        ("Fri, 15 Jan 2027 08:00:01 GMT", 304),
        ("Fri, 15 Jan 2027 07:59:59 GMT", 200),
        ("last week", 200),
        ("", 200),
    ],
)
def test_a_report_is_sent_again_once_it_has_changed(
    client: TestClient, library: Library, since: str, status: int
) -> None:
    """The file is half a second younger than what its header can say."""
    publish(library, modified=WHEN + 0.5)
    response = client.get("/fr/quality", headers={"If-Modified-Since": since})
    assert response.status_code == status


def test_a_tag_counts_for_more_than_a_date(client: TestClient, library: Library) -> None:
    publish(library)
    headers = {"If-None-Match": '"other"', "If-Modified-Since": "Fri, 15 Jan 2027 08:00:00 GMT"}
    assert client.get("/fr/quality", headers=headers).status_code == 200


def test_a_new_report_is_served_at_once(client: TestClient, library: Library) -> None:
    publish(library)
    first = client.get("/fr/quality")
    publish(library, SMALL.replace("Rapport", "Nouveau"))
    second = client.get("/fr/quality", headers={"If-None-Match": first.headers["etag"]})
    assert second.status_code == 200
    assert "Nouveau" in second.text
    (library.path / REPORT).unlink()
    assert "Aucun rapport" in client.get("/fr/quality").text


def test_a_report_that_cannot_be_read_is_told_as_a_fault_of_the_library(
    client: TestClient, library: Library
) -> None:
    (library.path / REPORT).mkdir()
    response = client.get("/fr/quality")
    assert response.status_code == 503
    assert str(library.path) not in response.text
    with pytest.raises(LibraryError, match=str(library.path)):
        read_report(library.path, Language.FRENCH)


def test_a_file_that_is_no_report_is_shown_without_a_style(
    client: TestClient, library: Library
) -> None:
    (library.path / REPORT).write_bytes(b"\xff<p onclick=x>")
    response = client.get("/en/quality")
    assert response.content == b"\xff<p onclick=x>"
    assert "style-src 'none'" in response.headers["content-security-policy"]


def test_publishing_leaves_one_whole_file(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = publish_report(SMALL, library.path)
    assert path == library.path / "quality.html"
    assert path.read_bytes() == SMALL.encode()

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(LibraryError, match="No space left"):
        publish_report("half", library.path)
    assert path.read_bytes() == SMALL.encode(), "the earlier one is still there"
    assert [each.name for each in library.path.iterdir() if ".part" in each.name] == []


def test_publishing_where_there_is_no_library_names_the_folder(tmp_path: Path) -> None:
    with pytest.raises(LibraryError, match="nowhere"):
        publish_report(SMALL, tmp_path / "nowhere")


def test_a_build_leaves_the_report_where_it_is(library: Library, toy_encoder: object) -> None:
    path = publish(library)
    library.put([Document(Article("a", Language.FRENCH, "A", "Un mot ici.", "a.md"), "a.md")])
    library.build(toy_encoder)  # type: ignore[arg-type]
    assert path.read_text(encoding="utf-8") == SMALL


def test_every_page_has_a_link_to_the_report(client: TestClient) -> None:
    for address, link in (
        ("/fr/", '<a href="/fr/quality">Qualité</a>'),
        ("/en/articles", '<a href="/en/quality">Quality</a>'),
        ("/en/nothing", '<a href="/en/quality">Quality</a>'),
        ("/fr/quality", '<a href="/fr/quality" aria-current="page">Qualité</a>'),
    ):
        assert link in client.get(address).text


# The browser


@pytest.fixture(scope="module")
def made() -> list[str]:
    """Keep the report once it has been made."""
    return []


@pytest.fixture
def report(
    made: list[str],
    make_outcome: Callable[..., Outcome],
    make_quote: Callable[..., CheckedQuote],
    make_run: Callable[..., Run],
) -> str:
    """Make a report with words too long for a narrow screen."""
    if made:
        return made[0]
    long = "Antidisestablishmentarianism" * 4
    fields = {"type": "who", "form": "typo", "difficulty": "easy", "topic": long}
    outcomes = [
        make_outcome(
            f"q{number}-{long}",
            "ab",
            [make_quote(f"Two {long}." if number % 2 else f"One {long}.", number / 20)],
            question=f"How many {long}?",
            milliseconds=10.0 * 1.4**number,
            gold=(GoldSpan("a", 0, 10),),
            passages=[PassagePlace("a", 0, 30)],
            turn=number % 3 + 1,
            **fields,
        )
        for number in range(1, 20)
    ]
    outcomes.append(make_outcome("none", answerable=False, unanswerable_kind="off-topic"))
    run = make_run(
        outcomes,
        name=long,
        passages={"a:0-30": "x" * 30},
        directions={"en-en": outcomes, "en-fr": outcomes},
    )
    made.append(render_report(run, summarise_run(run, resamples=20)))
    return made[0]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """Serve an empty library, and give the address and the library's folder."""
    library = Library.create(tmp_path_factory.mktemp("library"))
    app = create_app(SilentAnswerer(library))
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}", library.path
    server.should_exit = True
    thread.join()
    library.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as opened:
        yield opened


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """Open a page that fails the test on any complaint, and any request but for the page itself."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))

    def watch(request: object) -> None:
        url: str = request.url  # type: ignore[attr-defined]
        if not (url.startswith("data:") or url.partition("#")[0].endswith(("/quality", ".html"))):
            complaints.append(f"a request to {url}")

    page.on("request", watch)
    yield page
    context.close()
    assert complaints == []


@pytest.fixture
def file(report: str, tmp_path: Path) -> str:
    """Give the address of the report as a file."""
    path = tmp_path / "report.html"
    path.write_text(report, encoding="utf-8")
    return path.as_uri()


@pytest.fixture(params=["file", "service"])
def address(
    request: pytest.FixtureRequest, report: str, file: str, served: tuple[str, Path]
) -> str:
    """Give the address of the report, as a file or as a page of the site."""
    if request.param == "file":
        return file
    publish_report(report, served[1])
    return f"{served[0]}/fr/quality"


def shown_headings(page: Page) -> list[str]:
    return page.locator("h1:visible").all_inner_texts()


FRENCH, ENGLISH = ["Ce que valent les réponses"], ["How good the answers are"]


@needs_chromium
def test_the_language_is_switched_by_keyboard(page: Page, address: str) -> None:
    """And what the keyboard reaches next is in the language that is shown."""
    page.goto(address)
    assert shown_headings(page) == FRENCH
    switch = page.locator(".switch:visible")
    assert switch.text_content() == "ENCette page en anglais"
    switch.focus()
    page.keyboard.press("Enter")
    assert page.url == f"{address}#en"
    assert shown_headings(page) == ENGLISH
    page.keyboard.press("Tab")
    assert page.locator(":focus").text_content() == "Skip to the content"
    page.keyboard.press("Enter")
    assert shown_headings(page) == ENGLISH, "a place within the English half is English"
    page.keyboard.press("Tab")
    assert page.locator(":focus").text_content() == "In short"
    page.go_back()
    page.go_back()
    assert shown_headings(page) == FRENCH


@needs_chromium
def test_an_anchor_opens_its_language(page: Page, address: str) -> None:
    for anchor, headings in (
        ("#en", ENGLISH),
        ("#fr", FRENCH),
        ("#en-latency", ENGLISH),
        ("#nothing", FRENCH),
    ):
        page.goto("about:blank")
        page.goto(address + anchor)
        assert shown_headings(page) == headings, anchor


@needs_chromium
def test_the_address_chooses_the_language_and_the_anchor_may_change_it(
    page: Page, report: str, served: tuple[str, Path]
) -> None:
    publish_report(report, served[1])
    for path, headings in (("en", ENGLISH), ("fr", FRENCH)):
        page.goto(f"{served[0]}/{path}/quality")
        assert shown_headings(page) == headings
        assert page.evaluate("document.documentElement.lang") == path
    page.goto(f"{served[0]}/en/quality#fr")
    assert shown_headings(page) == FRENCH


@needs_chromium
def test_the_style_is_still_allowed_when_the_browser_asks_again(
    page: Page, report: str, served: tuple[str, Path]
) -> None:
    """The policy of the answer that nothing has changed is the one that then holds."""
    publish_report(report, served[1])
    page.goto(f"{served[0]}/fr/quality")
    page.goto("about:blank")
    with page.expect_response("**/fr/quality") as answered:
        page.goto(f"{served[0]}/fr/quality")
    assert answered.value.ok or answered.value.status == 304
    colour = page.evaluate("getComputedStyle(document.querySelector('.masthead')).backgroundColor")
    assert colour == "rgb(12, 60, 85)"


@needs_chromium
def test_the_sites_links_are_shown_on_the_site_alone(page: Page, address: str) -> None:
    page.goto(address)
    links = page.locator(".site a:visible").all_inner_texts()
    assert links == ([] if address.startswith("file:") else ["Question", "Bibliothèque"])


@needs_chromium
def test_the_page_is_never_wider_than_the_screen(page: Page, address: str) -> None:
    """Its tables scroll within themselves, with everything in them open."""
    for anchor in ("#fr", "#en"):
        page.goto(address + anchor)
        page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
        for width in (320, 360, 768, 1280):
            page.set_viewport_size({"width": width, "height": 800})
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (anchor, width)
        page.set_viewport_size({"width": 360, "height": 800})
        wide = page.locator(".scroll:visible").evaluate_all(
            "each => each.filter(one => one.scrollWidth > one.clientWidth).length"
        )
        assert wide > 0


@needs_chromium
def test_the_colours_follow_the_browsers(page: Page, file: str) -> None:
    page.goto(file)
    for scheme, colour in (("light", "rgb(247, 241, 229)"), ("dark", "rgb(13, 26, 35)")):
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        shown = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert shown == colour


@needs_chromium
def test_a_wide_table_is_scrolled_by_keyboard(page: Page, file: str) -> None:
    page.set_viewport_size({"width": 360, "height": 800})
    page.goto(file)
    table = page.get_by_role("region", name="Langues de la question et des articles")
    table.focus()
    assert table.evaluate("each => getComputedStyle(each).outlineStyle") == "solid"
    page.keyboard.press("ArrowRight")
    # The browser scrolls in steps; it may take its time.
    until = time.monotonic() + 10
    while not table.evaluate("each => each.scrollLeft") and time.monotonic() < until:
        page.wait_for_timeout(20)
    assert table.evaluate("each => each.scrollLeft") > 0


@needs_chromium
def test_texts_of_plots_lie_within_them_and_can_be_read_on_a_telephone(
    page: Page, file: str
) -> None:
    page.set_viewport_size({"width": 360, "height": 800})
    for anchor in ("#fr", "#en"):
        page.goto(file + anchor)
        outside = page.locator("svg.plot:visible text").evaluate_all(
            """texts => texts.filter(text => {
                const box = text.getBBox(), view = text.ownerSVGElement.viewBox.baseVal;
                return box.x < -1 || box.x + box.width > view.width + 1
                    || box.y < -1 || box.y + box.height > view.height + 1;
            }).map(text => text.textContent)"""
        )
        assert outside == []
        sizes = page.locator("svg.plot:visible text").evaluate_all(
            """texts => texts.map(text =>
                parseFloat(getComputedStyle(text).fontSize) * text.getScreenCTM().a)"""
        )
        assert min(sizes) >= 9


@needs_chromium
def test_one_language_is_printed_without_the_controls(page: Page, file: str) -> None:
    page.goto(f"{file}#en")
    page.emulate_media(media="print")
    assert shown_headings(page) == ENGLISH
    assert page.locator("nav:visible, summary:visible, .horizon:visible").count() == 0
    assert page.locator("svg:visible").count() == 4
