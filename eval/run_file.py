"""Run files: all that came of a run, with what it was run on, as JSON."""

import hashlib
import json
import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from massilia.corpus.article import Language
from massilia.corpus.errors import MassiliaError
from massilia.eval.cold_start import ColdStart
from massilia.eval.question_set import ExpectedAnswer
from massilia.eval.run import Outcome, Outcomes, PassagePlace
from massilia.index.store import ArticleEntry

FORMAT = 2
"""Raised when what a run file holds changes its meaning."""


class RunFileError(MassiliaError):
    """A run file can't be read."""


@dataclass(frozen=True, slots=True)
class Data:
    """Name the questions and the articles of a run, and seal them with hashes.

    `unjudged` counts questions of the data set that weren't asked, since nothing is judged for
    them.
    """

    name: str
    questions: int
    questions_sha256: str
    articles: int
    articles_sha256: str
    unjudged: int = 0


@dataclass(frozen=True, slots=True)
class Setup:
    """Say what answered, and on which machine.

    `today` is the day that questions were asked on, as far as they knew: relative dates are counted
    from it. None where no dates were read.
    """

    version: str
    retriever: str
    encoder: str
    encoder_fingerprint: str
    generation_id: str | None
    processor: str
    cores: int
    python: str
    today: date | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """Hold a run: what was asked of what, and every outcome.

    `corpus_language` is that of all the articles that were searched, if they are in one.
    `passages` holds the texts of the passages that outcomes name, under `name_passage`.
    `cold_start` is None where it wasn't measured.
    """

    format: int
    created: str
    data: Data
    setup: Setup
    corpus_language: Language | None
    cold_start: ColdStart | None
    outcomes: tuple[Outcome, ...]
    directions: dict[str, tuple[Outcome, ...]]
    passages: dict[str, str]


_RUN = TypeAdapter(Run)


def seal_data(
    name: str,
    questions: Sequence[ExpectedAnswer],
    articles: Iterable[ArticleEntry],
    unjudged: int = 0,
) -> Data:
    """Return the hashes of what is asked, with all that is expected, and of what it is asked of."""
    asked = json.dumps([asdict(question) for question in questions], sort_keys=True)
    texts = sorted((each.id, each.language, each.text_sha256) for each in articles)
    return Data(
        name=name,
        questions=len(questions),
        questions_sha256=_hash(asked),
        articles=len(texts),
        articles_sha256=_hash(json.dumps(texts)),
        unjudged=unjudged,
    )


def describe_machine() -> tuple[str, int, str]:
    """Return the processor's name, how many cores this process may use, and Python's version."""
    return _name_processor(), len(os.sched_getaffinity(0)), platform.python_version()


def name_passage(place: PassagePlace) -> str:
    """Return the key of a passage's text in a run file."""
    return f"{place.article_id}:{place.start}-{place.end}"


def list_passages(outcomes: Outcomes) -> list[PassagePlace]:
    """Return every passage that the outcomes name, once."""
    every = [outcomes.whole, *outcomes.directions.values()]
    places = (place for group in every for outcome in group for place in outcome.passages)
    return list(dict.fromkeys(places))


def write_run(run: Run, path: Path, measures: Mapping[str, object]) -> None:
    """Write a run file, with its measures at the top for whoever reads it as plain JSON.

    Raises `OSError`. The file appears whole or not at all.
    """
    content = {**measures, **_RUN.dump_python(run, mode="json")}
    unfinished = path.with_name(path.name + ".part")
    try:
        with unfinished.open("w", encoding="utf-8") as file:
            json.dump(content, file, ensure_ascii=False, indent=1)
            file.write("\n")
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def read_run(path: Path) -> Run:
    """Return the run in a file that `write_run` wrote; raises `RunFileError`.

    The measures in the file are left alone: they are worked out anew from the outcomes.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RunFileError(f"{path} can't be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise RunFileError(f"{path} is not a run file: it is not valid JSON: {error}") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        found = content.get("format") if isinstance(content, dict) else type(content).__name__
        raise RunFileError(f"{path} is not a run file of format {FORMAT}: found {found!r}.")
    try:
        run = _RUN.validate_python(content)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise RunFileError(
            f"{path} is not a run file: fault 1 of {error.error_count()}, at {place}: "
            f"{first['msg']}."
        ) from error
    if not run.outcomes:
        raise RunFileError(f"{path} is an empty run: it holds no question.")
    return run


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def _name_processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())
