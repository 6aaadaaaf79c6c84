"""The command line, and the one place where settings become a library and an answerer."""

import os
import socket
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, partial
from ipaddress import ip_address
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NoReturn

import click

from massilia.corpus.article import Language
from massilia.corpus.errors import MassiliaError
from massilia.index.change import Outcome
from massilia.index.encoder import Advance, Encoder, ModelError, TokenEncoder
from massilia.index.engine import LOCAL, Engine
from massilia.index.filter import Filter
from massilia.index.library import Library
from massilia.index.packaged_model import NAME
from massilia.index.ranker import RankerName
from massilia.index.store import Store
from massilia.service.answerer import MAX_TOP_K, Answerer
from massilia.service.composition import MAX_QUOTES
from massilia.service.dialogue import answer_in_turn, guess_language
from massilia.service.earlier import read_earlier
from massilia.service.filters import check_filter
from massilia.service.messages import load_messages
from massilia.service.printing import print_answer, print_articles, print_ingested
from massilia.service.progress import show_progress, show_progress_if_any
from massilia.service.question import read_question
from massilia.service.settings import LIBRARY_VARIABLE, Settings

SOME_REFUSED = 1
SOME_NOT_INTACT = 1
FAILED = 2
INTERRUPTED = 130
"""What a shell says of a program that Ctrl-C ended: 128, and the number of the signal."""

# By value: of an enumeration's members click would take the names.
_LANGUAGES = click.Choice([language.value for language in Language])
_DAY = click.DateTime(["%Y-%m-%d"])


def main() -> NoReturn:
    """Run the command line."""
    run_command_line(cli, "massilia")


def run_command_line(command: click.Command, name: str) -> NoReturn:
    """Run a command and exit; errors go to standard error, without a traceback, with status 2."""
    try:
        sys.exit(command.main(prog_name=name, standalone_mode=False))
    except click.ClickException as error:
        error.show()
    except (click.Abort, KeyboardInterrupt):
        click.echo("Stopped.", err=True)
    except MassiliaError as error:
        click.echo(f"Error: {error}", err=True)
    except UnicodeEncodeError as error:
        character = error.object[error.start]
        click.echo(
            f"Error: the output's encoding, {error.encoding}, has no {character!a}; "
            "set PYTHONIOENCODING=utf-8.",
            err=True,
        )
    except OSError as error:
        click.echo(f"Error: {error.filename or 'output'}: {error.strerror or error}", err=True)
    sys.exit(FAILED)


@dataclass(frozen=True, slots=True)
class Place:
    """Carry the command line's say on where the library is."""

    library: Path | None = None


def library_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the option `--library`."""
    return click.option(
        "--library",
        type=click.Path(path_type=Path),
        help=f"Folder of the library. Default: ${LIBRARY_VARIABLE}, or the user's data folder.",
    )(command)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="massilia", prog_name="massilia")
@library_option
@click.pass_context
def cli(context: click.Context, library: Path | None) -> None:
    """Answer questions with exact, cited quotes from a library of articles."""
    context.obj = Place(library)


@cli.command()
@click.argument("inputs", nargs=-1, metavar="INPUT...")
@click.option("--corpus", is_flag=True, help="Add the articles that come with Massilia.")
@click.option("--prune", is_flag=True, help="Remove articles whose files are gone from a folder.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and change nothing.")
@click.option("--no-build", is_flag=True, help="Leave the building to a later command.")
@click.option("--json", "as_json", is_flag=True, help="Print what became of each document as JSON.")
@click.option(
    "--max-articles",
    type=click.IntRange(1),
    default=100,
    show_default=True,
    metavar="N",
    help="Read no more than so many of a feed or a sitemap.",
)
@click.option(
    "--workers",
    type=click.IntRange(1),
    metavar="N",
    help="Read documents in so many processes. Default: one a processor.",
)
@click.option(
    "--allow-loopback", is_flag=True, help="Read web addresses of this machine too (for tests)."
)
@library_option
@click.pass_obj
def ingest(
    place: Place,
    inputs: tuple[str, ...],
    corpus: bool,
    prune: bool,
    dry_run: bool,
    no_build: bool,
    as_json: bool,
    max_articles: int,
    workers: int | None,
    allow_loopback: bool,
    library: Path | None,
) -> NoReturn:
    """Add articles to the library from files, folders, patterns and web addresses.

    HTML, PDF, DOCX, Markdown, plain text, JSON lines, feeds and sitemaps are told apart by what is
    in them. INPUT is also - for standard input, or a pattern such as "press/**/*.html". What is in
    the library unchanged is left alone, and what has changed is replaced. The exit status is 1
    when some documents were refused, 2 when nothing else was done, 130 when it was interrupted.
    """
    if not inputs and not corpus:
        raise click.UsageError("Name a file, a folder or an address, or give --corpus.")
    # Imported here, as below what only some commands need: `ask` answers within a second.
    from massilia.service.ingestion import IngestOptions, ingest_inputs

    settings = _read_settings(place, library)
    options = IngestOptions(
        date.today(), prune, workers, max_articles, allow_loopback, keep_documents=as_json
    )
    try:
        with ExitStack() as stack:
            if dry_run:
                opened = stack.enter_context(_open_copy(settings))
            else:
                opened = stack.enter_context(open_library(settings, create=True))
            embedded = opened.put_embedded_corpus() if corpus else []
            ingested = ingest_inputs(opened, inputs, options, show_progress)
            if not no_build and not dry_run:
                _build_if_needed(opened, settings)
    except KeyboardInterrupt:
        click.echo("Stopped.", err=True)
        sys.exit(INTERRUPTED)
    ingested.changes[:0] = embedded
    print_ingested(ingested, as_json)
    changes = ingested.changes
    refused = sum(change.outcome is Outcome.REFUSED for change in changes)
    if not refused and changes:
        sys.exit(0)
    sys.exit(SOME_REFUSED if refused < len(changes) else FAILED)


@contextmanager
def _open_copy(settings: Settings) -> Iterator[Library]:
    """Open a copy of the library that is thrown away, or an empty one where there is none."""
    with TemporaryDirectory() as folder:
        copy = Path(folder)
        store = Store(settings.library)
        if store.path.exists():
            with closing(store):
                # As it is: opening it would bring one of an earlier version up to date.
                store.copy_to(copy)
        with closing(Library.create(copy)) as library:
            yield library


@cli.command()
@click.argument("article_ids", nargs=-1, required=True, metavar="ID...")
@click.option("--no-build", is_flag=True, help="Leave the building to a later command.")
@library_option
@click.pass_obj
def remove(
    place: Place, article_ids: tuple[str, ...], no_build: bool, library: Path | None
) -> None:
    """Delete articles from the library; they can't be quoted from then on."""
    settings = _read_settings(place, library)
    with open_library(settings) as opened:
        missing = opened.remove(article_ids)
        for article_id in article_ids:
            if article_id not in missing:
                click.echo(f"removed    {article_id}")
        if not no_build and len(missing) < len(article_ids):
            _build_if_needed(opened, settings)
    if missing:
        raise MassiliaError(f"The library {settings.library} has no {', '.join(missing)}.")


@cli.command()
@click.option(
    "--workers",
    type=click.IntRange(1),
    metavar="N",
    help="Encode in so many processes, through Ray; one a machine is enough.",
)
@click.option(
    "--ray", "address", metavar="HOST:PORT", help="Spread them over the machines of a Ray cluster."
)
@library_option
@click.pass_obj
def build(place: Place, workers: int | None, address: str | None, library: Path | None) -> None:
    """Build a new generation of the library from its articles, and switch to it."""
    if address and workers is None:
        raise click.UsageError("--ray needs --workers.")
    settings = _read_settings(place, library)
    with open_library(settings) as opened:
        if workers is None:
            build_library(opened, prepare_encoder(settings))
            return
        from massilia.index.parallel_encoding import open_parallel_encoder

        open_encoder = partial(_prepare_token_encoder, settings)
        with open_parallel_encoder(open_encoder, workers, address) as encoder:
            build_library(opened, encoder)


@cli.command()
@click.argument("question")
@click.option("--json", "as_json", is_flag=True, help="Print what POST /v1/answer returns.")
@click.option(
    "--language", type=_LANGUAGES, help="Language of the answer; detected where not given."
)
@click.option("--top-k", type=click.IntRange(1, MAX_TOP_K), default=MAX_QUOTES, show_default=True)
@click.option("--in", "languages", type=_LANGUAGES, multiple=True, help="Only in this language.")
@click.option("--article", "articles", metavar="ID", multiple=True, help="Only this article.")
@click.option(
    "--publisher", "publishers", metavar="NAME", multiple=True, help="Only from this one."
)
@click.option("--kind", "kinds", metavar="NAME", multiple=True, help="Only of this kind.")
@click.option(
    "--from", "published_from", type=_DAY, metavar="DATE", help="Only published from then on."
)
@click.option("--to", "published_to", type=_DAY, metavar="DATE", help="Only published by then.")
@click.option("--ignore-dates", is_flag=True, help="Make no use of dates in the question.")
@click.option(
    "--after",
    "earlier",
    metavar="QUESTION",
    multiple=True,
    help="A question asked before, which this one may lean on; the oldest first.",
)
@click.option(
    "--save",
    "receipt_file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the answer's receipt, for `massilia verify`.",
)
@library_option
@click.pass_obj
def ask(
    place: Place,
    question: str,
    as_json: bool,
    language: str | None,
    top_k: int,
    languages: tuple[str, ...],
    articles: tuple[str, ...],
    publishers: tuple[str, ...],
    kinds: tuple[str, ...],
    published_from: datetime | None,
    published_to: datetime | None,
    ignore_dates: bool,
    earlier: tuple[str, ...],
    receipt_file: Path | None,
    library: Path | None,
) -> None:
    """Answer a question with quotes, or say that the library holds no answer.

    All articles are searched, or those that meet every condition given. --in, --article,
    --publisher and --kind may be given several times; dates are written YYYY-MM-DD. So may --after,
    up to ten times: "And in 2016?" is then the question before it, asked of another year.
    """
    within = Filter(
        languages=frozenset(map(Language, languages)),
        articles=frozenset(articles),
        publishers=frozenset(publishers),
        kinds=frozenset(kinds),
        published_from=published_from.date() if published_from else None,
        published_to=published_to.date() if published_to else None,
    )
    check_filter(within)
    today = None if ignore_dates else date.today()
    turns = read_earlier(earlier)
    spoken = Language(language) if language else guess_language(question, turns)
    asked = read_question(question, spoken, within, today)
    settings = _read_settings(place, library)
    with open_answerer(settings) as answerer:
        answer = answer_in_turn(answerer, asked, turns, today, top_k)
        if receipt_file is not None:
            from massilia.service.receipt import make_receipt, write_receipt

            receipt = write_receipt(make_receipt(answer, answerer.library))
            receipt_file.write_text(receipt, encoding="utf-8")
    if as_json:
        from massilia.service.wire import AnswerJson

        click.echo(AnswerJson.of(answer).model_dump_json(indent=2))
    else:
        print_answer(answer)


@cli.command()
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(allow_dash=True), metavar="FILE..."
)
@click.option(
    "--json", "as_json", is_flag=True, help="Print what POST /v1/verify returns, a line a file."
)
@library_option
@click.pass_obj
def verify(place: Place, files: tuple[str, ...], as_json: bool, library: Path | None) -> NoReturn:
    """Tell whether quotes still stand where they stood, in the library as it is now.

    FILE is a receipt that `ask --save` wrote, an answer that `ask --json` printed, or - for one on
    standard input. The exit status is 0 when every quote is intact, 1 when some are not, 2 when a
    file can't be read as a receipt.
    """
    from massilia.service.receipt import MAX_BYTES, ReceiptError, read_receipt
    from massilia.service.verification import verify_receipt
    from massilia.service.verification_text import describe_verification

    status = 0
    with open_library(_read_settings(place, library)) as opened:
        for file in files:
            try:
                with click.open_file(file, "rb") as stream:
                    receipt = read_receipt(stream.read(MAX_BYTES + 1))
            except (ReceiptError, OSError) as error:
                reason = error.strerror if isinstance(error, OSError) else error
                click.echo(f"Error: {file}: {reason}", err=True)
                status = FAILED
                continue
            verification = verify_receipt(receipt, opened.store)
            if not verification.intact:
                status = max(status, SOME_NOT_INTACT)
            if as_json:
                from massilia.service.wire import VerificationJson

                click.echo(VerificationJson.of(verification).model_dump_json())
                continue
            named = f"{file}: " if len(files) > 1 else ""
            for line in describe_verification(verification, load_messages(receipt.language)):
                click.echo(f"{named}{line}")
    sys.exit(status)


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="Print what GET /v1/articles returns.")
@library_option
@click.pass_obj
def articles(place: Place, as_json: bool, library: Path | None) -> None:
    """List the articles of the library."""
    settings = _read_settings(place, library)
    with open_library(settings) as opened:
        entries = opened.store.entries()
    if as_json:
        from massilia.service.cursors import Page
        from massilia.service.wire_library import ArticleListJson

        page = Page(tuple(entries), len(entries), None)
        click.echo(ArticleListJson.of(page).model_dump_json(indent=2))
    else:
        print_articles(entries)


@cli.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True)
@click.option(
    "--api-keys",
    "keys_file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Hashes of the API keys that programs must send one of; `massilia key` makes them.",
)
@click.option(
    "--rate-limit",
    metavar="LIMIT",
    help='How often one client may ask, as "60/minute", or "none", as it is on loopback.',
)
@click.option(
    "--allow-origin",
    "allowed_origins",
    metavar="ORIGIN",
    multiple=True,
    help="Let scripts of this site read the JSON interface, as https://example.org; * is any.",
)
@click.option(
    "--feedback/--no-feedback",
    default=None,
    help="Keep what readers think of answers, beside the library. Default: no.",
)
@click.option(
    "--max-seconds",
    type=click.FloatRange(0, 3600, min_open=True),
    metavar="SECONDS",
    help="How long an answer may take. Default: 30.",
)
@click.option(
    "--workers",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    metavar="N",
    help="Answer in so many processes; one a processor answers most.",
)
@library_option
@click.pass_obj
def serve(
    place: Place,
    host: str,
    port: int,
    keys_file: Path | None,
    rate_limit: str | None,
    allowed_origins: tuple[str, ...],
    feedback: bool | None,
    max_seconds: float | None,
    workers: int,
    library: Path | None,
) -> None:
    """Serve the chat page and the JSON interface; prints the address when it is ready.

    What is served to other machines than this one has a rate limit of 120 requests a minute for
    each client, unless --rate-limit says otherwise. Each option may be a variable too:
    MASSILIA_API_KEYS_FILE (or MASSILIA_API_KEYS, the hashes themselves), MASSILIA_RATE_LIMIT,
    MASSILIA_ALLOW_ORIGINS, MASSILIA_FEEDBACK, MASSILIA_MAX_SECONDS.
    """
    from massilia.service.server import run_server
    from massilia.service.serving import ServingOptions

    settings = _read_settings(place, library)
    # Taken first: a port in use should not be learnt of after a long build.
    with _bind(host, port) as listener:
        options = ServingOptions.read(
            os.environ,
            loopback=ip_address(listener.getsockname()[0]).is_loopback,
            keys_file=keys_file,
            rate_limit=rate_limit,
            allowed_origins=allowed_origins,
            feedback=feedback,
            max_seconds=max_seconds,
        )
        run_server(partial(open_answerer, settings), listener, options, workers)


@cli.command("mcp")
@click.option(
    "--site",
    metavar="URL",
    help="Where `massilia serve` shows this library; citations without a publisher's address open "
    "there.",
)
@library_option
@click.pass_obj
def serve_agent(place: Place, site: str | None, library: Path | None) -> None:
    """Serve the library to an agent (Model Context Protocol) over standard input and output."""
    from massilia.service.links import NO_SITE, Links
    from massilia.service.mcp_server import run_mcp

    if site is not None and not site.startswith(("http://", "https://")):
        raise click.UsageError(f"--site {site!r} is no http or https address.")
    settings = _read_settings(place, library)
    run_mcp(lambda: open_answerer(settings), Links(site.rstrip("/") if site else NO_SITE))


@cli.command()
def key() -> None:
    """Make an API key: prints it, and its hash, which is all that a server needs to know.

    The key is for whoever is to ask, and is kept nowhere; the hash goes into the file of `serve
    --api-keys`.
    """
    from massilia.service.api_keys import hash_key, make_key

    made = make_key()
    click.echo(f"key   {made}")
    click.echo(f"hash  {hash_key(made)}")


@contextmanager
def open_answerer(
    settings: Settings, ranker: RankerName = RankerName.DEFAULT
) -> Iterator[Answerer]:
    """Open the library and the encoder, building what the default library lacks."""
    with open_library(settings) as library:
        with ThreadPoolExecutor(1) as thread:
            # Checking the library's files takes as long as opening the model, and neither holds
            # Python's lock. What this raises, what follows raises again.
            thread.submit(library.generation)
            encoder = prepare_encoder(settings)
        answerer = Answerer(library, encoder, ranker)
        if not settings.named and not library.is_built(encoder):
            build_library(library, encoder)
        answerer.check()
        if not library.is_built():
            click.echo(
                "Articles have changed since the library was built; `massilia build` brings "
                "it up to date.",
                err=True,
            )
        yield answerer


@contextmanager
def open_library(settings: Settings, create: bool = False) -> Iterator[Library]:
    """Open the library of the settings, filling the default one from the embedded corpus."""
    engine = _choose_engine(settings)
    library = (
        Library.create(settings.library, engine)
        if create or not settings.named
        else Library.open(settings.library, engine)
    )
    try:
        if not settings.named and not library.holds_embedded_corpus():
            library.put_embedded_corpus()
            build_library(library, prepare_encoder(settings))
        yield library
    finally:
        library.close()


def _choose_engine(settings: Settings) -> Engine:
    if settings.milvus is None:
        return LOCAL
    from massilia.index.milvus_engine import MilvusEngine

    return MilvusEngine(settings.milvus)


def prepare_encoder(settings: Settings) -> Encoder:
    """Open the encoder of the settings, converting the packaged one the first time."""
    return _open_encoder(settings.encoder, settings.cache)


def _prepare_token_encoder(settings: Settings) -> TokenEncoder:
    encoder = prepare_encoder(settings)
    if not isinstance(encoder, TokenEncoder):
        raise ModelError(
            f"The model {encoder.name!r} has no vectors of tokens: leave out --workers."
        )
    return encoder


@cache
def _open_encoder(name: str | None, folder: Path) -> Encoder:
    # Imported here: torch takes seconds to load, onnxruntime a tenth of one, and `--help` or
    # `articles` need neither.
    if name is None or name == NAME:
        from massilia.index.onnx_encoder import open_onnx_encoder

        with show_progress_if_any("Preparing the encoder (once)") as progress:
            return open_onnx_encoder(folder, progress)
    from massilia.index.sentence_encoder import open_encoder

    return open_encoder(name, folder)


def _build_if_needed(library: Library, settings: Settings) -> None:
    if not library.is_built():
        build_library(library, prepare_encoder(settings))


def build_library(library: Library, encoder: Encoder) -> None:
    """Build a generation, showing how far the encoding has come, and tell what was built."""

    def progress(total: int) -> AbstractContextManager[Advance]:
        return show_progress("Encoding the library", total)

    manifest = library.build(encoder, progress)
    click.echo(
        f"Built {manifest.id}: {manifest.passages} passages, {manifest.sentences} sentences.",
        err=True,
    )


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio turns Nagle's algorithm off only where a socket says that it is TCP: with it, each
    # answer waits 40 ms for the client's acknowledgement of its head.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        # Until one of them listens, Linux lets two processes bind the same port.
        listener.listen()
    except (OSError, TypeError) as error:
        # A name that IDNA can't encode is a TypeError.
        listener.close()
        reason = (isinstance(error, OSError) and error.strerror) or error
        raise MassiliaError(f"Can't listen on {host}:{port}: {reason}.") from error
    return listener


def _read_settings(place: Place, library: Path | None) -> Settings:
    return Settings.read(os.environ, library or place.library)
