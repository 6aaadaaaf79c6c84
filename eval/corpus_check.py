"""What is wrong with a corpus: its articles, their sources, and the questions asked of them."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from massilia.corpus.article import Article, Language
from massilia.corpus.errors import ArticleError
from massilia.corpus.markdown import list_links
from massilia.corpus.sources import FILE_NAME, read_catalogue
from massilia.eval.figures import find_figures
from massilia.eval.overlap import find_runs, list_runs, measure_overlap
from massilia.eval.question_set import ExpectedAnswer, QuestionSetError, read_question_set
from massilia.ingest.documents import read_article
from massilia.ingest.sentences import split_sentences

FEWEST_WORDS = 350
MOST_WORDS = 900
RUN_WORDS = 8
VALIDATION = "validation"
TUNED_ON = frozenset({"dev", VALIDATION})
"""The sets that rules and coefficients may be fitted on; their topics may not be tested on."""
"""As many words in a row that a text shares with another are called copied."""
_MARK = re.compile(r"\[\^[^\]\s]+\]")


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """Name the file, line and sentence (or question) of a fault, and the reason."""

    file: str
    line: int | None
    reason: str
    sentence: str = ""

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}, line {self.line}"
        return f"{place}: {self.reason}" + (f": {self.sentence}" if self.sentence else "")


@dataclass(frozen=True, slots=True)
class CheckedSentence:
    """Hold a sentence with the sources marked behind it."""

    text: str
    source_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CheckedArticle:
    """Hold an article with its sentences, and its file to find lines in."""

    article: Article
    path: Path
    sentences: tuple[CheckedSentence, ...]

    def fault(self, reason: str, sentence: str = "", line: int | None = None) -> Fault:
        """Place a fault at a line of the file, or where the sentence stands in it."""
        if line is None and sentence:
            line = self._find_line(sentence)
        return Fault(f"{self.path.parent.name}/{self.path.name}", line, reason, sentence)

    def _find_line(self, sentence: str) -> int | None:
        lines = self.path.read_text(encoding="utf-8").split("\n")
        for number, line in enumerate(lines, start=1):
            if sentence in _MARK.sub("", line):
                return number
        return None


@dataclass(frozen=True, slots=True)
class CorpusReport:
    """Hold what a corpus holds, and all that is wrong with it."""

    articles: tuple[CheckedArticle, ...]
    questions: Mapping[str, tuple[ExpectedAnswer, ...]]
    faults: tuple[Fault, ...]

    def topics(self) -> dict[str, list[CheckedArticle]]:
        """Return the articles by topic, which an article and its translations share."""
        ids = {checked.article.translation_of: checked.article.id for checked in self.articles}
        topics: dict[str, list[CheckedArticle]] = defaultdict(list)
        for checked in self.articles:
            article = checked.article
            # The questions call a topic by its English article.
            english = article.id if article.translation_of else ids.get(article.id, article.id)
            topics[english.removesuffix(f"-{Language.ENGLISH}")].append(checked)
        return dict(topics)

    def measure_overlaps(self) -> list[float]:
        """Return the share of content words of each question that its gold sentence holds.

        Of several gold sentences in the question's language the nearest counts; follow-ups, which
        leave their subject unsaid, don't.
        """
        texts = {checked.article.id: checked.article for checked in self.articles}
        overlaps = []
        for question in (each for split in self.questions.values() for each in split):
            golden = [
                texts[span.article_id].text[span.start : span.end]
                for span in question.gold
                if span.article_id in texts and texts[span.article_id].language is question.language
            ]
            if golden and (question.turn or 1) == 1:
                overlaps.append(max(measure_overlap(question.question, each) for each in golden))
        return overlaps


def check_corpus(folder: Path, others: Iterable[Path] = ()) -> CorpusReport:
    """Check the corpus in `folder`: `articles/*/*.md`, `sources.json`, `questions/*.jsonl`.

    `others` are texts that nothing may be copied from. Every fault is found in one run.
    """
    faults: list[Fault] = []
    articles = _read_articles(folder, faults)
    by_id = {checked.article.id: checked for checked in articles}
    for checked in articles:
        faults += _check_sources(checked)
        faults += _check_length(checked)
        faults += _check_links(checked, by_id)
        faults += _check_translation(checked, by_id)
    faults += _check_catalogue(folder, articles)
    faults += _check_originality(articles, others)
    questions = _read_questions(folder, faults)
    faults += _check_questions(questions, by_id)
    return CorpusReport(tuple(articles), questions, tuple(sorted(set(faults), key=_sort)))


def _sort(fault: Fault) -> tuple[str, int, str, str]:
    return fault.file, fault.line or 0, fault.reason, fault.sentence


def _read_articles(folder: Path, faults: list[Fault]) -> list[CheckedArticle]:
    articles: dict[str, CheckedArticle] = {}
    for path in sorted((folder / "articles").glob("*/*.md")):
        name = f"{path.parent.name}/{path.name}"
        try:
            article = read_article(path)
        except ArticleError as error:
            faults.append(Fault(name, error.line, error.reason))
            continue
        if article.id in articles:
            faults.append(Fault(name, None, f"the id {article.id!r} is another article's too"))
            continue
        articles[article.id] = CheckedArticle(article, path, _list_sentences(article))
    return list(articles.values())


def _list_sentences(article: Article) -> tuple[CheckedSentence, ...]:
    return tuple(
        CheckedSentence(
            article.text[span.start : span.end],
            tuple(m.source_id for m in article.marks if span.start < m.position <= span.end),
        )
        for span in split_sentences(article.text, article.language, article.headings)
    )


def _check_sources(checked: CheckedArticle) -> Iterator[Fault]:
    for sentence in checked.sentences:
        if not sentence.source_ids:
            yield checked.fault("no source is marked behind a sentence", sentence.text)
    marked = {mark.source_id for mark in checked.article.marks}
    for source in checked.article.sources:
        if source.id not in marked:
            yield checked.fault(f"the source {source.id!r} is listed and never marked")


def _check_length(checked: CheckedArticle) -> Iterator[Fault]:
    words = len(checked.article.text.split())
    if not FEWEST_WORDS <= words <= MOST_WORDS:
        yield checked.fault(f"{words} words, not {FEWEST_WORDS} to {MOST_WORDS}")


def _check_links(checked: CheckedArticle, by_id: Mapping[str, CheckedArticle]) -> Iterator[Fault]:
    for address, line in list_links(checked.path.read_text(encoding="utf-8")):
        if "://" not in address and address not in by_id:
            yield checked.fault(f"a link leads to {address!r}, which is no article", line=line)


def _check_translation(
    checked: CheckedArticle, by_id: Mapping[str, CheckedArticle]
) -> Iterator[Fault]:
    article = checked.article
    if article.translation_of is None:
        translations = [e for e in by_id.values() if e.article.translation_of == article.id]
        spoken = {each.article.language for each in translations} | {article.language}
        for language in Language:
            if language not in spoken:
                yield checked.fault(f"there is no translation into {language}")
        return
    original = by_id.get(article.translation_of)
    if original is None or original.article.language is article.language:
        yield checked.fault(f"{article.translation_of!r} is no article in the other language")
        return
    if len(original.sentences) != len(checked.sentences):
        ours, theirs = len(checked.sentences), len(original.sentences)
        yield checked.fault(f"{ours} sentences, {theirs} in {article.translation_of!r}")
        return
    for there, here in zip(original.sentences, checked.sentences, strict=True):
        if there.source_ids != here.source_ids:
            yield checked.fault(f"other sources than in {article.translation_of!r}", here.text)
        first = find_figures(there.text, original.article.language)
        second = find_figures(here.text, article.language)
        if first != second:
            only_here = ", ".join(sorted((second - first).elements())) or "nothing"
            only_there = ", ".join(sorted((first - second).elements())) or "nothing"
            reason = f"figures differ: {only_here} here, {only_there} in {original.article.id!r}"
            yield checked.fault(reason, here.text)


def _check_catalogue(folder: Path, articles: Iterable[CheckedArticle]) -> Iterator[Fault]:
    try:
        catalogue = read_catalogue(folder / FILE_NAME)
    except ArticleError as error:
        yield Fault(FILE_NAME, error.line, error.reason)
        return
    used = {source.id for checked in articles for source in checked.article.sources}
    for source_id in catalogue:
        if source_id not in used:
            yield Fault(FILE_NAME, None, f"no article uses the source {source_id!r}")


def _check_originality(
    articles: Iterable[CheckedArticle], others: Iterable[Path]
) -> Iterator[Fault]:
    for other in others:
        runs = list_runs(other.read_text(encoding="utf-8", errors="replace"), RUN_WORDS)
        for checked in articles:
            for run in find_runs(checked.article.text, runs, RUN_WORDS):
                yield checked.fault(f"{RUN_WORDS} words in a row as in {other.name}", run)


def _read_questions(folder: Path, faults: list[Fault]) -> dict[str, tuple[ExpectedAnswer, ...]]:
    questions: dict[str, tuple[ExpectedAnswer, ...]] = {}
    for path in sorted((folder / "questions").glob("*.jsonl")):
        try:
            questions[path.stem] = read_question_set(path)
        except QuestionSetError as error:
            for line in str(error).splitlines():
                place, _, reason = line.partition(": ")
                file, _, number = place.partition(", line ")
                faults.append(Fault(file, int(number) if number else None, reason))
    return questions


def _check_questions(
    questions: Mapping[str, tuple[ExpectedAnswer, ...]], by_id: Mapping[str, CheckedArticle]
) -> Iterator[Fault]:
    use_of_topic: dict[str, str] = {}
    split_of_article: dict[str, str] = {}
    seen: set[str] = set()
    for split, asked in questions.items():
        file = f"{split}.jsonl"
        languages: dict[str, set[Language]] = defaultdict(set)
        for question in asked:
            for reason in _check_question(question, split, by_id):
                yield Fault(file, None, f"{question.id}: {reason}", question.question)
            if question.id in seen:
                yield Fault(file, None, f"{question.id}: the id stands in another set too")
            seen.add(question.id)
            languages[question.need or question.id].add(question.language)
            use = "tuning" if split in TUNED_ON else split
            if use_of_topic.setdefault(question.topic or "", use) != use:
                yield Fault(file, None, f"the topic {question.topic!r} serves another split too")
            # The validation set names every article that a fact stands in, of any topic.
            for article_id in question.article_ids if split != VALIDATION else ():
                if split_of_article.setdefault(article_id, split) != split:
                    yield Fault(file, None, f"the article {article_id!r} serves two splits")
        for need, spoken in languages.items():
            if spoken != set(Language):
                yield Fault(file, None, f"the need {need!r} is asked in {', '.join(spoken)} only")
        yield from _check_conversations(file, asked)


def _check_question(
    question: ExpectedAnswer, split: str, by_id: Mapping[str, CheckedArticle]
) -> Iterator[str]:
    for name in ("need", "topic", "type", "form", "difficulty"):
        if getattr(question, name) is None:
            yield f"no {name}"
    if question.split != split:
        yield f"its split is {question.split!r}"
    if not question.answerable:
        if question.gold or question.unanswerable_kind is None:
            yield "an unanswerable question needs its kind, and no gold"
        return
    if {span.article_id for span in question.gold} != set(question.article_ids):
        yield "article_ids are not those of the gold spans"
    yield from _check_gold(question, by_id)


def _check_gold(question: ExpectedAnswer, by_id: Mapping[str, CheckedArticle]) -> Iterator[str]:
    golden: list[str] = []
    for span in question.gold:
        checked = by_id.get(span.article_id)
        if checked is None:
            yield f"there is no article {span.article_id!r}"
            continue
        text = checked.article.text[span.start : span.end]
        golden.append(text)
        if text not in {sentence.text for sentence in checked.sentences}:
            yield f"no sentence of {span.article_id!r} lies at {span.start} to {span.end}"
        elif not any(answer in text for answer in question.answers):
            yield f"the gold sentence of {span.article_id!r} holds no accepted answer"
    for answer in question.answers:
        if not any(answer in text for text in golden):
            yield f"the answer {answer!r} is in no gold sentence"


def _check_conversations(file: str, asked: Iterable[ExpectedAnswer]) -> Iterator[Fault]:
    turns: dict[str, list[int]] = defaultdict(list)
    for question in asked:
        if question.conversation is not None:
            turns[question.conversation].append(question.turn or 0)
    for conversation, numbers in turns.items():
        if numbers != list(range(1, len(numbers) + 1)) or not 2 <= len(numbers) <= 4:
            reason = f"the turns of {conversation!r} are {numbers}, not 2 to 4 from 1 on"
            yield Fault(file, None, reason)


def count_questions(asked: Iterable[ExpectedAnswer], name: str) -> Counter[str]:
    """Count questions by one of their fields."""
    return Counter(show_field(question, name) for question in asked)


def show_field(question: ExpectedAnswer, name: str) -> str:
    """Return a field of a question as text, or `-` where it has none."""
    value = getattr(question, name)
    return "-" if value is None else str(value)
