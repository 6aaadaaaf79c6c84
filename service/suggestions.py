"""Questions to suggest: of a list and of the articles' titles, those that the library answers."""

import random
import re
import threading
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from typing import Final

import numpy as np

from massilia.corpus.article import Language
from massilia.corpus.errors import MassiliaError
from massilia.index.encoder import Vectors
from massilia.index.generation import current_generation_id
from massilia.service.answer import Answer, Bucket, Citation
from massilia.service.answerer import Answerer
from massilia.service.composition import compose_answer
from massilia.service.negation import asks_for_what_is_not
from massilia.service.question import QuestionError, read_question
from massilia.service.question_check import check_question
from massilia.service.question_parts import split_questions
from massilia.service.title_question import ask_about
from massilia.service.written_dates import fold

LIST = "suggestions.toml"
SURE: Final = frozenset([Bucket.HIGH, Bucket.VERY_HIGH])
"""How sure an answer must be for its question to be suggested."""
MOST_TITLES = 200
"""Of how many articles the titles are made into questions, whatever the size of the library: each
question that is tried costs as much as one that is asked."""
SUGGESTED = 4
RELATED = 3
RELATED_ARTICLES = 4
STOP_SECONDS = 5.0
"""How long the end of a server waits for the question that is being tried."""


@dataclass(frozen=True, slots=True)
class Idea:
    """Hold a question that might be suggested, and whether it is from the list or from a title."""

    text: str
    language: Language
    listed: bool


@dataclass(frozen=True, slots=True, eq=False)
class Suggestion:
    """Hold a question that the library answers, its vector, and the first quote's citation.

    `work` is what the article quoted has in common with its translations.
    """

    idea: Idea
    vector: Vectors
    quoted: Citation
    work: str


@dataclass(frozen=True, slots=True)
class Choice:
    """Hold the suggestions that were chosen of a generation, None before the first."""

    generation_id: str | None = None
    suggestions: tuple[Suggestion, ...] = ()


class Suggestions:
    """Suggest questions that a library answers; safe to use from several threads.

    They are chosen of `ideas`, those of the list unless others are given, and of the articles'
    titles: while `running`, in a thread. Until that is done there are none, and nobody waits.
    """

    def __init__(self, answerer: Answerer, ideas: Sequence[Idea] | None = None) -> None:
        self._answerer = answerer
        self._ideas = read_ideas() if ideas is None else ideas
        self._choice = Choice()
        self._wanted = threading.Event()
        self._stopping = threading.Event()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Choose suggestions in a thread, and again when they are asked for of a new generation."""
        self._stopping.clear()
        self._wanted.set()
        thread = threading.Thread(target=self._follow, name="suggestions", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._stopping.set()
            self._wanted.set()
            thread.join(STOP_SECONDS)

    def choose(self) -> None:
        """Choose suggestions of the generation that answers now, unless they have been.

        Raises `LibraryError` when the library can't be read.
        """
        generation_id = self._current_id()
        if generation_id in (None, self._choice.generation_id):
            return
        entries = self._answerer.store.entries()
        works = {entry.id: entry.translation_of or entry.id for entry in entries}
        # By their hashes: any of them, but the same ones each time.
        entries.sort(key=lambda entry: (entry.text_sha256, entry.id))
        drawn = self._draw_from_titles([entry.id for entry in entries[:MOST_TITLES]])
        chosen: dict[tuple[Language, tuple[str, int, int]], Suggestion] = {}
        today = date.today()
        for idea in (*self._ideas, *drawn):
            if self._stopping.is_set():
                return
            if self._current_id() != generation_id:
                self._wanted.set()
                return
            suggestion = self._try(idea, today, works)
            if suggestion is not None:
                # Of two questions that the same sentence answers, the listed one.
                chosen.setdefault((idea.language, _place(suggestion.quoted)), suggestion)
        self._choice = Choice(generation_id, tuple(chosen.values()))

    def suggest(self, language: Language, day: date, count: int = SUGGESTED) -> tuple[str, ...]:
        """Return up to `count` questions, of as many articles as can be; others on another day."""
        offered = self._offer(language)
        random.Random(f"{day.isoformat()} {language}").shuffle(offered)
        offered.sort(key=lambda each: not each.idea.listed)
        of_work: Counter[str] = Counter()
        turns = []
        for suggestion in offered:
            turns.append(of_work[suggestion.work])
            of_work[suggestion.work] += 1
        order = sorted(range(len(offered)), key=turns.__getitem__)
        return self._take((offered[row] for row in order), count)

    def relate(self, answer: Answer, count: int = RELATED) -> tuple[str, ...]:
        """Return up to `count` questions near the one answered, which other sentences answer.

        They are answered by the articles that were found first for it, `RELATED_ARTICLES` of them:
        what is merely nearest may have nothing to do with it. There are none for an abstention that
        nothing comes near.
        """
        encoded = answer.encoded
        if encoded is None or not (answer.quotes or answer.near):
            return ()
        works = self._find_works(answer.ranked_article_ids[:RELATED_ARTICLES])
        offered = [each for each in self._offer(answer.question.language) if each.work in works]
        if not offered:
            return ()
        similarities = np.stack([each.vector for each in offered]) @ encoded.vector
        asked = _simplify(answer.question.text)
        said = {_place(quote.citation) for quote in answer.quotes}
        others = (
            offered[row]
            for row in np.argsort(-similarities, kind="stable").tolist()
            if _simplify(offered[row].idea.text) != asked
            and _place(offered[row].quoted) not in said
        )
        return self._take(others, count)

    def _find_works(self, article_ids: Sequence[str]) -> set[str]:
        with suppress(MassiliaError):
            return {work for work, _ in self._answerer.store.works(article_ids).values()}
        return set()

    def _offer(self, language: Language) -> list[Suggestion]:
        """Return what was chosen of the generation that answers now; otherwise have it chosen."""
        choice = self._choice
        with suppress(MassiliaError):
            if choice.generation_id == self._current_id():
                return [each for each in choice.suggestions if each.idea.language is language]
            self._wanted.set()
        return []

    def _take(self, suggestions: Iterable[Suggestion], count: int) -> tuple[str, ...]:
        taken: list[str] = []
        with suppress(MassiliaError):
            for suggestion in suggestions:
                if len(taken) == count:
                    break
                if self._stands(suggestion.quoted):
                    taken.append(suggestion.idea.text)
        return tuple(taken)

    def _stands(self, quoted: Citation) -> bool:
        # An article may be removed or replaced long before the next build.
        article = self._answerer.store.article(quoted.article_id)
        return article is not None and article.text_sha256 == quoted.text_sha256

    def _follow(self) -> None:
        while self._wanted.wait() and not self._stopping.is_set():
            self._wanted.clear()
            # A library that can't be read: who asks it a question is told so.
            with suppress(MassiliaError):
                self.choose()

    def _draw_from_titles(self, article_ids: Sequence[str]) -> Iterator[Idea]:
        for article_id in article_ids:
            article = self._answerer.store.article(article_id)
            if article is not None and (text := ask_about(article)):
                yield Idea(text, article.language, listed=False)

    def _try(self, idea: Idea, today: date, works: dict[str, str]) -> Suggestion | None:
        if not _is_answered_as_found(idea.text):
            return None
        try:
            # As the page asks it.
            finding = self._answerer.find(read_question(idea.text, idea.language, today=today))
        except QuestionError:
            return None
        answer = compose_answer(finding)
        if answer.abstained or answer.confidence.bucket not in SURE or finding.encoded is None:
            return None
        quoted = answer.quotes[0].citation
        work = works.get(quoted.article_id, quoted.article_id)
        return Suggestion(idea, finding.encoded.vector, quoted, work)

    def _current_id(self) -> str | None:
        return current_generation_id(self._answerer.library.path)


def read_ideas() -> tuple[Idea, ...]:
    """Return the questions of the list."""
    listed = tomllib.loads(files("massilia.service").joinpath(LIST).read_text(encoding="utf-8"))
    return tuple(
        Idea(text, language, listed=True) for language in Language for text in listed[language]
    )


def _is_answered_as_found(text: str) -> bool:
    """Tell whether its answer is composed of one finding, which gives its vector too."""
    return not (
        check_question(text) or len(split_questions(text)) > 1 or asks_for_what_is_not(text)
    )


def _place(citation: Citation) -> tuple[str, int, int]:
    return citation.article_id, citation.start, citation.end


def _simplify(question: str) -> tuple[str, ...]:
    return tuple(re.findall(r"\w+", fold(question)))
