"""The MCP server as the official client meets it: over standard input and output, and over HTTP."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

import httpx2
import pytest
from mcp import Client, MCPError, StdioServerParameters, types
from mcp.server import Server
from starlette.testclient import TestClient

from massilia.corpus.article import Article, Language, hash_text
from massilia.index.encoder import Encoder
from massilia.index.library import Library
from massilia.ingest.document import Document
from massilia.service.answerer import Answerer
from massilia.service.api_keys import hash_key, make_key
from massilia.service.app import create_app
from massilia.service.links import NO_SITE, Links
from massilia.service.mcp_server import INSTRUCTIONS, UNEXPECTED, make_mcp_server
from massilia.service.messages import load_messages
from massilia.service.serving import ServingOptions
from tests.running_server import MASSILIA, SECONDS, RunningServer, make_environment, run_server

Mode = Literal["auto", "legacy"]
MODES: tuple[Mode, ...] = ("auto", "legacy")
"""The protocol of today, and that of before."""
Said = TypeVar("Said")

CAPACITY = "What is the design capacity of 2Africa?"
CALLS: dict[str, tuple[str, dict[str, object]]] = {
    "answer": ("ask", {"question": CAPACITY}),
    "series": ("ask", {"question": "Combien de câbles sous-marins arrivent à Marseille ?"}),
    "two": (
        "ask",
        {"question": "Who owns Atlas Offshore? And what is the design capacity of 2Africa?"},
    ),
    "abstention": ("ask", {"question": "Quel temps fera-t-il demain à Brest ?"}),
    "in French": ("ask", {"question": CAPACITY, "language": "fr"}),
    "follow-up": (
        "ask",
        {"question": "Who owns it?", "history": ["When was Atlas Offshore laid?"]},
    ),
    # As some clients send lists and objects.
    "strings": (
        "ask",
        {
            "question": "Who owns it?",
            "history": '["When was Atlas Offshore laid?"]',
            "filters": '{"languages": ["fr"]}',
        },
    ),
    "no article": ("ask", {"question": CAPACITY, "filters": {"published_to": "1999-12-31"}}),
    "greeting": ("ask", {"question": "Bonjour !"}),
    "search": ("search", {"query": "2Africa"}),
    "fetch": ("fetch", {"id": "cable-2africa-en"}),
}
REFUSED: dict[str, tuple[str, dict[str, object], str]] = {
    "no question": ("ask", {}, "question: Field required"),
    "another name": ("ask", {"question": "Who?", "top": 3}, "top: Extra inputs"),
    "too long": ("ask", {"question": "x" * 501}, "501 characters"),
    "empty": ("ask", {"question": " "}, "empty"),
    "control character": ("search", {"query": "a\x07"}, "U+0007"),
    "null": ("search", {"query": "a\x00"}, "U+0000"),
    "language": ("ask", {"question": "Who?", "language": "de"}, "language: "),
    "history": ("ask", {"question": "Who?", "history": ["?"] * 11}, "history: "),
    "nested": ("ask", {"question": "Who?", "history": "[" * 100_000}, "history: "),
    "filter": ("ask", {"question": "Who?", "filters": {"published_to": "soon"}}, "published_to"),
    "number": ("fetch", {"id": 7}, "id: "),
    "unknown": ("fetch", {"id": "../../etc/passwd"}, "no article '../../etc/passwd'"),
}


ADDRESSES = (
    "massilia:/articles/cable-2africa-en",
    "massilia:/articles/cable-2africa-en?start=1769&end=1865#quote",
    "massilia:/articles/cable%2D2africa-en",
)
ABSENT = (
    "massilia:/articles/none",
    "massilia:/articles/",
    "massilia:cable-2africa-en",
    "/articles/cable-2africa-en",
    "cable-2africa-en",
    "file:///articles/cable-2africa-en",
)


@dataclass(frozen=True, slots=True)
class Talk:
    """Hold what was said in one connection; `site` begins the addresses of our own pages."""

    site: str
    version: str
    instructions: str | None
    tools: list[types.Tool]
    results: dict[str, types.CallToolResult]
    refused: dict[str, types.CallToolResult]
    unknown: MCPError | None
    resources: list[types.Resource]
    templates: list[str]
    texts: dict[str, str]
    absent: dict[str, MCPError]


async def read_text(client: Client, uri: str) -> str:
    (contents,) = (await client.read_resource(uri)).contents
    assert isinstance(contents, types.TextResourceContents)
    return contents.text


async def hold(client: Client, site: str) -> Talk:
    unknown = None
    try:
        await client.call_tool("delete", {"id": "cable-2africa-en"})
    except MCPError as error:
        unknown = error
    resources, cursor = [], None
    while True:
        listed = await client.list_resources(cursor=cursor)
        resources += listed.resources
        cursor = listed.next_cursor
        if cursor is None:
            break
    absent = {}
    for uri in ABSENT:
        try:
            await client.read_resource(uri)
        except MCPError as error:
            absent[uri] = error
    return Talk(
        site=site,
        version=client.protocol_version,
        instructions=client.instructions,
        tools=(await client.list_tools()).tools,
        results={name: await client.call_tool(*call) for name, call in CALLS.items()},
        refused={
            name: await client.call_tool(tool, arguments)
            for name, (tool, arguments, _) in REFUSED.items()
        },
        unknown=unknown,
        resources=resources,
        templates=[
            template.uri_template
            for template in (await client.list_resource_templates()).resource_templates
        ],
        texts={uri: await read_text(client, uri) for uri in ADDRESSES},
        absent=absent,
    )


def connect(
    server: Server[Any] | StdioServerParameters | str,
    mode: Mode,
    talk: Callable[[Client], Awaitable[Said]],
) -> Said:
    async def run() -> Said:
        async with Client(server, mode=mode, read_timeout_seconds=SECONDS) as client:
            return await talk(client)

    return asyncio.run(run())


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory, model_cache: Path) -> dict[str, str]:
    return make_environment(tmp_path_factory.mktemp("home"), model_cache)


def make_command(
    library: Path, environment: dict[str, str], *options: str
) -> StdioServerParameters:
    arguments = ["mcp", "--library", str(library), *options]
    return StdioServerParameters(command=str(MASSILIA), args=arguments, env=environment)


@pytest.fixture(scope="module")
def server(corpus_path: Path, environment: dict[str, str]) -> Iterator[RunningServer]:
    with run_server(corpus_path, environment) as running:
        yield running


@pytest.fixture(
    scope="module",
    params=[(way, mode) for way in ("stdio", "http") for mode in MODES],
    ids=" ".join,
)
def talk(request: pytest.FixtureRequest, corpus_path: Path, environment: dict[str, str]) -> Talk:
    """Hold the same talk in each way, in the protocol of today and in that of before."""
    way, mode = request.param
    if way == "stdio":
        command = make_command(corpus_path, environment)
        return connect(command, mode, lambda client: hold(client, NO_SITE))
    address = request.getfixturevalue("server").address
    return connect(f"{address}/mcp", mode, lambda client: hold(client, address))


def read(talk: Talk, name: str) -> tuple[str, dict[str, Any]]:
    """Give the text and the structure of a result; there is one text and no more."""
    result = talk.results[name]
    assert not result.is_error
    (item,) = result.content
    assert isinstance(item, types.TextContent)
    return item.text, result.structured_content


def test_the_tools_say_that_they_only_read(talk: Talk) -> None:
    assert talk.instructions == INSTRUCTIONS
    assert [tool.name for tool in talk.tools] == ["ask", "search", "fetch"]
    for tool in talk.tools:
        assert tool.annotations is not None
        assert tool.annotations.read_only_hint
        assert tool.annotations.destructive_hint is tool.annotations.open_world_hint is False
        assert tool.input_schema["additionalProperties"] is False
        assert tool.description


def test_quotes_stand_in_the_article_where_it_is_said(talk: Talk, answerer: Answerer) -> None:
    for name in ("answer", "series", "two", "follow-up", "strings", "in French"):
        text, structure = read(talk, name)
        parts = [structure, *filter(None, [structure["second"]])]
        quotes = [quote for part in parts for quote in part["quotes"]]
        quotes += [value["quote"] for part in parts for value in part["series"]]
        assert quotes
        for quote in quotes:
            article = answerer.store.article(quote["document_id"])
            assert article is not None
            start, end = quote["start_char_index"], quote["end_char_index"]
            assert article.text[start:end] == quote["text"]
            assert quote["text_sha256"] == hash_text(article.text)
            assert quote["url"].startswith(f"{talk.site}/articles/")
            assert f"[{quote['number']}] {quote['document_title']}" in text
            assert quote["url"] in text
        for part in parts:
            for quote in part["quotes"]:
                assert f"{quote['text']}” [{quote['number']}]" in text.replace("\u00a0»", "”")


def test_the_text_says_that_quotes_are_to_be_kept(talk: Talk) -> None:
    for name, language in (("answer", Language.ENGLISH), ("in French", Language.FRENCH)):
        text, structure = read(talk, name)
        assert text.startswith(load_messages(language).text("mcp.keep"))
        assert structure["language"] == language
        # The quote is given as it stands, whatever the language that is spoken around it.
        assert "180 Tbit/s" in structure["quotes"][0]["text"]


def test_an_abstention_gives_its_reasons_and_no_quote(talk: Talk) -> None:
    text, structure = read(talk, "abstention")
    assert structure["abstained"]
    assert structure["quotes"] == []
    assert structure["reasons"]
    french = load_messages(Language.FRENCH)
    assert text.startswith(french.text("mcp.abstained"))
    for reason in structure["reasons"]:
        assert french.text(f"abstention.{reason.lower()}") in text
    for near in structure["near"]:
        assert near["number"] is None
        assert near["answering_words"] is None
        assert near["text"] in text
    assert read(talk, "no article")[1]["reasons"] == ["NO_MATCHING_ARTICLES"]
    text, structure = read(talk, "greeting")
    assert structure["reasons"] == ["NOT_A_QUESTION"]
    assert text == french.text("remark.greeting")


def test_a_question_that_leans_on_another_is_made_to_stand_alone(talk: Talk) -> None:
    text, structure = read(talk, "follow-up")
    assert structure["asked"] == "Who owns it?"
    assert "Atlas Offshore" in structure["question"]
    assert structure["question"] in text
    assert "Maroc Telecom" in structure["quotes"][0]["text"]
    _, structure = read(talk, "strings")
    assert "Atlas Offshore" in structure["question"]
    assert {quote["in_language"] for quote in structure["quotes"]} == {"fr"}


def test_values_through_time_have_their_sentences(talk: Talk) -> None:
    text, structure = read(talk, "series")
    assert len(structure["series"]) >= 2
    for value in structure["series"]:
        assert value["value"] in value["quote"]["text"]
        assert f"\u00a0: {value['value']} [{value['quote']['number']}]" in text


def test_search_returns_what_fetch_takes(talk: Talk, answerer: Answerer) -> None:
    text, structure = read(talk, "search")
    assert json.loads(text) == structure
    assert structure.keys() == {"results"}
    assert structure["results"][0]["id"] == "cable-2africa-en"
    for result in structure["results"]:
        assert result.keys() == {"id", "title", "url"}
        article = answerer.store.article(result["id"])
        assert article is not None
        assert result["title"] == article.title
        assert result["url"] == f"{talk.site}/articles/{article.id}"


def test_fetch_returns_the_article_whole(talk: Talk, answerer: Answerer) -> None:
    text, structure = read(talk, "fetch")
    assert json.loads(text) == structure
    assert structure.keys() == {"id", "title", "text", "url", "metadata"}
    article = answerer.store.article("cable-2africa-en")
    assert article is not None
    assert structure["text"] == article.text
    assert structure["metadata"]["text_sha256"] == hash_text(structure["text"])
    assert structure["metadata"]["publisher"] == article.publisher
    assert structure["url"] == f"{talk.site}/articles/cable-2africa-en"


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_wrong_with_a_call_is_told_to_the_model(talk: Talk, name: str) -> None:
    result = talk.refused[name]
    assert result.is_error
    (item,) = result.content
    assert isinstance(item, types.TextContent)
    assert REFUSED[name][2] in item.text
    assert "Traceback" not in item.text


def test_a_tool_that_does_not_exist_is_an_error_of_the_protocol(talk: Talk) -> None:
    assert talk.unknown is not None
    assert talk.unknown.code == types.INVALID_PARAMS
    assert "'delete'" in talk.unknown.message


def test_both_protocols_are_spoken(talk: Talk, request: pytest.FixtureRequest) -> None:
    legacy = "legacy" in request.node.name
    assert (talk.version < "2026") is legacy


def test_articles_are_resources_at_the_addresses_that_name_them(
    talk: Talk, answerer: Answerer
) -> None:
    ids = [entry.id for entry in answerer.store.entries()]
    assert [resource.name for resource in talk.resources] == ids
    assert talk.templates == [f"{NO_SITE}/articles/{{id}}"]
    article = answerer.store.article("cable-2africa-en")
    assert article is not None
    assert talk.texts == {uri: article.text for uri in ADDRESSES}
    assert set(talk.absent) == set(ABSENT)
    for error in talk.absent.values():
        assert error.code == types.INVALID_PARAMS


def test_an_address_of_the_publisher_comes_before_ours() -> None:
    links = Links("http://127.0.0.1:8000")
    assert links.find_article("a", "https://example.org/a") == "https://example.org/a"
    assert links.find_article("a/b c", None) == "http://127.0.0.1:8000/articles/a%2Fb%20c"


def test_citations_open_on_the_site_that_is_named(
    corpus_path: Path, environment: dict[str, str]
) -> None:
    command = make_command(corpus_path, environment, "--site", "http://127.0.0.1:8000/")
    found = connect(
        command, "auto", lambda client: client.call_tool("search", {"query": "2Africa"})
    )
    assert found.structured_content["results"][0]["url"] == (
        "http://127.0.0.1:8000/articles/cable-2africa-en"
    )


def test_a_site_that_is_no_web_address_is_refused(environment: dict[str, str]) -> None:
    command = [MASSILIA, "mcp", "--site", "javascript:alert(1)"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 2
    assert "javascript:alert(1)" in done.stderr


def write_message(method: str, number: int | None = None, **parameters: object) -> str:
    message: dict[str, object] = {"jsonrpc": "2.0", "method": method, "params": parameters}
    if number is not None:
        message["id"] = number
    return json.dumps(message) + "\n"


INITIALIZE = write_message(
    "initialize",
    1,
    protocolVersion="2025-06-18",
    capabilities={},
    clientInfo={"name": "test", "version": "1"},
)


def start_stdio(library: Path, environment: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [MASSILIA, "mcp", "--library", library],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )


def test_nothing_but_the_protocol_is_written_and_the_end_of_input_ends_it(
    corpus_path: Path, environment: dict[str, str]
) -> None:
    with start_stdio(corpus_path, environment) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(INITIALIZE + write_message("notifications/initialized"))
        process.stdin.write("no JSON\n[]\n\n{}\n\x00\n")
        process.stdin.write(write_message("no/method", 2))
        call = {"name": "ask", "arguments": {"question": CAPACITY}}
        process.stdin.write(write_message("tools/call", 3, **call))
        process.stdin.flush()
        answered: dict[int, dict[str, Any]] = {}
        while 3 not in answered:
            message = json.loads(process.stdout.readline())
            answered[message.get("id")] = message
        assert answered[1]["result"]["serverInfo"]["name"] == "massilia"
        assert "error" in answered[2]
        assert "180 Tbit/s" in answered[3]["result"]["content"][0]["text"]
        written, errors = process.communicate(timeout=SECONDS)
        assert written == ""
        assert "Traceback" not in errors
        assert process.returncode == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_while_the_input_is_open(
    corpus_path: Path, environment: dict[str, str], number: signal.Signals
) -> None:
    with start_stdio(corpus_path, environment) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(INITIALIZE)
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["id"] == 1
        process.send_signal(number)
        assert process.wait(SECONDS) == 0
        assert process.stdout.read() == ""


def test_a_client_that_is_gone_is_no_error(corpus_path: Path, environment: dict[str, str]) -> None:
    with start_stdio(corpus_path, environment) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        process.stdin.write(INITIALIZE)
        process.stdin.close()
        assert "Traceback" not in process.stderr.read()
        assert process.wait(SECONDS) == 0


def test_a_library_that_is_not_built_is_told_and_read_once_it_is(
    tmp_path: Path, encoder: Encoder, environment: dict[str, str]
) -> None:
    text = "In 1999 the harbour master Zephyrin Kowalczyk counted 4,321 seagulls on the quay."
    article = Article("harbour-en", Language.ENGLISH, "The harbour", text, "harbour.md")
    question = "How many seagulls did the harbour master count on the quay?"

    async def ask(client: Client) -> tuple[types.CallToolResult, types.CallToolResult]:
        before = await client.call_tool("ask", {"question": question})
        library.build(encoder)
        return before, await client.call_tool("ask", {"question": question})

    with closing(Library.create(tmp_path / "library")) as library:
        library.put([Document(article, "test:harbour.md")])
        before, after = connect(make_command(library.path, environment), "auto", ask)
    assert before.is_error
    assert isinstance(before.content[0], types.TextContent)
    assert "has not been built" in before.content[0].text
    assert not after.is_error
    assert after.structured_content["quotes"][0]["text"] == text


def test_what_is_unexpected_is_kept_from_the_client(caplog: pytest.LogCaptureFixture) -> None:
    def fail() -> Answerer:
        raise RuntimeError("/home/someone/secret")

    server = make_mcp_server(fail, Links(NO_SITE))

    async def fetch(client: Client) -> MCPError:
        with pytest.raises(MCPError) as caught:
            await client.call_tool("fetch", {"id": "a"})
        return caught.value

    for mode in MODES:
        error = connect(server, mode, fetch)
        assert error.code == types.INTERNAL_ERROR
        assert error.message == UNEXPECTED
    assert "/home/someone/secret" in caplog.text


SITE = "https://massilia.example"
JSON = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example"}, 421),
        ({"Host": "evil.example:80"}, 421),
        ({"Host": "127.0.0.1.evil.example:80"}, 421),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Content-Type": "text/plain"}, 400),
        ({"Accept": "text/html"}, 406),
        ({"MCP-Protocol-Version": "1999-01-01"}, 400),
        ({"Host": "localhost:8000"}, 200),
        ({"Origin": "http://localhost:3000"}, 200),
    ],
    ids=lambda value: str(value)[:48],
)
def test_only_this_machine_may_speak_to_a_server_on_loopback(
    server: RunningServer, headers: dict[str, str], status: int
) -> None:
    address = f"{server.address}/mcp"
    response = httpx2.post(address, content=INITIALIZE, headers=JSON | headers)
    assert response.status_code == status
    assert "content-security-policy" in response.headers
    assert response.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"[" * 100_000, 400, types.PARSE_ERROR),
        (b"\xff\xfe", 400, types.PARSE_ERROR),
        (b"{}", 400, types.INVALID_PARAMS),
        (INITIALIZE.replace("test", "\\ud800").encode(), 400, types.PARSE_ERROR),
        (b" " * 1_000_001, 413, None),
    ],
    ids=lambda value: repr(value)[:24],
)
def test_a_body_that_is_no_message_is_refused(
    server: RunningServer, body: bytes, status: int, code: int | None
) -> None:
    response = httpx2.post(f"{server.address}/mcp", content=body, headers=JSON)
    assert response.status_code == status
    if code is not None:
        assert response.json()["error"]["code"] == code
    assert "Traceback" not in response.text
    assert httpx2.get(f"{server.address}/healthz").status_code == 200


@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT"])
def test_there_is_no_stream_to_open_and_no_session_to_end(
    server: RunningServer, method: str
) -> None:
    headers = {"Accept": "text/event-stream"}
    response = httpx2.request(method, f"{server.address}/mcp", headers=headers)
    assert response.status_code == 405
    assert "POST" in response.headers["allow"]


@pytest.mark.parametrize(
    ("origins", "headers", "status"),
    [
        ((SITE,), {"Host": "massilia.example", "Origin": SITE}, 200),
        ((SITE,), {"Host": "evil.example", "Origin": SITE}, 421),
        ((SITE,), {"Host": "massilia.example", "Origin": "https://evil.example"}, 403),
        ((), {"Host": "massilia.example"}, 421),
        (("*",), {"Host": "massilia.example", "Origin": "https://other.example"}, 200),
    ],
)
def test_a_site_that_is_allowed_is_a_name_of_the_server(
    answerer: Answerer, origins: tuple[str, ...], headers: dict[str, str], status: int
) -> None:
    options = ServingOptions(allowed_origins=origins)
    with TestClient(create_app(answerer, options=options)) as client:
        response = client.post("/mcp", content=INITIALIZE, headers=JSON | headers)
    assert response.status_code == status


def test_keys_are_asked_for_where_the_server_has_any(answerer: Answerer) -> None:
    key = make_key()
    options = ServingOptions(key_hashes=frozenset({hash_key(key)}))
    with TestClient(create_app(answerer, options=options)) as client:
        refused = client.post("/mcp", content=INITIALIZE, headers=JSON)
        known = {"Authorization": f"Bearer {key}"}
        answered = client.post("/mcp", content=INITIALIZE, headers=JSON | known)
    assert (refused.status_code, answered.status_code) == (401, 200)


def test_what_does_not_speak_the_protocol_does_not_load_it() -> None:
    for module in ("massilia.service.cli", "massilia.service.server"):
        code = f"import sys, {module}; assert 'mcp' not in sys.modules"
        subprocess.run([sys.executable, "-c", code], check=True, env=dict(os.environ))
