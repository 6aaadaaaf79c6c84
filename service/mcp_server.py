"""The MCP server: the library as tools for an agent, none of which changes anything."""

import logging
import os
import signal
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from threading import Lock, Thread
from types import FrameType
from typing import Any, TypeVar
from urllib.parse import unquote

import anyio
import click
from mcp import MCPError, types
from mcp.server import Server, ServerRequestContext
from mcp.server.stdio import stdio_server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.server.transport_security import TransportSecuritySettings
from pydantic import BaseModel, ValidationError
from starlette.types import Receive, Scope, Send

from massilia.corpus.errors import MassiliaError
from massilia.service.answerer import Answerer
from massilia.service.dialogue import answer_in_turn, guess_language
from massilia.service.earlier import read_earlier
from massilia.service.links import NO_SITE, Links, read_site
from massilia.service.messages import load_messages
from massilia.service.question import read_question
from massilia.service.wire_mcp import (
    AskInput,
    AskOutput,
    FetchInput,
    FetchOutput,
    SearchInput,
    SearchOutput,
)
from massilia.service.written_answer import SEPARATOR, join_paragraphs, write_answer

INSTRUCTIONS = (
    "A library of articles, by default about Marseille's tech ecosystem, in French and English. "
    "`ask` answers a question with quotes from it, or says that it holds no answer. Pass every "
    "quote on to the letter, in its own language, with its address: never reword, shorten, correct "
    "or translate what stands between the quotation marks. Where `ask` abstains, say so, and don't "
    "answer from memory in the library's name. `search` finds articles, `fetch` gives one whole."
)
MAX_BODY_BYTES = 1_000_000
"""As of the JSON interface."""
ARTICLES = "/articles/"
PLAIN_TEXT = "text/plain"
PAGE = 100
"""How many articles are listed at a time."""
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
UNEXPECTED = "An unexpected error; the server's log has the details."

Result = TypeVar("Result")

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Tool:
    """Describe a tool; `run` answers a call whose arguments are valid."""

    name: str
    title: str
    description: str
    takes: type[BaseModel]
    returns: type[BaseModel]
    run: Callable[[Any, Answerer, Links], types.CallToolResult]

    def describe(self) -> types.Tool:
        """Return what a client is told of the tool."""
        return types.Tool(
            name=self.name,
            title=self.title,
            description=self.description,
            input_schema=self.takes.model_json_schema(),
            output_schema=self.returns.model_json_schema(mode="serialization"),
            annotations=types.ToolAnnotations(
                title=self.title,
                read_only_hint=True,
                destructive_hint=False,
                idempotent_hint=True,
                open_world_hint=False,
            ),
        )


def _ask(asked: AskInput, answerer: Answerer, links: Links) -> types.CallToolResult:
    today = date.today()
    earlier = read_earlier(asked.history)
    language = asked.language or guess_language(asked.question, earlier)
    question = read_question(asked.question, language, asked.filters.to_filter(), today)
    answer = answer_in_turn(answerer, question, earlier, today)
    written = join_paragraphs(write_answer([answer], links))
    output = AskOutput.of(answer, written.markers, links)
    if answer.remark:
        return _make_result(written.text, output)
    messages = load_messages(question.language)
    advice = messages.text("mcp.keep" if written.markers else "mcp.abstained")
    return _make_result(f"{advice}{SEPARATOR}{written.text}", output)


def _search(asked: SearchInput, answerer: Answerer, links: Links) -> types.CallToolResult:
    found = answerer.find(read_question(asked.query, today=date.today()))
    article_ids = dict.fromkeys(scored.passage.article_id for scored in found.passages)
    articles = (answerer.store.article(article_id) for article_id in article_ids)
    output = SearchOutput.of([each for each in articles if each], links)
    return _make_result(output.model_dump_json(), output)


def _fetch(asked: FetchInput, answerer: Answerer, links: Links) -> types.CallToolResult:
    article = answerer.store.article(asked.id)
    if article is None:
        return _refuse(f"The library has no article {asked.id!r}; `search` gives the ids it has.")
    output = FetchOutput.of(article, links)
    return _make_result(output.model_dump_json(), output)


def _make_result(text: str, output: BaseModel) -> types.CallToolResult:
    return types.CallToolResult(
        content=[types.TextContent(text=text)], structured_content=output.model_dump(mode="json")
    )


def _refuse(reason: str) -> types.CallToolResult:
    """Return an error that a model may read, and ask again better."""
    return types.CallToolResult(content=[types.TextContent(text=reason)], is_error=True)


TOOLS = (
    Tool(
        "ask",
        "Ask the library",
        "Answer a question with exact quotes from the library, each with its source, or say that "
        "the library holds no answer and why. Quotes are to be passed on to the letter.",
        AskInput,
        AskOutput,
        _ask,
    ),
    Tool(
        "search",
        "Search the library",
        "Find the articles that have most to do with a question or key words. It ranks, and finds "
        "something for anything: whether the library answers a question is for `ask` to say.",
        SearchInput,
        SearchOutput,
        _search,
    ),
    Tool(
        "fetch",
        "Fetch an article",
        "Return an article whole, by the id that `search` or a quote gives.",
        FetchInput,
        FetchOutput,
        _fetch,
    ),
)


def make_mcp_server(get_answerer: Callable[[], Answerer], links: Links) -> Server[Any]:
    """Return the server of the tools; `get_answerer` is called in a thread, for each call."""

    async def list_tools(
        context: ServerRequestContext[Any], params: types.PaginatedRequestParams | None
    ) -> types.ListToolsResult:
        return types.ListToolsResult(tools=[tool.describe() for tool in TOOLS])

    async def call_tool(
        context: ServerRequestContext[Any], params: types.CallToolRequestParams
    ) -> types.CallToolResult:
        tool = next((each for each in TOOLS if each.name == params.name), None)
        if tool is None:
            raise MCPError(types.INVALID_PARAMS, f"There is no tool {params.name!r}.")
        return await _run(_call_tool, tool, params.arguments or {}, get_answerer, links)

    async def list_resources(
        context: ServerRequestContext[Any], params: types.PaginatedRequestParams | None
    ) -> types.ListResourcesResult:
        return await _run(_list_resources, get_answerer, params.cursor if params else None)

    async def list_templates(
        context: ServerRequestContext[Any], params: types.PaginatedRequestParams | None
    ) -> types.ListResourceTemplatesResult:
        template = types.ResourceTemplate(
            uri_template=f"{NO_SITE}{ARTICLES}{{id}}", name="article", mime_type=PLAIN_TEXT
        )
        return types.ListResourceTemplatesResult(resource_templates=[template])

    async def read_resource(
        context: ServerRequestContext[Any], params: types.ReadResourceRequestParams
    ) -> types.ReadResourceResult:
        return await _run(_read_resource, get_answerer, params.uri)

    return Server(
        "massilia",
        title="Massilia",
        version=version("massilia"),
        instructions=INSTRUCTIONS,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
        on_list_resources=list_resources,
        on_list_resource_templates=list_templates,
        on_read_resource=read_resource,
    )


async def _run(action: Callable[..., Result], *arguments: object) -> Result:
    """Do in a thread what takes its time; what fails is an error of the protocol."""

    def act() -> Result:
        try:
            return action(*arguments)
        except MCPError:
            raise
        except MassiliaError as error:
            raise MCPError(types.INTERNAL_ERROR, str(error)) from error
        except Exception as error:
            # Left to the package, its text would be sent to the client.
            _LOGGER.exception("%s failed", action.__name__)
            raise MCPError(types.INTERNAL_ERROR, UNEXPECTED) from error

    return await anyio.to_thread.run_sync(act)


def _call_tool(
    tool: Tool, arguments: dict[str, Any], get_answerer: Callable[[], Answerer], links: Links
) -> types.CallToolResult:
    try:
        return tool.run(tool.takes.model_validate(arguments), get_answerer(), links)
    except ValidationError as error:
        faults = (
            f"{'.'.join(map(str, each['loc'])) or 'arguments'}: {each['msg']}"
            for each in error.errors()
        )
        return _refuse("; ".join(faults))
    except MassiliaError as error:
        return _refuse(str(error))


def _list_resources(
    get_answerer: Callable[[], Answerer], cursor: str | None
) -> types.ListResourcesResult:
    """Return the articles after the one that `cursor` names, in the order of the ids."""
    entries = [each for each in get_answerer().store.entries() if each.id > (cursor or "")]
    listed = entries[:PAGE]
    return types.ListResourcesResult(
        resources=[
            types.Resource(
                uri=Links(NO_SITE).find_article(each.id, None),
                name=each.id,
                title=each.title,
                mime_type=PLAIN_TEXT,
            )
            for each in listed
        ],
        next_cursor=listed[-1].id if len(entries) > PAGE else None,
    )


def _read_resource(get_answerer: Callable[[], Answerer], uri: str) -> types.ReadResourceResult:
    """Return the text of the article at an address of ours, wherever in it the address leads."""
    path = uri.partition("?")[0].partition("#")[0].removeprefix(NO_SITE)
    article_id = unquote(path.removeprefix(ARTICLES))
    article = get_answerer().store.article(article_id)
    if article is None or uri == path or path == article_id:
        raise MCPError(types.INVALID_PARAMS, f"The library has nothing at {uri!r}.", {"uri": uri})
    contents = types.TextResourceContents(uri=uri, mime_type=PLAIN_TEXT, text=article.text)
    return types.ReadResourceResult(contents=[contents])


async def serve_request(
    answerer: Answerer, origins: Iterable[str], scope: Scope, receive: Receive, send: Send
) -> None:
    """Answer one request over HTTP; nothing is kept of it (the transport's stateless mode).

    What the Host header names must be this machine, the address that the request came in at, or the
    host of one of `origins`; so must an Origin. A page that has its own name lead here (DNS
    rebinding) gets 421. With the origin "*" whoever asks is answered.
    """
    manager = StreamableHTTPSessionManager(
        make_mcp_server(lambda: answerer, Links(read_site(scope))),
        json_response=True,
        stateless=True,
        security_settings=_name_hosts(scope, set(origins)),
        max_request_body_size=MAX_BODY_BYTES,
    )
    async with manager.run():
        await manager.handle_request(scope, receive, send)


def _name_hosts(scope: Scope, origins: set[str]) -> TransportSecuritySettings:
    if "*" in origins:
        return TransportSecuritySettings(enable_dns_rebinding_protection=False)
    names = set(LOOPBACK)
    if server := scope.get("server"):
        names.add(f"[{server[0]}]" if ":" in server[0] else server[0])
    hosts = [*names, *(f"{name}:*" for name in names)]
    return TransportSecuritySettings(
        allowed_hosts=[*hosts, *(origin.partition("://")[2] for origin in origins)],
        allowed_origins=[*origins, *(f"{scope['scheme']}://{host}" for host in hosts)],
    )


def run_mcp(open_answerer: Callable[[], AbstractContextManager[Answerer]], links: Links) -> None:
    """Serve one client over standard input and output, until it closes them or SIGTERM comes.

    The library is opened meanwhile: the first time that takes minutes, longer than clients wait
    for a server to introduce itself. Calls wait for it, and tell what is wrong with it.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _leave)
    with _LateAnswerer(open_answerer) as late:
        try:
            anyio.run(_serve_stdio, make_mcp_server(late.get, links))
        except* BrokenPipeError:
            # The client is gone, and there is nobody to tell.
            pass


async def _serve_stdio(server: Server[Any]) -> None:
    async with stdio_server() as (incoming, outgoing):
        await server.run(incoming, outgoing, server.create_initialization_options())


def _leave(number: int, frame: FrameType | None) -> None:
    # A thread that waits for a line can't be told to stop, and would be waited for; what it reads
    # is a pipe that only the client can close. Nothing of a library that is read is left half done,
    # and a build that is stopped leaves the library as it was.
    os._exit(0)


class _LateAnswerer:
    """Open the answerer in a thread, or when it is asked for, again where that failed before."""

    def __init__(self, open_answerer: Callable[[], AbstractContextManager[Answerer]]) -> None:
        self._open_answerer = open_answerer
        self._answerer: Answerer | None = None
        self._opened = ExitStack()
        self._opening = Lock()
        self._thread = Thread(target=self._open_early)

    def __enter__(self) -> "_LateAnswerer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.join()
        self._opened.close()

    def get(self) -> Answerer:
        """Return the answerer, opened by now; raises `MassiliaError` where it can't be."""
        with self._opening:
            if self._answerer is None:
                self._answerer = self._opened.enter_context(self._open_answerer())
            return self._answerer

    def _open_early(self) -> None:
        try:
            self.get()
        except MassiliaError as error:
            click.echo(f"Error: {error}", err=True)
