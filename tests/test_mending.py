import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from massilia.corpus.article import Language, normalise_text
from massilia.ingest.edits import (
    MOST_EDITS,
    Edit,
    apply_edits,
    compose_runs,
    find_normalisations,
    find_original,
    merge_edits,
)
from massilia.ingest.extraction import Run
from massilia.ingest.folding import fold, fold_line
from massilia.ingest.mending import MOST_QUESTIONS, find_mends

FRENCH, ENGLISH = Language.FRENCH, Language.ENGLISH


def mend(text: str, language: Language = FRENCH) -> str:
    return apply_edits(text, find_mends(text, language))[0]


def check_runs(text: str, original: str, runs: tuple[Run, ...]) -> None:
    """Check that runs cover a text in order, and that those of two equal sides are copies."""
    position = original_position = 0
    for run in runs:
        assert run.start == position <= run.end
        assert original_position <= run.original_start <= run.original_end <= len(original)
        if run.end - run.start == run.original_end - run.original_start:
            copied = original[run.original_start : run.original_end]
            assert text[run.start : run.end] == copied
        position, original_position = run.end, run.original_end
    assert position == len(text)


# Question marks


@pytest.mark.parametrize(
    ("text", "mended"),
    [
        ("dans l?auditorium de l?École", "dans l'auditorium de l'École"),
        ("ce qu?il a dit, jusqu?à ce qu?on l?oublie", "ce qu'il a dit, jusqu'à ce qu'on l'oublie"),
        ("aujourd?hui, presqu?île, quelqu?un", "aujourd'hui, presqu'île, quelqu'un"),
        ("L?hiver, d?où il n?y a rien", "L'hiver, d'où il n'y a rien"),
        ("l?été ’’’", "l’été ’’’"),
        ("le c?ur et la s?ur, une ?uvre, un v?u", "le cœur et la sœur, une œuvre, un vœu"),
        ("la ?Ville basse?. Ce jeudi", 'la "Ville basse". Ce jeudi'),
        ("(?Ville basse?)", '("Ville basse")'),
        ("il dit ?Où va-t-on?? et part", 'il dit "Où va-t-on?" et part'),
        ("?On nous croyait fous?, dit-il.", '"On nous croyait fous", dit-il.'),
    ],
)
def test_a_question_mark_that_stands_for_another_mark_is_mended(text: str, mended: str) -> None:
    assert mend(text) == mended


def test_english_contractions_are_mended_in_english_alone() -> None:
    lost, mended = "They don?t say it?s the port?s, and I?m sure we?ve", "They don't say it's"
    assert mend(lost, ENGLISH).startswith(mended)
    assert mend(lost, ENGLISH) == "They don't say it's the port's, and I'm sure we've"
    assert mend(lost, FRENCH) == lost


@pytest.mark.parametrize(
    "text",
    [
        "Vraiment? Oui. Pourquoi ? Parce que.",
        "Qui paiera ?\nPersonne ?",
        "Et toi?Moi aussi.",
        "Il dit ?Pourquoi venir? et part.",  # quotes, or a question
        "? Oui ?, dit-il.",
        "« Oui ? » dit-il ? Non.",
        "un ?mot sans fin\net la suite?",
        "http://a.example/l?a=b et page?id=3&l?u",
        "une s?ance de l?auditorium du r?seau",  # letters with accents were lost too
        "la vitamine D?Oui.",
        "What?! Who? Me?",
    ],
)
def test_a_question_mark_that_may_be_meant_stays(text: str) -> None:
    assert mend(text) == text


def test_a_clean_repetition_shows_what_was_lost() -> None:
    clean = "la “Ville basse” s’étend – enfin – ici"
    lost = "la ?Ville basse? s?étend ? enfin ? ici"
    # A "?" between two spaces may be a question mark: only words show what it was.
    assert mend(f"{clean}\n\n{lost}") == f"{clean}\n\nla “Ville basse” s’étend ? enfin ? ici"
    assert (
        mend('Est-ce la Ville? Non. Et "la Ville" oui') == 'Est-ce la Ville? Non. Et "la Ville" oui'
    )
    assert mend("C'est la \"Ville basse\" ici.\nC'est la ?Ville basse? là") == (
        'C\'est la "Ville basse" ici.\nC\'est la "Ville basse" là'
    )


def test_repetitions_that_disagree_show_nothing() -> None:
    text = "la ‘Ville’ ici\nla “Ville” ici\nest-ce la ?Ville? ici"
    assert mend(text) == text.replace("?Ville?", '"Ville"')


def test_a_text_of_nothing_but_question_marks_is_left_alone() -> None:
    text = "l?a " * (MOST_QUESTIONS + 1)
    assert mend(text) == text
    assert mend("l?a " * 3) == "l'a " * 3


# Hyphens and lines


@pytest.mark.parametrize(
    ("text", "mended"),
    [
        ("déve\u00adlop\u00adpement", "développement"),
        ("dévelop\u00ad\n  pement", "développement"),
        ("fin\u00ad\n\nautre", "fin\n\nautre"),
        ("Aix\u00adNord, dit Aix-Nord", "Aix-Nord, dit Aix-Nord"),
        ("Aix\u00adNord", "Aix\u00adNord"),
        ("le dévelop-\npement du développement", "le développement du développement"),
        ("un porte-\nfaix, des porte-faix", "un porte-faix, des porte-faix"),
        ("Aix-\nNord et celui-\nci", "Aix-Nord et celui-ci"),
        ("la créa-\ntion, l'invest-\nissement", "la création, l'invest-\nissement"),
        ("un porte-\navions", "un porte-\navions"),
        ("un mot -\nautre", "un mot -\nautre"),
        ("le tram-\n\nway du tramway", "le tram-\n\nway du tramway"),
    ],
)
def test_a_divided_word_is_joined_where_the_text_or_its_ending_shows_it(
    text: str, mended: str
) -> None:
    assert mend(text) == mended


WRAPPED = """\
Bonjour à tous, nous avons le plaisir de vous annoncer que la nouvelle
édition du salon aura lieu au mois de mai prochain dans la grande salle
des fêtes de la ville, en présence de nombreux élus et de chefs d'en-
treprise. Une entreprise sur deux y viendra avec un projet à vendre. Il
reste des places.

Le programme sera envoyé à tous les participants dans les prochains jours
par courrier.
- un point qui est long et qui va presque jusqu'au bout de la ligne
- un autre"""
JOINED = """\
Bonjour à tous, nous avons le plaisir de vous annoncer que la nouvelle \
édition du salon aura lieu au mois de mai prochain dans la grande salle \
des fêtes de la ville, en présence de nombreux élus et de chefs \
d'entreprise. Une entreprise sur deux y viendra avec un projet à vendre. Il \
reste des places.

Le programme sera envoyé à tous les participants dans les prochains jours \
par courrier.
- un point qui est long et qui va presque jusqu'au bout de la ligne
- un autre"""


def test_lines_that_a_program_broke_are_joined() -> None:
    assert mend(WRAPPED) == JOINED


@pytest.mark.parametrize(
    "text",
    [
        # Verse, of no width.
        "Je suis le vieux phare au bout de la longue jetée,\nqui compte les bateaux\n"
        "et ne dit rien à personne de ce qu'il a compté\nquand la nuit est tombée",
        # A quoted message.
        WRAPPED.split("\n\n")[0].replace("\n", "\n> "),
        # One paragraph a line.
        f"{'Un mot de plus. ' * 8}\n{'et encore un mot, ' * 8}\n{'Fin. ' * 30}",
        # A table.
        "Port de la ville      1 200 navires par an dans les deux bassins\n"
        "port de la côte       quarante navires par an et trois grues\n"
        "port du fleuve        douze navires par an et aucune grue",
    ],
)
def test_other_lines_stay_as_they_are(text: str) -> None:
    assert mend(text) == text


# Edits and the runs that lead back


def test_a_change_of_equal_length_has_a_run_for_each_side() -> None:
    text, runs = apply_edits("l?air\u00ad pur", [Edit(1, 2, "'"), Edit(5, 6, "")])
    assert text == "l'air pur"
    assert runs == (
        Run(0, 1, 0, 1),
        Run(1, 2, 1, 1),
        Run(2, 2, 1, 2),
        Run(2, 5, 2, 5),
        Run(5, 9, 6, 10),
    )
    assert find_original(runs, 0, 2) == (0, 2)
    assert find_original(runs, 1, 2) == (1, 2)
    assert find_original(runs, 1, 7) == (1, 8)
    assert find_original(runs, 3, 3) == (3, 3)
    assert find_original(runs, 9, 9) == (10, 10)
    assert find_original((), 0, 0) == (0, 0)


def test_edits_that_overlap_or_leave_the_text_are_refused() -> None:
    for edits in ([Edit(0, 2, ""), Edit(1, 3, "")], [Edit(2, 9, "")], [Edit(2, 1, "")]):
        with pytest.raises(ValueError, match="overlaps the edit before it or leaves the text"):
            apply_edits("abc", edits)


def test_very_many_edits_are_one_a_line() -> None:
    text = "a?" * MOST_EDITS + "\nb?c?d"
    edits = [Edit(place, place + 1, "!") for place, each in enumerate(text) if each == "?"]
    merged = merge_edits(text, edits)
    assert len(merged) == 2
    assert apply_edits(text, merged)[0] == text.replace("?", "!") == apply_edits(text, edits)[0]
    assert merge_edits(text, edits[:MOST_EDITS]) == edits[:MOST_EDITS]
    check_runs(*(lambda made: (made[0], text, made[1]))(apply_edits(text, merged)))


LETTERS = st.text(st.sampled_from("ab \r\n\u0301\u0327éÅ\u212b\u0958\u00ad가\u11a8?"), max_size=30)


@settings(deadline=None, max_examples=300)
@given(LETTERS, st.data())
def test_runs_lead_from_an_edited_text_to_the_one_before_its_normalisation(
    original: str, data: st.DataObject
) -> None:
    text, inner = apply_edits(original, find_normalisations(original))
    assert text == normalise_text(original)
    check_runs(text, original, inner)
    edits = []
    position = 0
    while position <= len(text) and data.draw(st.booleans()):
        start = data.draw(st.integers(position, len(text)))
        end = data.draw(st.integers(start, min(len(text), start + 3)))
        edits.append(Edit(start, end, data.draw(st.sampled_from(["", "'", "\n\n", "xyz"]))))
        position = end + 1
    edited, outer = apply_edits(text, edits)
    check_runs(edited, text, outer)
    runs = tuple(compose_runs(outer, inner))
    check_runs(edited, original, runs)
    start = data.draw(st.integers(0, len(edited)))
    end = data.draw(st.integers(start, len(edited)))
    first, last = find_original(runs, start, end)
    assert 0 <= first <= last <= len(original)


@settings(deadline=None, max_examples=200)
@given(
    st.text(st.sampled_from("l?aé cou'“”\u00ad-\nTu rs"), max_size=60), st.sampled_from(Language)
)
def test_any_text_can_be_mended_and_its_runs_are_exact(text: str, language: Language) -> None:
    mended, runs = apply_edits(text, find_mends(text, language))
    check_runs(mended, text, runs)


@given(st.text(max_size=40))
def test_each_character_of_a_folded_text_is_in_its_place(text: str) -> None:
    assert len(fold(text)) == len(text)
    assert fold("ÉCOLE d’Œuvre\u00a0–") == "ecole d'ouvre -"
    assert fold_line("  Le\u00a0 Câble \t n° 2 ") == "le cable n° 2"
