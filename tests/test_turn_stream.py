"""A turn of the conversation as it is streamed: the same pieces that the page is made of."""

import re
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from massilia.index.errors import LibraryError
from massilia.service.answer import Answer
from massilia.service.answerer import Answerer
from massilia.service.app import create_app
from massilia.service.question import Question, QuestionError
from massilia.service.turn_stream import write_event

FOUNDERS = "Qui a fondé P.Factory ?"
DOUBLE = "Qui a fondé P.Factory et combien de câbles arrivent à Marseille ?"
CABLES = "Combien de câbles sous-marins arrivent à Marseille ?"


@pytest.fixture(scope="module")
def client(answerer: Answerer) -> TestClient:
    return TestClient(create_app(answerer), raise_server_exceptions=False)


def read_events(text: str) -> list[tuple[str, str]]:
    """Read server-sent events as the HTML standard says."""
    events = []
    for block in text.split("\n\n"):
        name, lines = "message", []
        for line in block.split("\n"):
            field, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if field == "event":
                name = value
            elif field == "data":
                lines.append(value)
        if lines:
            events.append((name, "\n".join(lines)))
    return events


def stream(client: TestClient, language: str, **query: object) -> list[tuple[str, str]]:
    response = client.get(f"/{language}/turns/2", params=query)
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert response.headers["cache-control"] == "no-store"
    return read_events(response.text)


def assemble(events: list[tuple[str, str]]) -> str:
    """Put the pieces together as the script does."""
    html = ""
    for name, data in events:
        if name == "turn":
            html = data
        elif name == "scope":
            html = re.sub(
                r'<div class="turn-scope">.*?</div>\s*(?=<|\Z)(?!<p|<ul|<div class="scope")',
                lambda _, told=data: f'<div class="turn-scope">{told}</div>',
                html,
                count=1,
                flags=re.DOTALL,
            )
        elif name == "piece":
            html = html.replace("</article>", f"{data}</article>")
        elif name == "quote":
            before, end, after = html.rpartition("</ol>")
            html = f"{before}{data}{end}{after}"
    return html


def compare(html: str) -> list[str]:
    """Give a turn's tags and texts without what tells one turn of a page from another."""
    html = re.sub(r"(?<=[\"# ])t2-", "", html)
    return [part.strip() for part in re.split(r"(<[^>]+>)", html) if part.strip()]


def lift(html: str) -> str:
    """Raise headings by one: on the page of an answer, its question is the first."""
    return re.sub(r"(?<=<)(/?)h(\d)", lambda tag: f"{tag[1]}h{int(tag[2]) - 1}", html)


@pytest.mark.parametrize(
    ("language", "query"),
    [
        ("fr", {"q": FOUNDERS}),
        ("en", {"q": "Who founded P.Factory?"}),
        ("fr", {"q": "Et quand ?", "h": [FOUNDERS]}),
        ("fr", {"q": CABLES}),
        ("fr", {"q": DOUBLE}),
        (
            "fr",
            {"q": "Qui a fondé P.Factory et combien de câbles arrivaient à Marseille en 2022 ?"},
        ),
        ("en", {"q": "What is the price of bread in Lyon?"}),
        ("fr", {"q": "Bonjour"}),
        ("fr", {"q": "Qui a fondé P.Factory ?", "from": "2030-01-01", "in": "fr"}),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_what_is_streamed_is_what_the_page_shows(
    client: TestClient, language: str, query: dict[str, object]
) -> None:
    events = stream(client, language, **query)
    html = client.get(f"/{language}/", params=query).text
    page = html[html.index("<article ") : html.index("</article>") + 10]
    assert compare(lift(assemble(events))) == compare(page)
    names = [name for name, _ in events]
    assert names[:2] == ["turn", "scope"]
    assert names[-2:] == ["next", "end"]
    assert names.count("quote") == page.count('<span class="number">')


def test_each_quote_is_told_by_itself_and_the_second_question_after_the_first(
    client: TestClient,
) -> None:
    events = stream(client, "fr", q=DOUBLE)
    names = [name for name, _ in events]
    second = next(place for place, (_, data) in enumerate(events) if 'id="t2-second"' in data)
    assert "quote" in names[:second]
    assert "quote" in names[second:]
    ids = re.findall(r'<li id="t2-(c\d+)"', "".join(data for _, data in events))
    assert ids == [f"c{number}" for number in range(1, len(ids) + 1)]


def test_what_goes_with_the_next_question_comes_last(client: TestClient) -> None:
    events = dict(stream(client, "fr", q=FOUNDERS, publisher="Massilia", dates="off"))
    fields = re.findall(r'name="(\w+)" value="([^"]*)"', events["next"])
    assert fields == [("publisher", "Massilia"), ("dates", "off"), ("h", FOUNDERS)]
    assert events["end"] == "1 passage de la bibliothèque peut répondre."
    assert dict(stream(client, "en", q="Hello"))["end"].startswith("Hello!")
    told = dict(stream(client, "en", q="What is the price of bread in Lyon?"))["end"]
    assert told == "The library doesn’t say."


def test_addresses_in_a_turn_are_those_of_pages(client: TestClient) -> None:
    events = stream(client, "fr", q="Qui a fondé P.Factory en 2014 ?", publisher="Massilia")
    html = "".join(data for _, data in events)
    addresses = re.findall(r'(?:href|action|data-address)="(/[^"]*)"', html)
    assert addresses
    assert not [address for address in addresses if "/turns" in address]
    for address in {address.replace("&amp;", "&") for address in addresses}:
        if not address.startswith("/static"):
            assert client.get(address).status_code == 200, address


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ({"q": " "}, "Il manque la question"),
        ({}, "Il manque la question"),
        ({"q": "x" * 501}, "trop longue"),
        ({"q": "Qui ?", "from": "hier"}, "n’est pas une date"),
        ({"q": "Qui ?", "h": ["Qui ?"] * 11}, "Cette conversation est trop longue"),
    ],
)
def test_what_cannot_be_asked_is_told_before_anything_is_streamed(
    client: TestClient, query: dict[str, object], told: str
) -> None:
    response = client.get("/fr/turns/2", params=query)
    assert response.status_code == 422
    assert response.text.strip().startswith('<p class="alert" role="alert">')
    assert told in response.text


@pytest.mark.parametrize("number", ["0", "-1", "x", "10000"])
def test_a_turn_has_a_number(client: TestClient, number: str) -> None:
    assert client.get(f"/fr/turns/{number}", params={"q": FOUNDERS}).status_code == 422


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (LibraryError("The library /srv/secret is broken."), "ne peut pas répondre"),
        (QuestionError("too_many_tokens", "…", length=600, limit=512), "512 morceaux"),
    ],
)
def test_what_fails_on_the_way_is_told_in_words_without_secrets(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, error: Exception, told: str
) -> None:
    def fail(self: Answerer, question: Question, top_k: int = 3) -> Iterator[Answer]:
        raise error
        yield

    monkeypatch.setattr(Answerer, "answer_parts", fail)
    events = stream(client, "fr", q=FOUNDERS)
    assert [name for name, _ in events] == ["turn", "failed"]
    assert told in events[-1][1]
    assert "secret" not in events[-1][1]


@given(st.text(alphabet="ab :\n\r\u2028é𝄞"))
def test_an_event_can_be_read_back(data: str) -> None:
    written = write_event("piece", data)
    assert written.endswith("\n\n")
    assert written.count("\n\n") == 1
    assert read_events(written) == [("piece", data.replace("\r", "&#13;"))]
