"""What a conversation's later turns come to, counted by hand and asked of the real library."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from massilia.corpus.article import Article, Language
from massilia.eval.bench import conversations
from massilia.eval.bench.conversations import (
    ALL_RIGHT,
    REFUSED,
    RIGHT,
    WRONG_NAMES,
    FollowUp,
    count,
    find_wrong_names,
)
from massilia.eval.question_set import ExpectedAnswer, Judgement

QUESTIONS = Path(__file__).parent.parent / "corpus" / "questions" / "dev.jsonl"
CONVERSATION = "medusa-cable-c1-fr"
ARTICLES = {
    article_id: Article(article_id, Language.FRENCH, title, text, article_id)
    for article_id, title, text in (
        ("medusa", "Le câble Medusa", "Il relie l'Europe à\nl'Afrique. AFR-IX le porte."),
        ("peace", "PEACE", "Orange l'a posé."),
    )
}


def expect(question: str, *article_ids: str, turn: int = 2) -> ExpectedAnswer:
    return ExpectedAnswer(
        id=f"q{turn}",
        language=Language.FRENCH,
        question=question,
        answerable=bool(article_ids),
        qrels=tuple(map(Judgement, article_ids)),
        answers=("Deux", "Two") if article_ids else (),
        conversation="c1",
        turn=turn,
    )


@pytest.mark.parametrize(
    ("expected", "wrong"),
    [
        # In the title, in the text, in an earlier question; folded, and across the end of a line.
        (expect("Et lui ?", "medusa"), ["Orange", "Télécom"]),
        # What answers this one is another article.
        (expect("Et lui ?", "peace"), ["medusa", "AFR-IX", "L’EUROPE à l'afrique", "Télécom"]),
        # What answers the turns before it, where nothing answers it.
        (expect("Et lui ?"), ["Orange", "Télécom"]),
    ],
)
def test_a_name_that_the_conversation_cannot_have_it_from_is_wrong(
    expected: ExpectedAnswer, wrong: list[str]
) -> None:
    names = ("medusa", "AFR-IX", "L’EUROPE à l'afrique", "Marseille", "Orange", "Télécom")
    earlier = [expect("Ce câble passe-t-il à Marseille ?", "medusa", turn=1)]
    assert list(find_wrong_names(names, expected, earlier, ARTICLES)) == wrong


def test_the_question_itself_and_unmeasured_turns_make_no_name_right() -> None:
    expected = expect("Et Télécom ?")
    assert find_wrong_names(("Télécom",), expected, [], ARTICLES) == ("Télécom",)


def make(
    quote: str | None, *article_ids: str, names: Sequence[str] = (), wrong: Sequence[str] = ()
) -> FollowUp:
    return FollowUp(expect("?", *article_ids), "?", tuple(names), tuple(wrong), quote)


def test_a_follow_up_is_right_if_it_answers_or_rightly_refuses() -> None:
    assert make("Two cables.", "medusa").is_right
    assert not make("Three cables.", "medusa").is_right
    assert not make(None, "medusa").is_right
    assert make(None).is_right
    assert not make("Two cables.").is_right


def test_follow_ups_and_names_are_counted() -> None:
    """Of three with an answer one is right, of two without one; of four names one is wrong."""
    found = [
        make("Two", "medusa", names=["Medusa", "PEACE"], wrong=["PEACE"]),
        make("Three", "medusa"),
        make(None, "medusa", names=["Medusa"]),
        make(None, names=["Medusa"]),
        make("Two"),
    ]
    assert {name: count(name, found) for name in (RIGHT, REFUSED, ALL_RIGHT, WRONG_NAMES)} == {
        RIGHT: (1, 3),
        REFUSED: (1, 2),
        ALL_RIGHT: (2, 5),
        WRONG_NAMES: (1, 4),
    }
    assert count(RIGHT, []) == (0, 0)


@pytest.fixture
def one_conversation(tmp_path: Path) -> Path:
    path = tmp_path / "set.jsonl"
    lines = QUESTIONS.read_text(encoding="utf-8").splitlines()
    chosen = [line for line in lines if json.loads(line)["conversation"] == CONVERSATION]
    path.write_text("\n".join(chosen) + "\n", encoding="utf-8")
    return path


def run(
    words: Sequence[object],
    corpus_path: Path,
    cache_home: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache_home))
    monkeypatch.setenv("MASSILIA_LIBRARY", str(corpus_path))
    monkeypatch.delenv("MASSILIA_ENCODER", raising=False)
    monkeypatch.setattr("sys.argv", ["conversations", *map(str, words)])
    conversations.main()


def test_a_conversation_is_asked_of_the_real_library(
    one_conversation: Path,
    corpus_path: Path,
    cache_home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    run([one_conversation, "--mistakes"], corpus_path, cache_home, monkeypatch)
    table, _, mistakes = capsys.readouterr().out.partition("\n\n")
    lines = table.splitlines()
    turns = [word for turn in "234" for word in ("turn", turn)]
    assert lines[0].split()[:10] == ["follow-ups", "all", "fr", "en", *turns]
    cells = {
        name: line.removeprefix(f" {name}").split()
        for name in (RIGHT, REFUSED, ALL_RIGHT, WRONG_NAMES)
        for line in lines
        if line.startswith(f" {name}")
    }
    assert [cells[name][1:3] for name in (RIGHT, REFUSED, ALL_RIGHT)] == [
        ["of", "2"],
        ["of", "1"],
        ["of", "3"],
    ]
    wrong = 3 - int(cells[ALL_RIGHT][0])
    assert mistakes.count("  searched with: ") == mistakes.count("  quoted: ") == wrong
    assert "{" not in mistakes


@pytest.mark.parametrize(
    ("content", "told"),
    [("[]", "line 1: not a JSON object"), (None, "can't be read")],
)
def test_a_file_that_is_no_question_set_is_refused(
    tmp_path: Path,
    corpus_path: Path,
    cache_home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    content: str | None,
    told: str,
) -> None:
    path = tmp_path / "set.jsonl"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(SystemExit) as ended:
        run([path], corpus_path, cache_home, monkeypatch)
    assert ended.value.code == 2
    assert told in capsys.readouterr().err


def test_a_set_without_conversations_says_so(
    one_conversation: Path,
    corpus_path: Path,
    cache_home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    first = one_conversation.read_text(encoding="utf-8").splitlines()[0]
    one_conversation.write_text(first, encoding="utf-8")
    with pytest.raises(SystemExit) as ended:
        run([one_conversation], corpus_path, cache_home, monkeypatch)
    assert ended.value.code == 2
    assert "holds no conversation" in capsys.readouterr().err
