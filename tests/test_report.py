"""The quality report: its figures, its words in both languages, and that it can do no harm."""

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from importlib.util import module_from_spec, spec_from_file_location
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree

import pytest

import massilia.eval.report as report_module
from massilia.corpus.article import Language
from massilia.eval.bootstrap import Estimate
from massilia.eval.cold_start import ColdStart
from massilia.eval.measures import list_measures
from massilia.eval.mistakes import (
    GoldSentence,
    MistakeKind,
    find_rank,
    judge_outcome,
    list_mistakes,
    tell_languages,
)
from massilia.eval.plots import (
    Axis,
    Bar,
    Curve,
    Interval,
    LogBin,
    Mark,
    Point,
    Tick,
    count_by_size,
    draw_intervals,
    draw_plot,
    list_even_ticks,
    list_log_ticks,
    thin_out,
)
from massilia.eval.question_set import GoldSpan, Judgement
from massilia.eval.report import (
    GROUP_MEASURES,
    SECTIONS,
    list_facts,
    list_groups,
    list_sections,
    list_turns,
    make_statements,
    render_report,
)
from massilia.eval.report_plots import draw_plots, find_least_risks
from massilia.eval.report_refusals import RefusalTable, tabulate_refusals
from massilia.eval.report_words import CATALOGUES, name_value, write_interval, write_value
from massilia.eval.run import CheckedQuote, Outcome, PassagePlace
from massilia.eval.run_file import Run
from massilia.eval.summary import Summary, summarise_run
from massilia.service.answer import SkippedReason
from massilia.service.messages import Messages, load_messages
from massilia.service.quality import ROOT

FRENCH = load_messages(Language.FRENCH, CATALOGUES)
ENGLISH = load_messages(Language.ENGLISH, CATALOGUES)
FOLDER = Path(report_module.__file__).parent
CSS = (FOLDER / "templates" / "report.css").read_text(encoding="utf-8")
SCRIPT = '<script>alert("it\'s")</script><img src=x onerror=y>'
SHARES = Axis("share", 0, 1, (Tick(0, "0"), Tick(0.5, "half"), Tick(1, "all")))

MakeOutcome = Callable[..., Outcome]
MakeQuote = Callable[..., CheckedQuote]
MakeRun = Callable[..., Run]


def load_tests(name: str) -> ModuleType:
    """Load another file of tests anew, to hold other things against what it checks."""
    path = Path(__file__).with_name(name)
    spec = spec_from_file_location(f"again_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


PAGES = load_tests("test_pages.py")
CHECKS = load_tests("test_messages.py")
vars(CHECKS).update(FRENCH=FRENCH, ENGLISH=ENGLISH)


@pytest.fixture
def full_run(make_outcome: MakeOutcome, make_quote: MakeQuote, make_run: MakeRun) -> Run:
    """Make a run of everything that a report can speak of: two wrong answers, one wrong refusal.

    q1 is right, q2 wrong and sure of it, q3 is refused wrongly, q4 is refused rightly, q5 has no
    answer and gets one. q2 was searched with a name of q1's.
    """
    kinds = {"type": "who", "form": "plain", "difficulty": "easy", "topic": "sea"}
    text = "Two cables. They land at the port."
    outcomes = (
        make_outcome("q1", "ab", [make_quote(confidence=0.75)], milliseconds=10, turn=1, **kinds),
        make_outcome(
            "q2",
            "ba",
            [make_quote("A ship.", 0.95, "b")],
            milliseconds=20,
            turn=2,
            gold=(GoldSpan("a", 12, 34),),
            passages=[PassagePlace("a", 5, 34)],
            **(kinds | {"type": "how many", "form": "typo"}),
        ),
        make_outcome(
            "q3",
            "b",
            best=make_quote("A ship.", 0.15, "b"),
            milliseconds=30,
            language=Language.FRENCH,
            **(kinds | {"difficulty": "hard", "topic": "land"}),
        ),
        make_outcome(
            "q4",
            answerable=False,
            unanswerable_kind="wrong-year",
            milliseconds=40,
            **(kinds | {"difficulty": "medium"}),
        ),
        make_outcome(
            "q5",
            "a",
            [make_quote(confidence=0.85)],
            answerable=False,
            unanswerable_kind="off-topic",
            milliseconds=1000,
            **kinds,
        ),
    )
    unsure = (SkippedReason.WEAK_EVIDENCE,)
    outcomes = (
        outcomes[0],
        replace(outcomes[1], rewritten="How many cables (Medusa)?"),
        replace(outcomes[2], reasons=unsure),
        replace(outcomes[3], reasons=(SkippedReason.NAME_NOT_FOUND, *unsure)),
        outcomes[4],
    )
    run = make_run(
        outcomes,
        texts={"a": text, "b": "A ship."},
        passages={"a:5-34": text[5:34]},
        directions={"en-en": outcomes[:2], "fr-en": outcomes[2:3]},
    )
    return replace(
        run,
        cold_start=ColdStart(7.84, 1147.8),
        data=replace(run.data, unjudged=3),
        setup=replace(run.setup, today=date(2026, 1, 1)),
    )


@pytest.fixture
def bare_run(make_outcome: MakeOutcome, make_run: MakeRun) -> Run:
    """Make a run on a data set that only says which articles are relevant."""
    return make_run(
        [
            make_outcome("q1", "ba", answers=()),
            make_outcome("q2", "ab", answers=()),
            make_outcome("q3", answers=()),
        ],
        corpus_language=Language.ENGLISH,
    )


def summarise(run: Run) -> Summary:
    return summarise_run(run, resamples=20)


def render(run: Run) -> str:
    return render_report(run, summarise(run))


def find_half(html: str, language: str) -> str:
    """Cut out what a report says in one language: French comes first."""
    french, english = html.split('<div class="half" id="en"')
    return english if language == "en" else french


# Plots


def test_a_value_lies_on_an_axis_between_its_ends() -> None:
    axis = Axis("", 20, 60, ())
    assert [axis.place(each) for each in (20, 30, 60)] == [0, 0.25, 1]
    assert [axis.place(each) for each in (-5, 99)] == [0, 1], "what lies beyond is held at an end"
    decades = Axis("", 10, 1000, (), logarithmic=True)
    assert [decades.place(each) for each in (10, 100, 1000, 0)] == pytest.approx([0, 0.5, 1, 0])


def test_a_plot_places_what_it_draws() -> None:
    """Across 0 to 1 is 46 to 346; down it is 247 to 27, as there is one line above the area.

    0.5 across is 46 + 150 = 196, and 0.2 and 0.4 are 106 and 166, less 0.75 on either side. 0.25
    down is 247 - 55 = 192, 0.5 is 137 and 0.75 is 82.
    """
    drawn = draw_plot(
        "what is seen",
        SHARES,
        SHARES,
        curves=[Curve("run", "ours", ((0, 0), (0.5, 0.25), (1, 1)))],
        bars=[Bar(0.2, 0.4, 0.5, "7")],
        points=[Point("now", 0.5, 0.75)],
    )
    assert '<path class="curve run" d="M46 247L196 192L346 27"/>' in drawn
    assert '<path class="bar" d="M106.75 247V137H165.25V247"/>' in drawn
    assert '<text class="count" x="136" y="133" text-anchor="middle">7</text>' in drawn
    assert '<circle class="point" cx="196" cy="82" r="5"/>' in drawn
    assert '<path class="grid" d="M46 247H346M46 137H346M46 27H346"/>' in drawn
    assert '<path class="axis" d="M46 247H346M46 247v4M196 247v4M346 247v4"/>' in drawn
    assert '<text class="tick" x="196" y="264" text-anchor="middle">half</text>' in drawn
    assert '<text class="tick" x="346" y="264" text-anchor="end">all</text>' in drawn
    assert 'role="img" aria-label="what is seen"' in drawn


def test_each_mark_has_its_label_on_a_line_of_its_own_where_there_is_room() -> None:
    """Of the marks in the right half the outer one comes first, and so crosses no label.

    0.1 is at 46 + 30 = 76, 0.8 at 286 and 0.9 at 316; the lines of text are 17 apart from 34 on.
    """
    drawn = draw_plot("", SHARES, SHARES, marks=[Mark("a", 0.1), Mark("b", 0.8), Mark("c", 0.9)])
    assert '<text class="value" x="81" y="34" text-anchor="start">a</text>' in drawn
    assert '<text class="value" x="311" y="51" text-anchor="end">c</text>' in drawn
    assert '<text class="value" x="281" y="68" text-anchor="end">b</text>' in drawn
    # The area is three lines lower than without marks.
    assert '<path class="mark" d="M76 24V298"/>' in drawn


def test_intervals_stand_below_their_labels() -> None:
    """Across 0 to 1 is 8 to 346: 0.5 is 177, 0.25 is 92.5. Rows are 42 high; this is the 2nd."""
    drawn = draw_intervals(
        "", SHARES, [Interval("none", "–", None, None, None), Interval("b", "x", 0.5, 0.25, 1)]
    )
    assert '<path class="interval" d="M92.5 66V76M92.5 71H346M346 66V76"/>' in drawn
    assert '<circle class="point" cx="177" cy="71" r="5"/>' in drawn
    assert drawn.count("<circle") == 1
    assert '<text class="label" x="8" y="57" text-anchor="start">b</text>' in drawn


def test_plots_are_well_formed_and_their_texts_stay_texts() -> None:
    axis = Axis(SCRIPT, 0, 1, (Tick(0, SCRIPT),))
    curves = [Curve("run", SCRIPT, ((0, 0), (1, 1)))]
    marks = [Mark(SCRIPT, 0.5)]
    bars = [Bar(0, 1, 0.5, SCRIPT)]
    points = [Point(SCRIPT, 0.5, 0.5)]
    for drawn, times in (
        (draw_plot(SCRIPT, axis, axis, curves, bars, points, marks), 8),
        (draw_intervals(SCRIPT, axis, [Interval(SCRIPT, SCRIPT, 0.5, 0.4, 0.6)]), 4),
    ):
        root = ElementTree.fromstring(drawn)
        assert root.get("aria-label") == SCRIPT
        assert [each.text for each in root.iter("text")].count(SCRIPT) == times
        assert {each.tag for each in root.iter()} <= {"svg", "path", "text", "circle"}


@pytest.mark.parametrize(
    ("high", "ticks"),
    [
        (0, [0, 1]),
        (1, [0, 1]),
        (5, [0, 1, 2, 3, 4, 5]),
        (6, [0, 2, 4, 6]),
        (353, [0, 100, 200, 300, 400]),
        (1001, [0, 500, 1000, 1500]),
    ],
)
def test_counts_have_round_ticks(high: float, ticks: list[float]) -> None:
    assert list_even_ticks(high) == ticks


def test_durations_have_round_ticks() -> None:
    assert list_log_ticks(15.8, 1259) == [20, 50, 100, 200, 500, 1000]
    assert list_log_ticks(0.1, 1) == pytest.approx([0.1, 0.2, 0.5, 1])


def test_values_are_counted_in_tenths_of_a_decade() -> None:
    """10 and 12 lie between 10 ** 1.0 and 10 ** 1.1, which is 12.6; 100 begins the bin after 20."""
    bins = count_by_size([10, 100, 12], 0.1)
    assert [each.count for each in bins] == [2, *[0] * 9, 1]
    assert (bins[0].low, bins[0].high) == pytest.approx((10, 12.589), abs=0.001)
    assert count_by_size([], 0.1) == []


def test_values_of_one_size_still_span_a_decade() -> None:
    """Nine bins are missing beside that of 10: four before it, five after it."""
    bins = count_by_size([10, 10], 0.1)
    assert [each.count for each in bins] == [0, 0, 0, 0, 2, 0, 0, 0, 0, 0]
    assert bins[-1].high / bins[0].low == pytest.approx(10)
    below = count_by_size([0, -1], 0.1)
    assert LogBin(pytest.approx(0.1), pytest.approx(0.1259, abs=0.001), 2) in below


def test_a_long_curve_keeps_its_ends() -> None:
    assert thin_out(4, 10) == [0, 1, 2, 3]
    assert thin_out(101, 5) == [0, 25, 50, 75, 100]
    assert len(set(thin_out(201, 200))) == 200


def test_an_oracle_has_every_right_answer_first() -> None:
    """Two right, two wrong: nothing wrong in one or two answers, 1 in 3, 2 in 4."""
    assert find_least_risks([1, 0, 1, 0]) == pytest.approx([0, 0, 1 / 3, 1 / 2])


# Words and figures


@pytest.mark.parametrize(
    ("name", "value", "french", "english"),
    [
        ("nDCG@10", 0.65675, "0,657", "0.657"),
        ("coverage", 0.63636, "63,6\u00a0%", "63.6%"),
        ("verbatim_rate", 1.0, "100\u00a0%", "100%"),
        ("verbatim_rate", 0.99999, "99,9\u00a0%", "99.9%"),
        ("false_answer_rate", 0.0, "0\u00a0%", "0%"),
        ("false_answer_rate", 0.00001, "0,1\u00a0%", "0.1%"),
        ("latency_p50_ms", 23.37, "23,4\u00a0ms", "23.4\u00a0ms"),
        ("latency_p99_ms", 1028.96, "1\u202f029\u00a0ms", "1,029\u00a0ms"),
        ("quotes_per_answer", 2.155, "2,15", "2.15"),
        ("AURC", None, "–", "–"),
    ],
)
def test_figures_are_written_as_the_language_writes_them(
    name: str, value: float | None, french: str, english: str
) -> None:
    """Only what is wholly so is written as 0 or 100 %."""
    assert write_value(FRENCH, name, value) == french
    assert write_value(ENGLISH, name, value) == english


def test_an_interval_names_its_unit_once() -> None:
    share = Estimate(0.5, 0.25, 1.0)
    assert write_interval(FRENCH, "coverage", share) == "25,0 à 100\u00a0%"
    assert write_interval(ENGLISH, "nDCG@10", share) == "0.250 to 1.000"
    for unknown in (Estimate(None, 0.1, 0.2), Estimate(0.5, None, None)):
        assert write_interval(FRENCH, "coverage", unknown) == "–"


def test_groups_are_named_as_people_name_them() -> None:
    assert name_value(FRENCH, "direction", "fr-en") == "question en français, articles en anglais"
    assert name_value(ENGLISH, "language", "fr") == "French"
    assert name_value(FRENCH, "turn", "3") == "tour 3"
    assert name_value(ENGLISH, "form", "no-accents") == "no accents"
    assert name_value(ENGLISH, "type", SCRIPT) == SCRIPT, "what no catalogue knows stands as it is"


def test_decimals_are_written_as_the_language_writes_them() -> None:
    assert FRENCH.decimal(12345.678, 2) == "12\u202f345,68"
    assert ENGLISH.decimal(12345.678, 2) == "12,345.68"
    assert FRENCH.decimal(1234.5, 0) == "1\u202f234"
    assert ENGLISH.percentage(0.0125, 2) == "1.25%"


def test_catalogues_are_added_to_those_of_the_service() -> None:
    service = load_messages(Language.FRENCH)
    own = own_texts(Language.FRENCH)
    assert FRENCH.texts == {**service.texts, **own}
    assert not set(service.texts) & set(own), "none takes the place of another"


@pytest.mark.parametrize(
    "check",
    [
        "test_both_catalogues_have_the_same_keys",
        "test_both_catalogues_have_the_same_placeholders",
        "test_a_plural_has_both_its_forms",
        "test_french_is_set_as_french",
        "test_english_is_set_as_english",
    ],
)
def test_the_reports_catalogues_pass_the_checks_of_the_services(check: str) -> None:
    getattr(CHECKS, check)()


def own_texts(language: Language) -> Mapping[str, str]:
    path = FOLDER / "catalogues" / f"{language}.toml"
    texts: Mapping[str, str] = load_flat(tomllib.loads(path.read_text(encoding="utf-8")))
    return texts


def load_flat(table: Mapping[str, object], prefix: str = "") -> dict[str, str]:
    texts: dict[str, str] = {}
    for name, value in table.items():
        if isinstance(value, Mapping):
            texts |= load_flat(value, f"{prefix}{name}.")
        else:
            texts[prefix + name] = str(value)
    return texts


def test_every_text_is_asked_for_and_every_text_asked_for_exists(
    full_run: Run,
    bare_run: Run,
    make_outcome: MakeOutcome,
    make_run: MakeRun,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Shown are a run of everything, one without answers, one all right, and one of refusals."""
    asked: set[str] = set()
    text = Messages.text

    def listen(messages: Messages, key: str, **values: object) -> str:
        asked.add(key)
        return text(messages, key, **values)

    monkeypatch.setattr(Messages, "text", listen)
    right = make_run([make_outcome("q1", "a", ["Two cables."])])
    refused = make_run(
        [
            replace(make_outcome("q1"), reasons=(SkippedReason.NO_RELEVANT_CONTENT,)),
            make_outcome("q2", answerable=False),
        ]
    )
    for run in (full_run, bare_run, right, refused):
        render(run)
    known = {re.sub(r"\.(one|other)$", "", key) for key in own_texts(Language.FRENCH)}
    # The kinds of questions are those that sets name; `full_run` has some of them.
    named = {key for key in known if re.match(r"values\.\w+\.", key)}
    assert known - asked - named == set()
    assert {"values.type.who", "values.form.typo", "values.difficulty.hard"} <= asked


# What a report says


def test_a_run_is_said_in_plain_words(full_run: Run) -> None:
    """Three questions have an answer, and one of them gets it; of two without, one is refused.

    Three get quotes: one of them right. All three quotes hold. The right article comes first for
    q1 alone. The median of 10, 20, 30, 40 and 1000 ms is 30; 95 % of the way is 40 + 0.8 * 960.
    Confidences and rights: .75 and 1, .95 and 0, .15 and 0, 0 and 0, .85 and 0, each in a bin of
    its own: (.25 + .95 + .15 + 0 + .85) / 5 = .44.
    """
    measures = summarise(full_run).measures
    statements = make_statements(full_run, measures, ENGLISH)
    said = [f"{each.figure} {each.text}" for each in statements]
    assert said == [
        "33.3% of the questions that the library can answer find their answer in the first quote: "
        "1 of 3. In the first three it is 33.3%.",
        "33.3% of the questions that have an answer have one of the articles that give it as the "
        "first one found. For 66.7% it is among the first five.",
        "50.0% of the questions that the library has no answer to are refused, as they should be: "
        "1 of 2. The others get a quote that doesn’t answer.",
        "66.7% of the answers given are wrong: in 2 of 3 the first quote doesn’t answer. Massilia "
        "answers 60.0% of the questions.",
        "100% of the quotes are exact: 3 of 3 are copied to the letter, lie where they are said "
        "to, and open highlighted in their article.",
        "44.0 points lie on average between the stated confidence and the share of right answers.",
        "30.0\u00a0ms are enough for half of the answers. 95% of them take 808\u00a0ms at most.",
    ]
    french = make_statements(full_run, measures, FRENCH)
    assert french[0].figure == "33,3\u00a0%"
    assert "3 sur 3 sont copiées à la lettre" in french[4].text


def test_a_broken_quote_is_never_rounded_away(
    make_outcome: MakeOutcome, make_quote: MakeQuote, make_run: MakeRun
) -> None:
    sound = [make_outcome(f"q{number}", "a", ["Two."]) for number in range(3999)]
    broken = make_outcome("x", "a", [make_quote(resolves=False)])
    run = make_run([*sound, broken])
    (said,) = [each for each in make_statements(run, {}, ENGLISH) if "exact" in each.text]
    assert said.figure == "99.9%"
    assert "3,999 of 4,000" in said.text


def test_what_a_data_set_cannot_tell_is_left_unsaid_and_shown_as_undefined(bare_run: Run) -> None:
    """The first article is right for one question of three, and one of the first five for two."""
    summary = summarise(bare_run)
    said = [each.figure for each in make_statements(bare_run, summary.measures, ENGLISH)]
    assert said == ["33.3%", "1.0\u00a0ms"]
    rows = list_sections(bare_run, summary.measures, ENGLISH)
    shown = {row.name: (row.value, row.reason) for section in rows.values() for row in section}
    assert shown["answer_hit@1"] == (None, "undefined")
    assert shown["ECE"] == (None, "undefined")
    assert shown["cold_start_s"] == (None, "unmeasured")
    assert shown["Success@5"][0] == "66.7%"
    html = render(bare_run)
    for language, words in (("fr", "non défini pour ce jeu"), ("en", "not defined for this data")):
        assert words in find_half(html, language)
    assert "whether the quotes answer can’t be measured" in html
    assert "Nothing to draw" in html
    page = PAGES.Page(html)
    assert len(page.texts("svg")) == 2 * 2, "the ranking and the durations, in two languages"


def test_every_measure_is_shown_once_with_the_way_that_is_better() -> None:
    shown = [name for names in SECTIONS.values() for name in names]
    assert sorted(shown) == sorted(list_measures())
    assert set(GROUP_MEASURES) <= set(shown)


def test_better_is_higher_lower_or_neither(full_run: Run) -> None:
    rows = list_sections(full_run, summarise(full_run).measures, ENGLISH)
    better = {row.name: row.better for section in rows.values() for row in section}
    assert better["nDCG@10"] == "higher"
    assert better["AURC"] == better["cold_start_s"] == better["latency_p50_ms"] == "lower"
    assert better["coverage"] == "neither"
    values = {row.name: row.value for section in rows.values() for row in section}
    assert values["cold_start_s"] == "7.8\u00a0s"
    assert values["peak_memory_mib"] == "1,148\u00a0MiB"


def test_groups_are_shown_unless_they_are_the_whole_run(full_run: Run, bare_run: Run) -> None:
    assert list_groups(summarise(bare_run), ENGLISH) == {}
    groups = list_groups(summarise(full_run), ENGLISH)
    assert list(groups) == [
        "language", "direction", "type", "form", "difficulty", "unanswerable_kind", "topic",
    ]  # fmt: skip
    assert [row.name for row in groups["difficulty"]] == ["easy", "medium", "hard"]
    assert [(row.name, row.questions) for row in groups["language"]] == [
        ("English", "4"),
        ("French", "1"),
    ]
    hits = {
        row.name: row.cells[GROUP_MEASURES.index("answer_hit@1")].value for row in groups["type"]
    }
    assert hits == {"how many": "0%", "who": "50.0%"}
    refused = groups["unanswerable_kind"][0].cells
    assert refused[GROUP_MEASURES.index("nDCG@10")].value is None, "they have no right article"


def test_turns_are_in_the_order_of_a_conversation(
    make_outcome: MakeOutcome, make_run: MakeRun
) -> None:
    run = make_run([make_outcome(f"q{turn}", "a", turn=turn) for turn in (10, 2, 1)])
    names = [row.name for row in list_turns(run, summarise(run), ENGLISH)]
    assert names == ["turn 1", "turn 2", "turn 10"]


def test_turns_are_shown_with_how_many_were_completed(
    make_outcome: MakeOutcome, make_run: MakeRun
) -> None:
    """Two conversations: of two second turns one is completed, and one is right."""
    outcomes = [
        make_outcome("q1", quotes=["Two"], turn=1),
        replace(make_outcome("q2", quotes=["Two"], turn=2), rewritten="What of Medusa?"),
        make_outcome("q3", turn=1),
        make_outcome("q4", quotes=["Three"], turn=2),
        replace(make_outcome("q5"), rewritten="asked in no conversation"),
    ]
    run = make_run(outcomes)
    rows = list_turns(run, summarise(run), FRENCH)
    assert [(row.name, row.questions, row.completed) for row in rows] == [
        ("tour 1", "2", "0"),
        ("tour 2", "2", "1"),
    ]
    place = GROUP_MEASURES.index("answer_hit@1")
    assert [row.cells[place].value for row in rows] == ["50,0\u00a0%"] * 2
    first = make_run(outcomes[:1])
    assert list_turns(first, summarise(first), FRENCH) == (), "no turn follows another"


def test_reasons_are_counted_by_what_is_amiss(make_outcome: MakeOutcome) -> None:
    """A question may be refused for two reasons; what has an answer comes last."""
    weak, name = SkippedReason.WEAK_EVIDENCE, SkippedReason.NAME_NOT_FOUND

    def refuse(number: int, *reasons: SkippedReason, **more: object) -> Outcome:
        return replace(make_outcome(f"q{number}", **more), reasons=reasons)

    def refuse_kind(number: int, kind: str | None, *reasons: SkippedReason) -> Outcome:
        return refuse(number, *reasons, answerable=False, unanswerable_kind=kind)

    outcomes = [
        refuse(1, weak),
        make_outcome("q2", quotes=["Two"]),
        refuse_kind(3, None, weak),
        refuse_kind(4, "wrong-year", weak, name),
        refuse_kind(5, "wrong-entity", name),
        make_outcome("q6", quotes=["Two"], answerable=False, unanswerable_kind="wrong-entity"),
        refuse_kind(7, "wrong-entity", weak),
    ]
    table = tabulate_refusals(outcomes, ENGLISH)
    assert table.reasons == (
        ("NAME_NOT_FOUND", "unknown name"),
        ("WEAK_EVIDENCE", "nothing sure enough"),
    )
    assert [(row.name, row.questions, row.answered, row.counts) for row in table.rows] == [
        ("wrong entity", "3", "1", ("1", "1")),
        ("wrong year", "1", "0", ("1", "1")),
        ("without an answer, unspecified", "1", "0", ("0", "1")),
        ("with an answer", "2", "1", ("0", "1")),
    ]
    assert tabulate_refusals(outcomes[1:2], ENGLISH) == RefusalTable((), ())


def test_every_reason_has_a_name() -> None:
    for messages in (FRENCH, ENGLISH):
        named = {name_value(messages, "reason", reason) for reason in SkippedReason}
        assert len(named) == len(SkippedReason)
        assert not named & set(SkippedReason)


def test_parts_that_have_nothing_to_show_are_left_out(full_run: Run, bare_run: Run) -> None:
    for run, shown in ((full_run, True), (bare_run, False)):
        html = find_half(render(run), "en")
        for part in ("groups", "conversations", "refusals"):
            assert (f'href="#en-{part}"' in html) is shown
            assert (f'id="en-{part}"' in html) is shown


def test_what_was_run_is_told_with_short_hashes(full_run: Run) -> None:
    facts = dict(list_facts(full_run, ENGLISH))
    assert facts["Question set"] == "set.jsonl"
    assert facts["Questions"] == f"5 (SHA-256: {full_run.data.questions_sha256[:12]}…)"
    assert facts["Measured on"] == "1 January 2026 at 00:00 (UTC)"
    assert facts["Machine"] == "a processor, 2 cores, Python 3.11"
    assert facts["Not asked, since nothing is judged for them"] == "3"
    assert facts["Dates counted from"] == "1 January 2026"
    assert "Language of the articles" not in facts
    french = dict(list_facts(full_run, FRENCH))
    assert french["Mesuré le"] == "1er janvier 2026 à 00\u00a0h\u00a000 (UTC)"


@pytest.mark.parametrize(
    ("created", "shown"),
    [
        ("2026-11-22T01:30:00+02:00", "21 November 2026 at 23:30 (UTC)"),
        ("2026-11-22T12:49:13", "22 November 2026 at 12:49 (UTC)"),
        ("yesterday <b>", "yesterday <b>"),
    ],
)
def test_a_moment_is_told_in_universal_time(full_run: Run, created: str, shown: str) -> None:
    facts = dict(list_facts(replace(full_run, created=created), ENGLISH))
    assert facts["Measured on"] == shown


# What its plots show


def read_plots(
    run: Run, language: Language | None = None
) -> dict[str, tuple[tuple[str, ...], ...]]:
    plots = draw_plots(run, summarise(run), ENGLISH)
    return {plot.name: plot.rows for plot in plots if plot.language is language}


def test_the_curves_have_the_values_of_the_run(full_run: Run) -> None:
    """Surest first: q2 wrong, q5 wrong, q1 right, q3 wrong, q4 wrong (nothing answers it).

    So the risks at 1 to 5 answers are 1, 1, 2/3, 3/4 and 4/5; an oracle has q1 first, and then
    0, 1/2, 2/3, 3/4 and 4/5. A tenth and two tenths of five questions are one question.
    """
    rows = read_plots(full_run)
    assert [row[1] for row in rows["risk_coverage"]][1::2] == [
        "100%", "100%", "66.7%", "75.0%", "80.0%",
    ]  # fmt: skip
    assert [row[2] for row in rows["risk_coverage"]][1::2] == [
        "0%", "50.0%", "66.7%", "75.0%", "80.0%",
    ]  # fmt: skip
    assert rows["risk_coverage"][0][:2] == ("10%", "100%")
    assert rows["reliability"][7] == ("70% to 80%", "1", "75.0%", "100%")
    assert rows["reliability"][2] == ("20% to 30%", "0", "–", "–")
    assert [row[0] for row in rows["ranking"]] == [
        "question in English, articles in English",
        "question in French, articles in English",
    ]
    assert [row[1] for row in rows["latency"]] == ["1", "1", "1", "1", "1"]
    assert rows["latency"][0] == ("10 to 12.6", "1")


def test_each_language_has_its_own_curves(full_run: Run) -> None:
    """French is q3 alone, which is wrong and at 15 %. English is the others, surest first: q2
    wrong, q5 wrong, q1 right, q4 wrong; risks of 1, 1, 2/3 and 3/4.
    """
    french = read_plots(full_run, Language.FRENCH)
    english = read_plots(full_run, Language.ENGLISH)
    assert set(french) == set(english) == {"risk_coverage", "reliability"}
    assert [row[1] for row in french["risk_coverage"]] == ["100%"] * 10
    risks = [row[1] for row in english["risk_coverage"]]
    assert (risks[0], risks[4], risks[6], risks[9]) == ("100%", "100%", "66.7%", "75.0%")
    assert french["reliability"][1] == ("10% to 20%", "1", "15.0%", "0%")
    assert [row[1] for row in english["reliability"]] == list("1000000111")
    plots = draw_plots(full_run, summarise(full_run), FRENCH)
    told = {plot.language: str(plot.drawing) for plot in plots if plot.name == "risk_coverage"}
    assert list(told) == [None, Language.FRENCH, Language.ENGLISH]
    # Of what each area under the curve is: 1, and (1 + 1 + 2/3 + 3/4) / 4.
    area = 'aria-label="Questions en {}. Courbe du risque selon la couverture\u202f; aire sous'
    assert f"{area.format('français')} la courbe 1,000." in told[Language.FRENCH]
    assert f"{area.format('anglais')} la courbe 0,854." in told[Language.ENGLISH]
    assert "Questions en" not in told[None]


def test_what_nothing_was_looked_for_is_not_among_the_durations(
    full_run: Run, make_outcome: MakeOutcome
) -> None:
    unseen = replace(
        make_outcome("q6", answerable=False, milliseconds=0.0),
        reasons=(SkippedReason.NOT_A_QUESTION,),
    )
    run = replace(full_run, outcomes=(*full_run.outcomes, unseen))
    assert read_plots(run)["latency"] == read_plots(full_run)["latency"]


def test_one_language_alone_has_no_curves_of_its_own(
    make_outcome: MakeOutcome, make_run: MakeRun
) -> None:
    """What can't be judged in the other language leaves nothing to draw."""
    run = make_run(
        [make_outcome("q1", "a", ["Two."]), make_outcome("q2", answers=(), language="fr")]
    )
    assert [plot.language for plot in draw_plots(run, summarise(run), ENGLISH)] == [None] * 4


def test_the_working_point_is_marked_at_its_coverage_and_risk(full_run: Run) -> None:
    """Three of five are answered, two of them wrongly: across 46 + 180, down 247 - 220 * 2/3."""
    plot = draw_plots(full_run, summarise(full_run), ENGLISH)[0]
    assert plot.drawing is not None
    assert '<circle class="point" cx="226" cy="100.33" r="5"/>' in plot.drawing
    assert "present threshold: 60.0% answered, 66.7% wrong" in plot.drawing


def test_a_run_of_one_language_is_drawn_by_the_language_of_its_questions(
    make_outcome: MakeOutcome, make_run: MakeRun
) -> None:
    rows = read_plots(make_run([make_outcome("q1", "a", ["Two."])]))
    assert [row[:3] for row in rows["ranking"]] == [("English", "1", "1.000")]


def test_questions_without_an_answer_are_judged_by_themselves(
    make_outcome: MakeOutcome, make_run: MakeRun
) -> None:
    """One of two is answered, and so wrongly; the other would be wrong if it were answered."""
    run = make_run(
        [make_outcome("q1", "a", ["Two."], answerable=False), make_outcome("q2", answerable=False)]
    )
    assert [row[1] for row in read_plots(run)["risk_coverage"]] == ["100%"] * 10
    assert "can’t be measured" not in render(run)


@pytest.mark.parametrize("kind", ["nothing found", "all unanswerable", "no time"])
def test_runs_at_the_edges_still_make_a_report(
    kind: str, make_outcome: MakeOutcome, make_run: MakeRun
) -> None:
    outcomes = {
        "nothing found": [make_outcome("q1"), make_outcome("q2")],
        "all unanswerable": [make_outcome("q1", answerable=False)],
        "no time": [make_outcome("q1", "a", ["Two."], milliseconds=0)],
    }[kind]
    PAGES.Page(render(make_run(outcomes)))


# The worst answers


def test_the_surest_wrong_answer_is_the_worst(full_run: Run) -> None:
    mistakes = list_mistakes(full_run)
    assert [(each.outcome.expected.id, each.kind) for each in mistakes] == [
        ("q2", MistakeKind.WRONG_QUOTE),
        ("q5", MistakeKind.ANSWERED_UNANSWERABLE),
        ("q3", MistakeKind.REFUSED),
    ]
    assert [each.rank for each in mistakes] == [2, None, None]
    assert list_mistakes(full_run, most=1) == mistakes[:1]


def test_what_is_right_is_no_mistake(make_outcome: MakeOutcome) -> None:
    assert judge_outcome(make_outcome(quotes=["Two cables."])) is None
    assert judge_outcome(make_outcome(answerable=False)) is None
    assert judge_outcome(make_outcome(ranking="a", answers=())) is None
    assert judge_outcome(make_outcome(ranking="ba", answers=())) is MistakeKind.NOT_FIRST


def test_a_deep_right_article_is_worse_than_a_near_one_and_a_missing_one_worst(
    make_outcome: MakeOutcome, make_run: MakeRun
) -> None:
    run = make_run(
        [
            make_outcome("near", "bca"),
            make_outcome("twin", "bca"),
            make_outcome("deep", "bcdea"),
            make_outcome("missing", "b"),
        ]
    )
    listed = [each.outcome.expected.id for each in list_mistakes(run)]
    assert listed == ["missing", "deep", "near", "twin"]


def test_the_first_article_that_answers_is_ranked_from_one(make_outcome: MakeOutcome) -> None:
    judged = (Judgement("b", 0), Judgement("d"), Judgement("c", 2))
    assert find_rank(make_outcome(ranking="abcd", qrels=judged)) == 3


def test_gold_sentences_are_cut_out_of_the_passages(full_run: Run) -> None:
    """The passage begins at 5; the sentence is the article's from 12 to 34."""
    assert list_mistakes(full_run)[0].gold == (
        GoldSentence("a", Language.ENGLISH, "They land at the port."),
    )
    assert list_mistakes(replace(full_run, passages={}))[0].gold[0].text is None


def test_a_gold_sentence_that_no_passage_holds_whole_is_named_by_its_article(
    make_outcome: MakeOutcome, make_run: MakeRun
) -> None:
    outcome = make_outcome(
        gold=(GoldSpan("a", 0, 11),), passages=[PassagePlace("a", 0, 10), PassagePlace("a", 1, 11)]
    )
    run = make_run([outcome], passages={"a:0-10": "Two cables", "a:1-11": "wo cables."})
    assert list_mistakes(run)[0].gold == (GoldSentence("a", None, None),)


def test_gold_in_the_questions_language_is_preferred(
    make_outcome: MakeOutcome, make_run: MakeRun
) -> None:
    qrels = (Judgement("a"), Judgement("fr"))
    asked = make_outcome("q1", ["b"], qrels=qrels)
    directions = {
        "en-en": [make_outcome("q1", ["a"], qrels=qrels[:1])],
        "en-fr": [make_outcome("q1", ["fr"], qrels=qrels[1:])],
    }
    run = make_run([asked], directions=directions)
    assert tell_languages(run) == {"a": Language.ENGLISH, "fr": Language.FRENCH}
    assert [each.article_id for each in list_mistakes(run)[0].gold] == ["a"]
    untold = make_run([asked])
    assert [each.article_id for each in list_mistakes(untold)[0].gold] == ["a", "fr"]


def test_a_mistake_is_shown_with_what_was_quoted_and_what_was_expected(full_run: Run) -> None:
    html = find_half(render(full_run), "en")
    first = html.split('<ol class="mistakes">')[1].split("</li>\n<li>\n<h3")[0]
    for shown in (
        "How many cables?",
        "Quotes a sentence that doesn’t answer",
        '<q lang="en">A ship.</q>',
        "<code>b</code><span>confidence 95%",
        '<q lang="en">They land at the port.</q>',
        "Two",
        "typing error",
        "turn 2",
        '<dt>Understood as</dt>\n<dd><q lang="en">How many cables (Medusa)?</q></dd>',
        "First article that answers: rank 2.",
    ):
        assert shown in first, shown
    assert "Withheld, as not sure enough" in html
    assert "Nothing: it should have abstained." in html


# The page


@pytest.fixture
def hostile_run(make_outcome: MakeOutcome, make_quote: MakeQuote, make_run: MakeRun) -> Run:
    fields = ("type", "form", "difficulty", "topic", "unanswerable_kind", "need")
    outcome = make_outcome(
        f"q{SCRIPT}",
        [SCRIPT],
        [make_quote(SCRIPT, 0.9, SCRIPT)],
        question=f"</style>{SCRIPT}",
        qrels=(Judgement(f"gold {SCRIPT}"),),
        answers=(f"Two {SCRIPT}",),
        **dict.fromkeys(fields, SCRIPT),
    )
    outcome = replace(outcome, rewritten=f"again </style>{SCRIPT}")
    other = make_outcome("q2", "a", ["Two."], type="who", topic="sea")
    refused = replace(
        make_outcome("q3", answerable=False, unanswerable_kind=SCRIPT),
        reasons=(SkippedReason.WEAK_EVIDENCE,),
    )
    run = make_run([outcome, other, refused], name=SCRIPT)
    setup = replace(run.setup, encoder=SCRIPT, retriever=SCRIPT, processor=SCRIPT, version=SCRIPT)
    return replace(run, setup=setup, created=f"{SCRIPT} {ROOT}")


@pytest.fixture(params=["full", "bare", "hostile"])
def html(request: pytest.FixtureRequest) -> Iterator[str]:
    yield render(request.getfixturevalue(f"{request.param}_run"))


def test_nothing_that_was_measured_can_act(hostile_run: Run) -> None:
    html = render(hostile_run)
    page = PAGES.Page(html)
    assert "<script" not in html
    assert page.texts("h3", lang="en").count(f"</style>{SCRIPT}") == 2
    assert page.texts("q", lang="en") == [f"again </style>{SCRIPT}", SCRIPT] * 2
    images = page.values("img", "src")
    assert len(images) == 4, "the site's own, twice"


def test_a_report_loads_nothing_and_runs_nothing(html: str) -> None:
    page = PAGES.Page(html)
    tags = [tag for tag, _, _ in page.elements]
    assert tags.count("style") == 1
    assert not {"script", "iframe", "object", "form", "input", "base"} & set(tags)
    for tag, attributes, _ in page.elements:
        assert "style" not in attributes, tag
        assert not any(name.startswith("on") for name in attributes), tag
        for name in ("src", "href", "srcset", "action", "xlink:href"):
            address = attributes.get(name)
            assert address is None or re.match(r"#|/(fr|en)/|data:image/svg\+xml;base64,", address)
    (style,) = page.texts("style")
    assert style.strip() == CSS.strip()
    assert "width=device-width, initial-scale=1" in page.values("meta", "content")
    assert not re.search(r"url\(|@import|@font-face|expression|</", style)


def test_only_links_of_the_site_lead_out_of_the_file(html: str) -> None:
    """They are shown by the service alone: in a file they would lead nowhere."""
    page = PAGES.Page(html)
    outward = [link for link in page.values("a", "href") if not (link or "").startswith("#")]
    assert outward == ["/fr/", "/fr/articles", "/en/", "/en/articles"]
    assert html.count('<li class="site"><a href="/') == len(outward)


def test_what_the_service_replaces_stands_once(html: str) -> None:
    assert html.count(ROOT) == 1
    assert html.index(ROOT) < html.index("<head>")


def test_every_id_is_one_elements_and_every_reference_leads_to_one(html: str) -> None:
    page = PAGES.Page(html)
    ids = [found["id"] for _, found, _ in page.elements if "id" in found]
    assert len(ids) == len(set(ids))
    for _, found, _ in page.elements:
        if (link := found.get("href") or "").startswith("#"):
            assert link[1:] in ids
        if label := found.get("aria-labelledby"):
            assert label in ids


def test_tables_and_headings_are_those_of_a_document(html: str) -> None:
    """WCAG 1.3.1: captions, header cells with their scope, and no level of headings is skipped."""
    page = PAGES.Page(html)
    tags = [tag for tag, _, _ in page.elements]
    assert tags.count("table") == tags.count("caption") > 0
    assert all(text.strip() for text in page.texts("caption"))
    for tag, found, _ in page.elements:
        if tag == "th":
            assert found.get("scope") in {"row", "col"}
    for body in re.findall(r"<tbody>.*?</tbody>", html, re.DOTALL):
        assert body.count("<tr>") == len(re.findall(r'<tr>\n<th scope="row">', body)) > 0
    regions = [found for _, found, _ in page.elements if found.get("class") == "scroll"]
    assert len(regions) == tags.count("table")
    assert all(found["tabindex"] == "0" and found["role"] == "region" for found in regions)
    for half in ("fr", "en"):
        levels = [int(level) for level in re.findall(r"<h([1-6])", find_half(html, half))]
        assert levels.count(1) == 1
        assert levels[0] == 1
        assert set(levels) == {1, 2, 3}
        assert all(after - before <= 1 for before, after in pairwise(levels))


def test_rows_are_as_wide_as_their_heads(html: str) -> None:
    for table in re.findall(r"<table.*?</table>", html, re.DOTALL):
        widths = set()
        for row in re.findall(r"<tr>.*?</tr>", table, re.DOTALL):
            spans = re.findall(r'<t[hd](?: colspan="(\d)")?[ >]', row)
            widths.add(sum(int(span or 1) for span in spans))
        assert len(widths) == 1


def test_both_halves_say_the_same_in_their_own_language(full_run: Run) -> None:
    html = render(full_run)
    french, english = (find_half(html, language) for language in ("fr", "en"))
    assert french.count("<tr>") == english.count("<tr>")
    assert french.count("<svg") == english.count("<svg") == 4 + 2 * 2
    assert "33,3\u00a0%" in french
    assert "33.3%" not in french
    assert "33.3%" in english
    assert "33,3" not in english
    page = PAGES.Page(html)
    halves = [found for _, found, _ in page.elements if found.get("class") == "half"]
    assert [(found["id"], found["lang"]) for found in halves] == [("fr", "fr"), ("en", "en")]


def test_arrows_have_words_beside_them(html: str) -> None:
    for arrow, words in (("↑", "higher"), ("↓", "lower")):
        found = re.findall(rf'<span aria-hidden="true">{arrow}</span> (\w+)', find_half(html, "en"))
        assert set(found) == {words}


def read_colours(css: str) -> list[dict[str, str]]:
    light, dark = re.findall(r":root \{(.*?)\}", css, re.DOTALL)[:2]
    return [dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", scheme)) for scheme in (light, dark)]


def test_the_colours_are_those_of_the_site() -> None:
    for own, theirs in zip(read_colours(CSS), PAGES.read_colours().values(), strict=True):
        assert own
        assert own.items() <= theirs.items()


@pytest.mark.parametrize("scheme", [0, 1])
def test_texts_and_curves_stand_out(scheme: int) -> None:
    """WCAG 2.2 AA: 4.5 for texts; 3 for the curves, bars, whiskers and axes."""
    light, dark = read_colours(CSS)
    colours = (light, light | dark)[scheme]
    texts = [
        (front, back)
        for front in ("ink", "quiet", "link", "accent")
        for back in ("paper", "surface")
    ]
    texts += [("on-sea", "sea"), ("on-sea-quiet", "sea")]
    signs = [(front, "paper") for front in ("edge", "accent", "link", "quiet")]
    for pairs, least in ((texts, 4.5), (signs, 3)):
        for front, back in pairs:
            assert PAGES.contrast(colours[front], colours[back]) >= least, (front, back)


def test_classes_of_the_style_are_those_of_the_page(full_run: Run, bare_run: Run) -> None:
    """So that no rule outlives what it was for, and nothing drawn is left without colour."""
    page = PAGES.Page(render(full_run) + render(bare_run).replace("<!doctype html>", ""))
    used = {
        name for _, found, _ in page.elements for name in (found.get("class") or "").split()
    } | {"served"}
    styled = set(re.findall(r"\.([a-z][\w-]*)", re.sub(r"/\*.*?\*/|\{[^{}]*\}", " ", CSS)))
    assert styled <= used, styled - used
    # These look like any other of their kind.
    plain = {"axis", "label"}
    assert used - styled - plain == set()
