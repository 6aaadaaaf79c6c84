"""The embedded corpus is without fault, and the checker finds each kind of fault planted in it."""

import json
import shutil
import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from massilia.corpus.article import Language
from massilia.corpus.embedded import FOLDER
from massilia.eval.corpus_check import CorpusReport, check_corpus
from massilia.eval.figures import find_figures
from massilia.eval.overlap import find_runs, list_runs, measure_overlap

FRENCH, ENGLISH = Language.FRENCH, Language.ENGLISH


@pytest.fixture(scope="module")
def report() -> CorpusReport:
    return check_corpus(FOLDER)


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Give a copy of the embedded corpus to plant faults in."""
    copy = tmp_path / "corpus"
    for name in ("articles", "questions"):
        shutil.copytree(FOLDER / name, copy / name)
    shutil.copy(FOLDER / "sources.json", copy)
    return copy


def test_the_embedded_corpus_is_without_fault(report: CorpusReport) -> None:
    assert [str(fault) for fault in report.faults] == []


def test_nothing_is_copied_from_the_press_texts(press_texts: Path) -> None:
    texts = sorted(press_texts.glob("*.txt"))
    assert [str(fault) for fault in check_corpus(FOLDER, texts).faults] == []


def test_there_is_as_much_as_was_promised(report: CorpusReport) -> None:
    topics = report.topics()
    assert len(topics) >= 36
    assert all(len(checked) == len(Language) for checked in topics.values())
    asked = [question for split in report.questions.values() for question in split]
    assert set(report.questions) == {"dev", "test", "validation"}
    assert len(asked) >= 600
    assert sum(not question.answerable for question in asked) >= 0.3 * len(asked)
    assert len({question.conversation for question in asked if question.conversation}) >= 60
    assert {"typo", "no-accents", "keywords", "follow-up", "plain"} == {q.form for q in asked}
    assert statistics.median(report.measure_overlaps()) < 0.35


def rewrite(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def change_question(
    corpus: Path, question_id: str, change: Callable[[dict[str, Any]], None]
) -> None:
    for path in (corpus / "questions").glob("*.jsonl"):
        lines = path.read_text(encoding="utf-8").splitlines()
        for number, line in enumerate(lines):
            question = json.loads(line)
            if question["id"] == question_id:
                change(question)
                lines[number] = json.dumps(question, ensure_ascii=False)
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def article(corpus: Path, name: str) -> Path:
    return corpus / "articles" / "en" / f"{name}.md"


def leave_a_sentence_without_source(corpus: Path) -> None:
    text = article(corpus, "traxens").read_text(encoding="utf-8")
    sentence = text.split("---\n", 2)[2].split("[^", 1)[0].strip().splitlines()[-1]
    marks = text.split(sentence, 1)[1].split(" ", 1)[0]
    rewrite(article(corpus, "traxens"), sentence + marks, sentence)


def name_an_unknown_source(corpus: Path) -> None:
    rewrite(article(corpus, "gemalto"), ".[^", ".[^nobody][^")


def add_an_unused_source(corpus: Path) -> None:
    catalogue = json.loads((corpus / "sources.json").read_text(encoding="utf-8"))
    catalogue.append({"id": "unused", "title": "Unused"})
    (corpus / "sources.json").write_text(json.dumps(catalogue), encoding="utf-8")


def list_a_source_that_is_never_marked(corpus: Path) -> None:
    rewrite(article(corpus, "medinsoft"), "sources: [", "sources: [tg2021, ")


def change_a_figure(corpus: Path) -> None:
    rewrite(article(corpus, "medusa-cable"), "8 October 2025", "8 October 2035")


def change_a_month(corpus: Path) -> None:
    rewrite(article(corpus, "cable-2africa"), "November", "October")


def lose_a_translation(corpus: Path) -> None:
    article(corpus, "thecamp").unlink()


def break_a_link(corpus: Path) -> None:
    rewrite(article(corpus, "clusters"), "SCS", "[SCS](scs-en)")


def shorten_an_article(corpus: Path) -> None:
    path = article(corpus, "chronology")
    text = path.read_text(encoding="utf-8")
    head, body = text.rsplit("---\n", 1)
    path.write_text(f"{head}---\n{body[:900].rsplit(' ', 1)[0]}", encoding="utf-8")


def move_a_gold_span(corpus: Path) -> None:
    change_question(corpus, "seamewe-1", lambda question: question["gold"][0].update(start=1))


def accept_an_answer_that_is_not_there(corpus: Path) -> None:
    change_question(corpus, "hub-rank-1", lambda question: question["answers"].append("xyzzy"))


def give_an_unanswerable_question_no_kind(corpus: Path) -> None:
    questions = (corpus / "questions" / "dev.jsonl").read_text(encoding="utf-8").splitlines()
    unanswerable = next(q for q in map(json.loads, questions) if not q["answerable"])
    change_question(
        corpus, unanswerable["id"], lambda question: question.update(unanswerable_kind=None)
    )


def ask_a_need_in_one_language(corpus: Path) -> None:
    change_question(corpus, "mrs3-mrs4-1", lambda question: question.update(need="mrs3-mrs4-n99"))


def move_a_topic_into_both_splits(corpus: Path) -> None:
    questions = (corpus / "questions" / "dev.jsonl").read_text(encoding="utf-8").splitlines()
    moved = json.loads(next(line for line in questions if '"voyage-prive-1"' in line))
    moved |= {"id": "moved", "split": "test"}
    with (corpus / "questions" / "test.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(moved) + "\n")


def skip_a_turn(corpus: Path) -> None:
    questions = (corpus / "questions" / "test.jsonl").read_text(encoding="utf-8").splitlines()
    second = next(q for q in map(json.loads, questions) if q["turn"] == 2)
    change_question(corpus, second["id"], lambda question: question.update(turn=4))


PLANTED = [
    (leave_a_sentence_without_source, "en/traxens.md", "no source is marked behind a sentence"),
    (name_an_unknown_source, "en/gemalto.md", "the mark [^nobody] names no source"),
    (add_an_unused_source, "sources.json", "no article uses the source 'unused'"),
    (list_a_source_that_is_never_marked, "en/medinsoft.md", "'tg2021' is listed and never marked"),
    (change_a_figure, "en/medusa-cable.md", "figures differ: 2035 here, 2025 in"),
    (change_a_month, "en/cable-2africa.md", "figures differ: month 10 here, month 11 in"),
    (lose_a_translation, "fr/thecamp.md", "there is no translation into en"),
    (break_a_link, "en/clusters.md", "a link leads to 'scs-en', which is no article"),
    (shorten_an_article, "en/chronology.md", "words, not 350 to 900"),
    (move_a_gold_span, "dev.jsonl", "seamewe-1: no sentence of"),
    (accept_an_answer_that_is_not_there, "dev.jsonl", "the answer 'xyzzy' is in no gold sentence"),
    (give_an_unanswerable_question_no_kind, "dev.jsonl", "needs its kind, and no gold"),
    (ask_a_need_in_one_language, "dev.jsonl", "the need 'mrs3-mrs4-n99' is asked in fr only"),
    (move_a_topic_into_both_splits, "test.jsonl", "the topic 'voyage-prive' serves another split"),
    (skip_a_turn, "test.jsonl", "not 2 to 4 from 1 on"),
]


@pytest.mark.parametrize(
    ("plant", "file", "reason"), PLANTED, ids=[plant.__name__ for plant, _, _ in PLANTED]
)
def test_a_planted_fault_is_found_by_file_and_reason(
    corpus: Path, plant: Callable[[Path], None], file: str, reason: str
) -> None:
    plant(corpus)
    faults = check_corpus(corpus).faults
    assert any(fault.file == file and reason in fault.reason for fault in faults), faults


def test_all_faults_are_found_in_one_run(corpus: Path) -> None:
    for plant, _, _ in PLANTED:
        plant(corpus)
    faults = check_corpus(corpus).faults
    for _, file, reason in PLANTED:
        assert any(fault.file == file and reason in fault.reason for fault in faults), reason


def test_a_fault_names_the_line_and_the_sentence(corpus: Path) -> None:
    change_a_figure(corpus)
    # What is asked about the sentence has lost its gold.
    (fault,) = (each for each in check_corpus(corpus).faults if each.file.endswith(".md"))
    lines = article(corpus, "medusa-cable").read_text(encoding="utf-8").splitlines()
    assert fault.line is not None
    assert "2035" in lines[fault.line - 1]
    assert "2035" in fault.sentence


def test_a_run_of_words_from_another_text_is_found(corpus: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.txt"
    line = article(corpus, "gemalto").read_text(encoding="utf-8").split("---\n", 2)[2]
    words = " ".join(line.split("[^")[0].split()[:9])
    other.write_text(f"Before. {words} after.", encoding="utf-8")
    faults = check_corpus(corpus, [other]).faults
    assert {fault.reason for fault in faults} == {"8 words in a row as in other.txt"}


@pytest.mark.parametrize(
    ("french", "english"),
    [
        ("16,6 %", "16.6%"),
        ("20\u00a0000\u202fkm", "20,000 km"),
        ("2,3 milliards d'euros", "€2.3bn"),
        ("400 M€ et 45 millions d'euros", "€400m and €45m"),
        ("le 1er mai 2019", "on 1 May 2019"),
        ("en août 2022", "in August 2022"),
        ("7e place", "7th place"),
        ("Aix-Marseille 2.0", "Aix-Marseille 2.0"),
        ("250 m de long, 6 200 m²", "250 m long, 6,200 m²"),
        ("1,50", "1.5"),
    ],
)
def test_a_figure_is_the_same_in_both_languages(french: str, english: str) -> None:
    found = find_figures(french, FRENCH)
    assert found == find_figures(english, ENGLISH)
    assert found


@pytest.mark.parametrize(
    ("french", "english"),
    [
        ("2,3 milliards", "€2.3m"),
        ("16,6", "166"),
        ("en mai 2019", "in March 2019"),
        ("13 câbles, puis 13", "13 cables"),
    ],
)
def test_figures_that_differ_are_told_apart(french: str, english: str) -> None:
    assert find_figures(french, FRENCH) != find_figures(english, ENGLISH)


def test_the_verb_may_is_no_month() -> None:
    assert not find_figures("It may rain.", ENGLISH)


def test_overlap_is_the_share_of_content_words() -> None:
    """Of "cable", "landed", "marseille", two stand in the sentence; accents don't count."""
    assert measure_overlap("Which cable landed at Marseille?", "A câble for Marseille.") == 2 / 3
    assert measure_overlap("Who is it?", "It is Ada.") == 0


def test_runs_are_of_whole_words_in_any_case() -> None:
    runs = list_runs("Un deux trois quatre.", 3)
    assert list(find_runs("et UN, deux trois", runs, 3)) == ["un deux trois"]
    assert list(find_runs("un deux quatre", runs, 3)) == []
