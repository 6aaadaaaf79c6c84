"""The questions on the press texts are sound, and can be asked where the texts are at hand."""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from massilia.corpus.article import Article, Language
from massilia.corpus.errors import MassiliaError
from massilia.eval.bench import press
from massilia.eval.bench.press import SET, measure_press, read_press_texts
from massilia.eval.corpus_check import RUN_WORDS
from massilia.eval.overlap import find_runs, list_runs
from massilia.eval.question_set import ExpectedAnswer, read_question_set
from massilia.eval.run import Outcome
from massilia.ingest.sentences import split_sentences

MakeOutcome = Callable[..., Outcome]
MOST_ANSWER_WORDS = 6


@pytest.fixture(scope="module")
def questions() -> tuple[ExpectedAnswer, ...]:
    return read_question_set(SET / "questions.jsonl")


@pytest.fixture(scope="module")
def articles(press_texts: Path) -> dict[str, Article]:
    return {article.id: article for article in read_press_texts(press_texts)}


# The questions


def test_there_are_as_many_questions_of_each_kind_as_promised(
    questions: Sequence[ExpectedAnswer],
) -> None:
    assert Counter(each.answerable for each in questions) == {True: 30, False: 10}
    assert Counter(each.form for each in questions) == {"plain": 36, "typo": 2, "keywords": 2}
    kinds = {"wrong-attribute", "wrong-entity", "wrong-year", "false-premise", "off-topic"}
    refused = Counter(each.unanswerable_kind for each in questions if not each.answerable)
    assert refused == dict.fromkeys(kinds, 2)
    asked = {each.type for each in questions if each.answerable}
    assert asked == {"who", "when", "how many", "how much", "where", "why", "what", "list"}
    assert {each.split for each in questions} == {"press"}
    articles = Counter(each.article_ids for each in questions if each.answerable)
    assert sorted(articles.values()) == [6] * 5


def test_both_languages_of_a_need_expect_the_same(questions: Sequence[ExpectedAnswer]) -> None:
    needs: dict[str | None, list[ExpectedAnswer]] = defaultdict(list)
    for each in questions:
        needs[each.need].append(each)
    assert len(needs) == 20
    for asked in needs.values():
        assert sorted(each.language for each in asked) == sorted(Language)
        first, second = asked
        assert first.question != second.question
        fields = ("answerable", "qrels", "answers", "gold", "topic", "type", "form", "difficulty")
        for field in (*fields, "unanswerable_kind"):
            assert getattr(first, field) == getattr(second, field), field


def test_gold_is_of_whole_sentences_that_hold_an_answer(
    questions: Sequence[ExpectedAnswer], articles: dict[str, Article]
) -> None:
    for each in questions:
        assert {span.article_id for span in each.gold} == set(each.article_ids)
        for span in each.gold:
            article = articles[span.article_id]
            sentences = split_sentences(article.text, article.language, article.headings)
            assert (span.start, span.end) in {(one.start, one.end) for one in sentences}, each.id
            gold = article.text[span.start : span.end]
            assert any(answer in gold for answer in each.answers), each.id


def test_an_answer_stands_in_gold_sentences_and_nowhere_else(
    questions: Sequence[ExpectedAnswer], articles: dict[str, Article]
) -> None:
    """A hit can't come of the same letters in a sentence that doesn't answer."""
    for each in questions:
        for answer in each.answers:
            assert len(answer.split()) <= MOST_ANSWER_WORDS
            found = inside = 0
            for article in articles.values():
                found += article.text.count(answer)
                spans = [span for span in each.gold if span.article_id == article.id]
                inside += sum(article.text.count(answer, one.start, one.end) for one in spans)
            assert found == inside > 0, (each.id, answer)


def test_nothing_is_copied_from_the_press_texts(articles: dict[str, Article]) -> None:
    runs = frozenset[tuple[str, ...]]().union(
        *(list_runs(article.text, RUN_WORDS) for article in articles.values())
    )
    for name in ("questions.jsonl", "README.md"):
        text = (SET / name).read_text(encoding="utf-8")
        assert list(find_runs(text, runs, RUN_WORDS)) == []
    # Words of a text are found where they are planted.
    words = next(iter(articles.values())).text.split()
    assert list(find_runs(" ".join(words[100 : 100 + 2 * RUN_WORDS]), runs, RUN_WORDS))


# The texts


def test_a_text_that_has_changed_is_refused(
    press_texts: Path, articles: dict[str, Article], tmp_path: Path
) -> None:
    for path in press_texts.glob("*.txt"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    assert read_press_texts(tmp_path) == tuple(articles.values())
    changed = tmp_path / f"{list(articles)[2]}.txt"
    text = changed.read_text(encoding="utf-8")
    changed.write_text(text.replace("numérique", "numerique"), encoding="utf-8")
    with pytest.raises(MassiliaError, match=f"{changed.stem}.*not the one"):
        read_press_texts(tmp_path)
    changed.unlink()
    with pytest.raises(MassiliaError, match=f"holds no text '{changed.stem}'"):
        read_press_texts(tmp_path)


def test_a_text_beside_those_of_the_questions_is_left_out(
    press_texts: Path, articles: dict[str, Article], tmp_path: Path
) -> None:
    for path in press_texts.glob("*.txt"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "another.txt").write_text("Le port de Marseille.", encoding="utf-8")
    assert read_press_texts(tmp_path) == tuple(articles.values())


def test_a_text_of_the_same_name_is_not_taken_for_the_one_that_was_read(tmp_path: Path) -> None:
    for article_id in json.loads((SET / "articles.json").read_text(encoding="utf-8")):
        (tmp_path / f"{article_id}.txt").write_text("Le port de Marseille.", encoding="utf-8")
    with pytest.raises(MassiliaError, match="not the one that the questions are on"):
        read_press_texts(tmp_path)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "damaged.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(MassiliaError, match=r"damaged\.txt"):
        read_press_texts(tmp_path)


def test_without_the_texts_the_bench_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["press", "--articles", str(tmp_path / "nowhere")])
    with pytest.raises(SystemExit) as ended:
        press.main()
    assert ended.value.code == 2
    assert "nowhere: there is no such file or folder" in capsys.readouterr().err


# The measures


def test_early_hits_are_a_share_of_the_answerable(make_outcome: MakeOutcome) -> None:
    """Of three answerable questions one is hit, one abstains, one is hit too late."""
    found = measure_press(
        [
            make_outcome("q1", "a", quotes=["Two"]),
            make_outcome("q2", "a"),
            make_outcome("q3", "b", quotes=["x" * 400, "Two"]),
            make_outcome("q4", quotes=["Two"], answerable=False),
        ]
    )
    assert list(found) == list(press.MEASURES)
    values = {name: each.value for name, each in found.items()}
    expected = {"answer_hit@300c": 1 / 3, "answer_hit@3": 2 / 3, "Success@1": 2 / 3}
    assert {name: values[name] for name in expected} == pytest.approx(expected)


def test_every_question_is_asked_of_the_real_texts(
    press_texts: Path,
    cache_home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache_home))
    monkeypatch.delenv("MASSILIA_ENCODER", raising=False)
    monkeypatch.setattr("sys.argv", ["press", "--articles", str(press_texts)])
    press.main()
    rows = {
        words[0]: words[1:]
        for words in map(str.split, capsys.readouterr().out.splitlines())
        if words
    }
    assert rows["measure"][:3] == ["all", *Language]
    assert rows["questions"] == ["40", "20", "20"]
    assert set(press.MEASURES) <= set(rows)
    assert rows["verbatim_rate"][:3] == ["1.0000"] * 3
    quoted = list(map(int, rows["quotes"]))
    assert quoted[0] == quoted[1] + quoted[2] > 0
    assert all(float(median) > 0 for median in rows["quote_characters_p50"][:3])
