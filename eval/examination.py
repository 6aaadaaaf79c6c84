"""Examinations: what is asked of what, and with which way of finding."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from importlib.metadata import version
from pathlib import Path

from massilia.corpus.article import Language
from massilia.corpus.errors import MassiliaError
from massilia.eval.citations import serve_reader
from massilia.eval.cold_start import ColdStart, measure_cold_start
from massilia.eval.dataset import Dataset
from massilia.eval.question_set import ExpectedAnswer, read_question_set
from massilia.eval.run import restrict_expected, run_questions
from massilia.eval.run_file import (
    FORMAT,
    Run,
    Setup,
    describe_machine,
    list_passages,
    name_passage,
    seal_data,
)
from massilia.eval.temporary_library import list_articles, open_temporary_library
from massilia.eval.trec import read_topics
from massilia.index.errors import OutdatedError
from massilia.index.ranker import RankerName
from massilia.service.answerer import Answerer
from massilia.service.cli import open_answerer, open_library, prepare_encoder
from massilia.service.progress import show_progress
from massilia.service.question import MAX_CHARACTERS
from massilia.service.settings import Settings


@dataclass(frozen=True, slots=True)
class Examination:
    """Put questions to a library, with a way of ranking, and keep all that came of them.

    Given `only`, the library is taken to hold nothing but its articles in that language. Relative
    dates are counted from `today`; without it, questions have none.
    """

    settings: Settings
    retriever: RankerName
    only: Language | None
    today: date | None = None

    def run_question_set(self, path: Path) -> Run:
        """Ask the questions of our own format of the library that the settings name.

        Raises `QuestionSetError`, which names every fault, before anything is asked.
        """
        # Before a library is opened, or even built, for a file with faults.
        read_question_set(path)
        with self._open_answerer() as answerer:
            articles = list_articles(answerer.store)
            lengths = {article.id: len(article.text) for article in articles}
            return self._ask(answerer, path.name, read_question_set(path, lengths), 0)

    def run_topics(self, topics: Path, qrels: Path, language: Language | None) -> Run:
        """Ask TREC topics of the library that the settings name.

        Raises `DatasetError`, which names every fault, before anything is asked.
        """
        read_topics(topics, qrels, language)
        with self._open_answerer() as answerer:
            known = {entry.id for entry in answerer.store.entries()}
            return self._ask(answerer, topics.name, read_topics(topics, qrels, language, known), 0)

    def run_dataset(self, dataset: Dataset, folder: Path | None) -> Run:
        """Ask a data set's questions of its own articles, in a library that is made for them.

        The library is kept in `folder` if one is given.
        """
        encoder = prepare_encoder(self.settings)
        with open_temporary_library(dataset.articles, encoder, folder) as library:
            answerer = Answerer(library, encoder, self.retriever)
            return self._ask(answerer, dataset.name, dataset.questions, dataset.unjudged)

    @contextmanager
    def _open_answerer(self) -> Iterator[Answerer]:
        encoder = prepare_encoder(self.settings)
        with open_library(self.settings) as library:
            try:
                generation = library.generation()
            except OutdatedError:
                generation = None
            built_with = generation and generation.manifest.encoder_fingerprint
            articles = list_articles(library.store)
        if built_with is None or built_with == encoder.fingerprint:
            with open_answerer(self.settings, self.retriever) as answerer:
                yield answerer
            return
        # The library is left as it is: another encoder is tried on a copy.
        with open_temporary_library(articles, encoder) as library:
            yield Answerer(library, encoder, self.retriever)

    def _ask(
        self,
        answerer: Answerer,
        name: str,
        questions: Sequence[ExpectedAnswer],
        unjudged: int,
    ) -> Run:
        entries = answerer.store.entries()
        languages = {entry.id: entry.language for entry in entries}
        asked = list(questions)
        if self.only is not None:
            restricted = (restrict_expected(each, self.only, languages) for each in questions)
            asked = [each for each in restricted if each is not None]
            unjudged += len(questions) - len(asked)
            entries = [entry for entry in entries if entry.language is self.only]
        if not asked:
            raise MassiliaError(f"{name}: no question is left to be asked in that language.")
        answerer.check()
        with serve_reader(answerer) as pages, show_progress("Asking", len(asked)) as advance:
            outcomes = run_questions(
                # An earlier turn that has no answer in that language is still followed.
                answerer,
                asked,
                pages,
                self.only,
                advance,
                today=self.today,
                context=questions,
            )
        passages = {}
        for place in list_passages(outcomes):
            article = answerer.store.article(place.article_id)
            assert article is not None
            passages[name_passage(place)] = article.text[place.start : place.end]
        spoken = {entry.language for entry in entries}
        return Run(
            format=FORMAT,
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            data=seal_data(name, asked, entries, unjudged),
            setup=self._describe(answerer),
            corpus_language=spoken.pop() if len(spoken) == 1 else None,
            cold_start=self._measure_cold_start(answerer, asked),
            outcomes=outcomes.whole,
            directions=dict(outcomes.directions),
            passages=passages,
        )

    def _describe(self, answerer: Answerer) -> Setup:
        encoder = prepare_encoder(self.settings)
        generation = answerer.library.generation()
        processor, cores, python = describe_machine()
        return Setup(
            version=version("massilia"),
            retriever=self.retriever,
            encoder=encoder.name,
            encoder_fingerprint=encoder.fingerprint,
            generation_id=generation.id if generation else None,
            processor=processor,
            cores=cores,
            python=python,
            today=self.today,
        )

    def _measure_cold_start(
        self, answerer: Answerer, questions: Sequence[ExpectedAnswer]
    ) -> ColdStart | None:
        """Measure what the service does by default: nothing else has a command to start."""
        short = [each for each in questions if len(each.question) <= MAX_CHARACTERS]
        if self.retriever is not RankerName.DEFAULT or not short:
            return None
        first = short[0]
        return measure_cold_start(
            answerer.library.path, first.question, first.language, self.settings.encoder
        )
