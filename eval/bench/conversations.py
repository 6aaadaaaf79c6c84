"""Ask the conversations of a question set, and print what their later turns come to.

    python -m massilia.eval.bench.conversations corpus/questions/dev.jsonl

Each turn follows the earlier ones as they were answered, right or wrong. A follow-up is any turn
but the first. One that has an answer is right if an accepted string stands in the first quote; one
that has none, if nothing is quoted.

A name that is carried over is wrong if it stands nowhere that the conversation could have it from:
neither in the title or text of an article that answers, nor in any earlier question as it was
asked. For a follow-up that has no answer, the articles are those that answer the earlier turns.
So what is counted are names out of a wrong answer, the costliest error: every later turn leans on
them. A name of the conversation that is carried where the question is of another one isn't counted:
the set doesn't say what each question means, and such a turn is rarely answered rightly. Case,
accents and what typefaces do to spaces and apostrophes don't count.
"""

import argparse
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from massilia.corpus.article import Article, Language
from massilia.corpus.errors import MassiliaError
from massilia.eval.bootstrap import estimate, ratio
from massilia.eval.conversations import Asked, Conversations
from massilia.eval.printing import format_interval, format_value, print_lines, print_table
from massilia.eval.question_set import ExpectedAnswer, read_question_set
from massilia.eval.temporary_library import list_articles
from massilia.service.answerer import Answerer
from massilia.service.cli import FAILED, open_answerer
from massilia.service.progress import show_progress
from massilia.service.settings import Settings
from massilia.service.turns import CarriedKind
from massilia.service.written_dates import fold

RIGHT, REFUSED, ALL_RIGHT, WRONG_NAMES = (
    "answer in the first quote",
    "unanswerable, refused",
    "right in all",
    "names carried wrongly",
)


@dataclass(frozen=True, slots=True)
class FollowUp:
    """Hold a later turn of a conversation: what was asked, searched with, carried and quoted.

    `names` are those carried over, `wrong_names` those of them that are wrong. `quote` is the text
    of the first quote, None for an abstention.
    """

    expected: ExpectedAnswer
    searched: str
    names: tuple[str, ...]
    wrong_names: tuple[str, ...]
    quote: str | None

    @property
    def is_right(self) -> bool:
        """Tell whether the first quote holds an accepted string, or nothing is where it should."""
        if not self.expected.answerable:
            return self.quote is None
        return self.quote is not None and any(
            accepted in self.quote for accepted in self.expected.answers
        )


def main() -> None:
    """Print the shares of all follow-ups, by language and by turn."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("questions", type=Path, help="question set, as of `massilia-eval run`")
    parser.add_argument("--mistakes", action="store_true", help="show those that are wrong")
    options = parser.parse_args()
    try:
        read_question_set(options.questions)
        with open_answerer(Settings.read(os.environ)) as answerer:
            articles = {article.id: article for article in list_articles(answerer.store)}
            lengths = {article.id: len(article.text) for article in articles.values()}
            questions = read_question_set(options.questions, lengths)
            found = ask_follow_ups(answerer, questions, articles, date.today())
    except MassiliaError as error:
        parser.exit(FAILED, f"Error: {error}\n")
    if not found:
        parser.exit(FAILED, f"Error: {options.questions} holds no conversation.\n")
    _print(found)
    if options.mistakes:
        _print_mistakes(found)


def ask_follow_ups(
    answerer: Answerer,
    questions: Sequence[ExpectedAnswer],
    articles: Mapping[str, Article],
    today: date | None = None,
) -> list[FollowUp]:
    """Ask every turn but the first of the conversations among `questions`.

    `articles` are those of the library by id.
    """
    conversations = Conversations(answerer, questions, today=today)
    asked = [each for each in questions if conversations.list_earlier(each)]
    found = []
    with show_progress("Asking", len(asked)) as advance:
        for expected in asked:
            earlier = conversations.list_earlier(expected)
            found.append(judge_follow_up(expected, conversations.ask(expected), earlier, articles))
            advance(1)
    return found


def judge_follow_up(
    expected: ExpectedAnswer,
    asked: Asked,
    earlier: Sequence[ExpectedAnswer],
    articles: Mapping[str, Article],
) -> FollowUp:
    """Return what came of a follow-up, and which of the names that it carries are wrong."""
    carried = asked.resumed.carried if asked.resumed else ()
    names = tuple(each.text for each in carried if each.kind is CarriedKind.NAME)
    quotes = asked.answer.quotes
    return FollowUp(
        expected=expected,
        searched=asked.question.text,
        names=names,
        wrong_names=find_wrong_names(names, expected, earlier, articles),
        quote=quotes[0].text if quotes else None,
    )


def find_wrong_names(
    names: Sequence[str],
    expected: ExpectedAnswer,
    earlier: Sequence[ExpectedAnswer],
    articles: Mapping[str, Article],
) -> tuple[str, ...]:
    """Return the names that stand neither in what answers nor in an `earlier` question."""
    known = [each.question for each in earlier]
    answering = [expected] if expected.answerable else earlier
    for article_id in dict.fromkeys(each for one in answering for each in one.article_ids):
        known += [articles[article_id].title, articles[article_id].text]
    levelled = [_level(text) for text in known]
    return tuple(name for name in names if not any(_level(name) in text for text in levelled))


def _level(text: str) -> str:
    """Fold a text, with single spaces: a line may end within a name."""
    return " ".join(fold(text).split())


def _print(found: Sequence[FollowUp]) -> None:
    turns = sorted({each.expected.turn for each in found if each.expected.turn is not None})
    groups: dict[str, Sequence[FollowUp]] = {"all": found}
    for language in Language:
        groups[language] = [each for each in found if each.expected.language is language]
    for turn in turns:
        groups[f"turn {turn}"] = [each for each in found if each.expected.turn == turn]
    rows = []
    for name in (RIGHT, REFUSED, ALL_RIGHT, WRONG_NAMES):
        counts = [count(name, group) for group in groups.values()]
        above, below = zip(*(_count_each(name, each) for each in found), strict=True)
        clusters = [each.expected.need or each.expected.id for each in found]
        measured = estimate(ratio(above, below), clusters)
        shares = [
            f"{part} of {whole}" if whole else format_value(name, None) for part, whole in counts
        ]
        value = format_value(name, measured.value)
        rows.append([name, *shares, value, format_interval(name, measured)])
    print_table(("follow-ups", *groups, "share of all", "95 % interval"), rows)


def count(name: str, found: Sequence[FollowUp]) -> tuple[int, int]:
    """Return how many of some follow-ups, or of their names, are what is counted, and of how many.

    `name` is that of a row of the table.
    """
    each = [_count_each(name, follow_up) for follow_up in found]
    return sum(part for part, _ in each), sum(whole for _, whole in each)


def _count_each(name: str, found: FollowUp) -> tuple[int, int]:
    if name == WRONG_NAMES:
        return len(found.wrong_names), len(found.names)
    answerable = {RIGHT: True, REFUSED: False}.get(name)
    counts = answerable is None or found.expected.answerable is answerable
    return int(counts and found.is_right), int(counts)


def _print_mistakes(found: Sequence[FollowUp]) -> None:
    for each in found:
        if each.is_right and not each.wrong_names:
            continue
        expected = each.expected
        wanted = " / ".join(expected.answers) if expected.answerable else "nothing"
        lines = [
            f"\n{expected.id}, turn {expected.turn}: {expected.question}",
            f"  searched with: {each.searched}",
            f"  quoted: {each.quote or 'nothing'}",
            f"  expected: {wanted}",
        ]
        if each.wrong_names:
            lines.append(f"  names carried wrongly: {', '.join(each.wrong_names)}")
        print_lines(lines)


if __name__ == "__main__":
    main()
