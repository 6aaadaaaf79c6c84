"""The gate, with changes planted in a run of sixty questions."""

import json
from collections.abc import Callable, Container
from dataclasses import replace
from pathlib import Path

import pytest

from massilia.eval.bootstrap import Estimate
from massilia.eval.gate import (
    GATED,
    GATED_BY_DIRECTION,
    WHOLE,
    Check,
    Floors,
    GateError,
    check_data,
    check_run,
    pin_floors,
    read_floors,
    write_floors,
)
from massilia.eval.measures import INTEGRITY, Scores
from massilia.eval.question_set import GoldSpan
from massilia.eval.run import CheckedQuote, Outcome
from massilia.eval.run_file import Run

MakeOutcome = Callable[..., Outcome]
MakeQuote = Callable[..., CheckedQuote]
MakeRun = Callable[..., Run]
MakeSixty = Callable[..., list[Outcome]]

DROPPED = "is worse than pinned by more than chance explains"
NONE: frozenset[int] = frozenset()


@pytest.fixture
def make_sixty(make_outcome: MakeOutcome, make_quote: MakeQuote) -> MakeSixty:
    """Make sixty questions, numbered from 0, of which 0 to 47 have an answer.

    The article stands first, or second for those in `second`. Quoted is the answer, or for 36 to 47
    and those in `wrong` something else. 48 to 55 are refused, 56 to 59 answered. Confidences are
    6/7 where the quote is right and 1/3 where not; for those in `astray` the other way round.
    """

    def make(
        second: Container[int] = NONE,
        wrong: Container[int] = NONE,
        astray: Container[int] = NONE,
    ) -> list[Outcome]:
        outcomes = []
        for number in range(60):
            answerable = number < 48
            right = number < 36 and number not in wrong
            confidence = 6 / 7 if right is not (number in astray) else 1 / 3
            quote = make_quote("Two cables." if right else "Three seas.", confidence)
            refused = 48 <= number < 56
            outcomes.append(
                make_outcome(
                    f"q{number:02}",
                    "ba" if number in second else "ab",
                    [] if refused else [quote],
                    best=quote,
                    answerable=answerable,
                    gold=(GoldSpan("a", 0, 7),) if answerable else (),
                )
            )
        return outcomes

    return make


def list_failures(checks: list[Check]) -> dict[tuple[str, str], str]:
    return {(each.part, each.measure): each.reason for each in checks if each.reason is not None}


def find(checks: list[Check], measure: str, part: str = WHOLE) -> Check:
    (found,) = [each for each in checks if (each.part, each.measure) == (part, measure)]
    return found


def pass_through_a_file(floors: Floors, folder: Path) -> Floors:
    write_floors(floors, folder / "floors.json")
    return read_floors(folder / "floors.json")


# Runs


def test_the_run_that_was_pinned_passes_and_differs_in_nothing(
    make_sixty: MakeSixty, make_run: MakeRun, tmp_path: Path
) -> None:
    """A file holds six decimals: of 6/7 and 1/3, and of 1/log2 3, which is nDCG@10 at rank 2."""
    outcomes = make_sixty(second=range(5))
    run = make_run(outcomes, directions={"en-en": outcomes, "en-fr": outcomes[:9]})
    checks = check_run(run, pass_through_a_file(pin_floors(run, None), tmp_path))
    assert [(each.part, each.measure) for each in checks] == [
        *((part, name) for part in (WHOLE, "en-en", "en-fr") for name in INTEGRITY),
        *((WHOLE, name) for name in GATED),
        *(("en-en", name) for name in GATED_BY_DIRECTION),
        *(("en-fr", name) for name in GATED_BY_DIRECTION),
    ]
    assert list_failures(checks) == {}
    for each in checks[3 * len(INTEGRITY) :]:
        assert each.value == each.pinned is not None
        assert each.difference == Estimate(0, 0, 0)
    assert find(checks, "RR@10").value == pytest.approx(45.5 / 48)
    assert find(checks, "refusal_recall").value == pytest.approx(8 / 12)


def test_a_regression_fails_by_the_names_of_its_measures(
    make_sixty: MakeSixty, make_run: MakeRun
) -> None:
    """20 of 48 rankings have their article second: RR@10 falls from 1 to 38/48.

    R@10 and what is quoted are as before.
    """
    floors = pin_floors(make_run(make_sixty()), None)
    checks = check_run(make_run(make_sixty(second=range(20))), floors)
    assert list_failures(checks) == {
        (WHOLE, name): DROPPED for name in ("nDCG@10", "RR@10", "Success@1")
    }
    dropped = find(checks, "RR@10")
    assert (dropped.pinned, dropped.value) == pytest.approx((1, 38 / 48))
    assert dropped.difference is not None
    assert dropped.difference.value == pytest.approx(-10 / 48)


def test_a_gain_passes(make_sixty: MakeSixty, make_run: MakeRun) -> None:
    floors = pin_floors(make_run(make_sixty(second=range(20), wrong=range(20))), None)
    checks = check_run(make_run(make_sixty()), floors)
    assert list_failures(checks) == {}
    for name in ("RR@10", "answer_hit@1", "AURC", "risk@50"):
        difference = find(checks, name).difference
        assert difference is not None
        assert difference.low is not None
        assert difference.low > 0


def test_a_drop_that_chance_explains_passes(make_sixty: MakeSixty, make_run: MakeRun) -> None:
    """One question more: more than a third of the resamples are without it."""
    floors = pin_floors(make_run(make_sixty(second=range(40, 46))), None)
    checks = check_run(make_run(make_sixty(second=[3, *range(40, 46)], wrong=[3])), floors)
    assert list_failures(checks) == {}
    difference = find(checks, "RR@10").difference
    assert difference is not None
    assert (difference.value, difference.high) == pytest.approx((-0.5 / 48, 0))


def test_of_a_measure_that_is_better_lower_a_rise_fails(
    make_sixty: MakeSixty, make_run: MakeRun
) -> None:
    """Most sure of what is wrong: 6/7 for the 24 wrong, 1/3 for the 36 right.

    At 50 % 30 are answered: before, all right; now 24 of them wrong.
    """
    usual, reversed_ = make_run(make_sixty()), make_run(make_sixty(astray=range(60)))
    checks = check_run(reversed_, pin_floors(usual, None))
    assert list_failures(checks) == {
        (WHOLE, name): DROPPED for name in ("AURC", "risk@50", "ECE", "Brier")
    }
    risk = find(checks, "risk@50")
    assert (risk.pinned, risk.value) == pytest.approx((0, 24 / 30))
    assert risk.difference is not None
    assert risk.difference.value == pytest.approx(-24 / 30)
    assert list_failures(check_run(usual, pin_floors(reversed_, None))) == {}


@pytest.mark.parametrize(
    ("fault", "measure"),
    [
        ({"verbatim": False}, "verbatim_rate"),
        ({"offset_exact": False}, "offset_exact_rate"),
        ({"resolves": False}, "citation_resolves_rate"),
    ],
)
def test_one_citation_that_does_not_hold_fails(
    make_sixty: MakeSixty,
    make_quote: MakeQuote,
    make_run: MakeRun,
    fault: dict[str, bool],
    measure: str,
) -> None:
    """One of 52 quotes, even where as much was pinned; it is far within any interval."""
    outcomes = make_sixty()
    bad = make_quote("Two cables.", 6 / 7, **fault)
    run = make_run([replace(outcomes[0], quotes=(bad,), best=bad), *outcomes[1:]])
    checks = check_run(run, pin_floors(run, None))
    assert list_failures(checks) == {(WHOLE, measure): "must be exactly 1"}
    assert find(checks, measure).value == pytest.approx(51 / 52)
    assert find(checks, measure).pinned == 1


def test_a_run_that_quotes_nothing_has_no_citation_that_fails(
    make_outcome: MakeOutcome, make_run: MakeRun
) -> None:
    run = make_run([make_outcome("q1", "a", best="Two")])
    checks = check_run(run, pin_floors(run, None))
    assert list_failures(checks) == {}
    assert [find(checks, name).value for name in INTEGRITY] == [None] * 3


def test_a_measure_that_is_no_longer_defined_fails(
    make_sixty: MakeSixty, make_run: MakeRun
) -> None:
    """Nothing is refused: of no refusals, none is right. The other way round is no fault."""
    refusing = make_run(make_sixty())
    answering = make_run(
        [
            replace(each, quotes=(each.best,)) if each.best is not None else each
            for each in refusing.outcomes
        ]
    )
    floors = pin_floors(refusing, None)
    assert list_failures(check_run(answering, floors)) == {
        (WHOLE, "refusal_precision"): "is no longer defined",
        (WHOLE, "refusal_recall"): DROPPED,
        # 8 more quotes that lie in no gold sentence, of 11 characters each.
        (WHOLE, "quote_precision"): DROPPED,
    }
    pinned = pin_floors(answering, None)
    assert (WHOLE, "refusal_precision") not in pinned.floors
    checks = check_run(refusing, pinned)
    assert list_failures(checks) == {}
    assert find(checks, "refusal_precision").pinned is None
    assert find(checks, "refusal_precision").value == 1


@pytest.mark.parametrize(
    ("measure", "floor", "fails"),
    [
        ("RR@10", 0.875, False),
        ("RR@10", 0.8754, False),
        ("RR@10", 0.8756, True),
        ("RR@10", 0.9, True),
        ("risk@50", 0.4, False),
        ("risk@50", 0.3996, False),
        ("risk@50", 0.3994, True),
        ("risk@50", 0.2, True),
    ],
)
def test_a_value_worse_than_its_floor_fails(
    make_sixty: MakeSixty, make_run: MakeRun, measure: str, floor: float, fails: bool
) -> None:
    """Though no pair differs: RR@10 is 42/48 = 0.875, and risk@50, where lower is better, 0.4.

    The latter is what is left when all are as sure: 24 of 60 are wrong. By 0.0005 is no drop.
    """
    run = make_run(make_sixty(second=range(12), astray=range(36)))
    pinned = pin_floors(run, None)
    checks = check_run(run, replace(pinned, floors={**pinned.floors, (WHOLE, measure): floor}))
    reason = f"is worse than the floor {floor:.4f}"
    assert list_failures(checks) == ({(WHOLE, measure): reason} if fails else {})


def test_what_was_never_wrong_may_not_be_wrong_once(
    make_sixty: MakeSixty, make_run: MakeRun
) -> None:
    """No resample of 48 times 1 is less than 1, and that is the floor then."""
    checks = check_run(make_run(make_sixty(second=[3])), pin_floors(make_run(make_sixty()), None))
    assert list_failures(checks) == {
        (WHOLE, name): "is worse than the floor 1.0000"
        for name in ("nDCG@10", "RR@10", "Success@1")
    }


@pytest.mark.parametrize(("drop", "fails"), [(0.0004, False), (0.0006, True)])
def test_a_drop_of_every_question_by_little_is_none(
    make_sixty: MakeSixty, make_run: MakeRun, drop: float, fails: bool
) -> None:
    run = make_run(make_sixty(second=range(48)))
    pinned = pin_floors(run, None)
    scores = pinned.parts[WHOLE]
    raised = {**scores.columns, "RR@10": scores["RR@10"] + drop * scores["answerable"]}
    parts = {WHOLE: Scores(scores.ids, scores.clusters, raised)}
    checks = check_run(run, replace(pinned, parts=parts))
    assert list_failures(checks) == ({(WHOLE, "RR@10"): DROPPED} if fails else {})


# Directions


def test_a_regression_in_one_direction_fails_by_its_name(
    make_sixty: MakeSixty, make_run: MakeRun
) -> None:
    whole = make_sixty()
    floors = pin_floors(make_run(whole, directions={"en-en": whole, "en-fr": whole}), None)
    worse = {"en-en": whole, "en-fr": make_sixty(second=range(20), wrong=range(20))}
    assert list_failures(check_run(make_run(whole, directions=worse), floors)) == {
        ("en-fr", name): DROPPED for name in GATED_BY_DIRECTION
    }


def test_a_run_that_lacks_a_direction_is_refused(make_sixty: MakeSixty, make_run: MakeRun) -> None:
    whole = make_sixty()
    floors = pin_floors(make_run(whole, directions={"en-en": whole}), None)
    with pytest.raises(GateError, match="no direction en-en, which the floors are pinned for"):
        check_run(make_run(whole), floors)


def test_of_a_direction_that_is_not_pinned_the_citations_alone_are_checked(
    make_sixty: MakeSixty, make_run: MakeRun
) -> None:
    whole = make_sixty()
    checks = check_run(
        make_run(whole, directions={"en-en": whole}), pin_floors(make_run(whole), None)
    )
    assert [each.measure for each in checks if each.part != WHOLE] == list(INTEGRITY)


@pytest.mark.parametrize("part", [WHOLE, "en-en"])
def test_other_questions_are_refused(make_sixty: MakeSixty, make_run: MakeRun, part: str) -> None:
    """One is missing, or they come in another order, so that no pair could be told."""
    outcomes = make_sixty()
    floors = pin_floors(make_run(outcomes, directions={"en-en": outcomes}), None)
    for others in (outcomes[:-1], outcomes[::-1]):
        run = (
            make_run(others, directions={"en-en": outcomes})
            if part == WHOLE
            else make_run(outcomes, directions={"en-en": others})
        )
        with pytest.raises(GateError, match=f"questions of the part {part} aren't those"):
            check_run(run, floors)


# Data


@pytest.mark.parametrize(
    ("change", "texts", "told"),
    [
        ({}, {"a": "Two cables."}, []),
        ({"question": "How many?"}, {"a": "Two cables."}, ["the questions of dev.jsonl have"]),
        ({"answers": ("two",)}, {"a": "Two cables."}, ["the questions of dev.jsonl have"]),
        ({}, {"a": "Two cables!"}, ["the articles of the library have"]),
        ({}, {"a": "Two cables.", "b": "One."}, ["the articles of the library have"]),
        (
            {"question": "How many?"},
            {"a": "Two"},
            ["the questions of dev.jsonl have", "the articles of the library have"],
        ),
    ],
)
def test_changed_data_is_named(
    make_outcome: MakeOutcome,
    make_run: MakeRun,
    change: dict[str, object],
    texts: dict[str, str],
    told: list[str],
) -> None:
    """Pinning on it is refused too, unless it is said to be meant."""
    floors = pin_floors(make_run([make_outcome()], texts={"a": "Two cables."}), None)
    run = make_run([make_outcome(**change)], name="dev.jsonl", texts=texts)
    faults = [f"{each} changed since the floors were pinned" for each in told]
    assert check_data(run.data, floors) == faults
    if faults:
        with pytest.raises(GateError) as refusal:
            pin_floors(run, floors)
        assert str(refusal.value) == f"{'; '.join(faults)}. If that is meant, say --new-data."
    pinned = pin_floors(run, floors, new_data=True)
    assert check_data(run.data, pinned) == []


# Pinning


def test_a_floor_is_the_worse_end_of_the_interval(
    make_outcome: MakeOutcome, make_quote: MakeQuote, make_run: MakeRun
) -> None:
    """Two needs, one right and one wrong, both sure: a resample has 0, 1/2 or 1 of them right.

    The worse end is 0 of what is better higher, and 1 of what is better lower.
    """
    run = make_run(
        [
            make_outcome("q1", "a", [make_quote("Two", 1.0)]),
            make_outcome("q2", "a", [make_quote("Three", 1.0)]),
        ]
    )
    floors = pin_floors(run, None)
    expected = dict.fromkeys(["answer_hit@1", "answer_hit@3", "token_f1"], 0.0)
    expected |= dict.fromkeys(["nDCG@10", "RR@10", "R@10", "Success@1"], 1.0)
    expected |= dict.fromkeys(["AURC", "risk@50", "ECE", "Brier"], 1.0)
    assert floors.floors == {(WHOLE, name): floor for name, floor in expected.items()}


def test_floors_may_only_be_lowered_if_that_is_said(
    make_sixty: MakeSixty, make_run: MakeRun
) -> None:
    """Half of the rankings, and so RR@10 and two others, are worse; nothing else is."""
    good = make_run(make_sixty(second=range(4)))
    bad = make_run(make_sixty(second=range(24)))
    floors = pin_floors(good, None)
    assert pin_floors(good, floors).floors == floors.floors
    with pytest.raises(GateError) as refusal:
        pin_floors(bad, floors)
    message = str(refusal.value)
    lowered = pin_floors(bad, floors, lower=True)
    assert (
        message
        == "These floors would be less strict: {}. If that is meant, say --lower.".format(
            "; ".join(
                f"whole {name} from {floors.floors[WHOLE, name]:.4f} "
                f"to {lowered.floors[WHOLE, name]:.4f}"
                for name in ("nDCG@10", "RR@10", "Success@1")
            )
        )
    )
    raised = pin_floors(good, lowered)
    assert raised.floors == floors.floors
    assert list_failures(check_run(bad, lowered)) == {}


def test_a_floor_of_what_is_better_lower_may_not_rise(
    make_sixty: MakeSixty, make_run: MakeRun
) -> None:
    usual, reversed_ = make_run(make_sixty()), make_run(make_sixty(astray=range(60)))
    with pytest.raises(GateError) as refusal:
        pin_floors(reversed_, pin_floors(usual, None))
    assert [each.split()[1] for each in str(refusal.value).split(": ")[1].split("; ")] == [
        *("AURC", "risk@50", "ECE", "Brier")
    ]
    # The other way round nothing is lowered.
    pin_floors(usual, pin_floors(reversed_, None))


def test_a_direction_may_not_vanish_from_the_floors(
    make_sixty: MakeSixty, make_run: MakeRun
) -> None:
    whole = make_sixty(second=range(48))
    floors = pin_floors(make_run(whole, directions={"en-en": whole}), None)
    with pytest.raises(GateError, match=r"strict: en-en nDCG@10 from 0\.6309 to none; en-en ans"):
        pin_floors(make_run(whole), floors)
    assert set(pin_floors(make_run(whole), floors, lower=True).parts) == {WHOLE}


def test_new_data_does_not_mean_that_floors_may_be_lower(
    make_sixty: MakeSixty, make_run: MakeRun
) -> None:
    floors = pin_floors(make_run(make_sixty()), None)
    run = make_run(make_sixty(second=range(24)), texts={"a": "Another."})
    with pytest.raises(GateError, match="say --new-data"):
        pin_floors(run, floors, lower=True)
    with pytest.raises(GateError, match="say --lower"):
        pin_floors(run, floors, new_data=True)
    assert check_data(run.data, pin_floors(run, floors, lower=True, new_data=True)) == []


# Files


def test_floors_are_read_as_they_were_written(
    make_sixty: MakeSixty, make_run: MakeRun, tmp_path: Path
) -> None:
    outcomes = make_sixty(second=range(7), astray=[1, 2])
    floors = pin_floors(make_run(outcomes, directions={"en-en": outcomes}), None)
    path = tmp_path / "new" / "folder" / "dev.json"
    write_floors(floors, path)
    again = read_floors(path)
    assert replace(again, parts={}) == replace(floors, parts={})
    for part, scores in floors.parts.items():
        read = again.parts[part]
        assert (read.ids, read.clusters) == (scores.ids, scores.clusters)
        assert {name: column.tolist() for name, column in read.columns.items()} == {
            name: column.tolist() for name, column in scores.columns.items()
        }
    assert set(again.parts) == {WHOLE, "en-en"}
    text = path.read_text(encoding="utf-8")
    # A line for each column, in which whole numbers are written as such.
    (line,) = [each for each in text.splitlines() if '"Success@1": [' in each]
    assert json.loads(line.split(": ")[1].rstrip(",")) == [0] * 7 + [1] * 41 + [0] * 12
    assert ".0" not in line
    assert text.endswith("}\n")


@pytest.fixture
def floors_content(make_sixty: MakeSixty, make_run: MakeRun, tmp_path: Path) -> dict[str, object]:
    path = tmp_path / "good.json"
    write_floors(pin_floors(make_run(make_sixty()), None), path)
    content = json.loads(path.read_text(encoding="utf-8"))
    assert isinstance(content, dict)
    return content


@pytest.mark.parametrize(
    ("keys", "value", "reason"),
    [
        (("format",), None, "holds no floors: KeyError('format')"),
        (("format",), 2, "has format 2, not 1"),
        (("questions_sha256",), None, "holds no floors: KeyError('questions_sha256')"),
        (("floors",), None, "holds no floors: KeyError('floors')"),
        (("floors",), [], "holds no floors: "),
        (("floors", WHOLE, "RR@10"), "high", "holds no floors: "),
        (("floors", WHOLE, "RR@10"), float("nan"), "the floor of RR@10 is nan"),
        (("floors", WHOLE, "AURC"), float("inf"), "the floor of AURC is inf"),
        (("floors", WHOLE, "RR@10"), -0.5, "the floor of RR@10 is -0.5"),
        (("parts",), {}, "nothing is pinned of the whole run"),
        (("parts", WHOLE), None, "nothing is pinned of the whole run"),
        (("parts", WHOLE, "ids"), None, "holds no floors: KeyError('ids')"),
        (("parts", WHOLE, "RR@10"), None, "holds no floors: KeyError('RR@10')"),
        (("parts", WHOLE, "RR@10"), [1.0], "the columns of whole aren't equally long"),
        (("parts", WHOLE, "clusters"), ["n1"], "the columns of whole aren't equally long"),
        (("parts", WHOLE, "RR@10"), ["one"] * 60, "holds no floors: "),
        (("parts", WHOLE, "RR@10"), [float("nan")] * 60, "the value of question 0 is nan"),
        (("parts", WHOLE, "confidence"), [1.5] * 60, "the confidence of question 0 is 1.5"),
        (("parts", WHOLE, "ids"), ["q00"], "the columns of whole aren't equally long"),
    ],
)
def test_damaged_floors_are_refused_by_name(
    floors_content: dict[str, object],
    tmp_path: Path,
    keys: tuple[str, ...],
    value: object,
    reason: str,
) -> None:
    """None takes the entry away."""
    within = floors_content
    for key in keys[:-1]:
        inner = within[key]
        assert isinstance(inner, dict)
        within = inner
    del within[keys[-1]]
    if value is not None:
        within[keys[-1]] = value
    path = tmp_path / "floors.json"
    path.write_text(json.dumps(floors_content), encoding="utf-8")
    with pytest.raises(GateError) as refusal:
        read_floors(path)
    assert str(refusal.value).startswith(f"{path} ")
    assert reason in str(refusal.value)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[]", b"null", b"7", b"[" * 100_000])
def test_what_holds_no_floors_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "floors.json"
    path.write_bytes(content)
    with pytest.raises(GateError, match="holds no floors: ") as refusal:
        read_floors(path)
    assert str(refusal.value).startswith(f"{path} ")


@pytest.mark.parametrize("name", ["missing.json", "."])
def test_floors_that_cannot_be_read_are_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(GateError, match="can't be read: ") as refusal:
        read_floors(tmp_path / name)
    assert str(refusal.value).startswith(str(tmp_path / name))
