import json
from itertools import cycle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from massilia.corpus.article import Language
from massilia.service.conversation import find_names, resume
from massilia.service.question import MAX_CHARACTERS
from massilia.service.turns import CarriedKind, Resumed, Turn

FR, EN = Language.FRENCH, Language.ENGLISH
PIECES = (
    *("et", "en 2016", "PEACE", "il", "Medusa", "a-t-il", "son", "coût", "qui", "l'a", "?", ")"),
    *("(", ",", "Combien", "the", "it", "its", "and", "d'Oracle", "in", "«", "»", "Marseille"),
    *("then", ".", "l'année d'après", "two years later", "that", "où", "qu'ils", "pourquoi"),
)
DEVELOPMENT_SET = Path(__file__).parent.parent / "corpus" / "questions" / "dev.jsonl"

MEDUSA = Turn(
    "Quelle est la longueur de Medusa en 2022 ?",
    "Quelle est la longueur de Medusa en 2022 ?",
    FR,
    ("Medusa",),
    "Medusa mesurait 8 760 km en 2022.",
    "Medusa, de l'annonce de 2022 à l'atterrissage de 2025",
)
GOJOB = Turn(
    "How many people did Gojob employ in 2018?",
    "How many people did Gojob employ in 2018?",
    EN,
    ("Gojob",),
    "In 2018 Gojob employed 90 people.",
    "Gojob, Crosscall and others",
)


def ask(question: str, language: Language = FR) -> Turn:
    """Return the turn of a first question that found nothing."""
    return Turn(question, question, language, resume(question, language, []).names)


def talk(language: Language, *questions: str) -> list[Resumed]:
    turns: list[Turn] = []
    resumed = []
    for question in questions:
        resumed.append(resume(question, language, turns))
        turns.append(Turn(question, resumed[-1].text, language, resumed[-1].names))
    return resumed


@pytest.mark.parametrize(
    ("question", "rewritten"),
    [
        # the same question, another date
        ("et en 2016 ?", "Quelle est la longueur de Medusa en 2016 ?"),
        ("2016 ?", "Quelle est la longueur de Medusa en 2016 ?"),
        ("Et l'année d'après ?", "Quelle est la longueur de Medusa en 2023 ?"),
        ("et trois ans plus tôt ?", "Quelle est la longueur de Medusa en 2019 ?"),
        ("Et en octobre 2024 ?", "Quelle est la longueur de Medusa en octobre 2024 ?"),
        # the same question, another name
        ("et Africa-1 ?", "Quelle est la longueur d'Africa-1 en 2022 ?"),
        ("Et celle de PEACE ?", "Quelle est la longueur de PEACE en 2022 ?"),
        ("et Gojob en 2019 ?", "Quelle est la longueur de Gojob en 2019 ?"),
        ("et à Toulon ?", "Quelle est la longueur de Medusa en 2022 à Toulon ?"),
        # pronouns
        ("Il a coûté combien ?", "Medusa a coûté combien ?"),
        ("et elle ouvrira quand ?", "Medusa ouvrira quand ?"),
        ("Est-ce qu'il passe par Toulon ?", "Est-ce que Medusa passe par Toulon ?"),
        ("Quelle taille fait-il ?", "Quelle taille Medusa fait-il ?"),
        ("comment s'appelle-t-il depuis ?", "Comment Medusa s'appelle-t-il depuis ?"),
        ("Quand a-t-il été posé ?", "Quand Medusa a-t-il été posé ?"),
        ("qui le dirige ?", "Qui dirige Medusa ?"),
        ("Qui l'installe en mer ?", "Qui installe Medusa en mer ?"),
        ("et son coût ?", "Le coût de Medusa ?"),
        ("Et sa capacité totale ?", "La capacité totale de Medusa ?"),
        ("Quel est son apport ?", "Quel est l'apport de Medusa ?"),
        ("Quand ses navires partent-ils ?", "Quand les navires de Medusa partent-ils ?"),
        # in brackets, where grammar leaves no room
        ("qu'est-ce qu'ils en pensent ?", "Qu'est-ce qu'ils en pensent (Medusa) ?"),
        ("Quels clients y sont hébergés ?", "Quels clients y sont hébergés (Medusa) ?"),
        ("Et qui met de l'argent dedans ?", "Qui met de l'argent dedans (Medusa) ?"),
        ("Ce chantier a duré longtemps ?", "Ce chantier a duré longtemps (Medusa) ?"),
        ("Quand a-t-on vu celui-ci ?", "Quand a-t-on vu celui-ci (Medusa) ?"),
        ("combien de clients l'utilisent ?", "Combien de clients l'utilisent (Medusa) ?"),
        ("combien de postes passés par là ?", "Combien de postes passés par là (Medusa, 2022) ?"),
        # without a verb, the date is carried too
        ("Combien d'emplois ?", "Combien d'emplois (Medusa, 2022) ?"),
        ("Combien d'emplois y a-t-il ?", "Combien d'emplois y a-t-il (Medusa) ?"),
        ("Qui présidait à ce moment-là ?", "Qui présidait à ce moment-là (Medusa, 2022) ?"),
        ("Quel coût visait-il cinq ans après ?", "Quel coût Medusa visait-il en 2027 ?"),
        # nothing but a question word, and what becomes of an amount
        ("pourquoi ?", "Pourquoi (quelle est la longueur de Medusa en 2022) ?"),
        ("ça a augmenté ?", "Ça a augmenté (quelle est la longueur de Medusa en 2022) ?"),
    ],
)
def test_a_french_question_that_leans_on_another(question: str, rewritten: str) -> None:
    resumed = resume(question, FR, [MEDUSA])
    assert resumed.text == rewritten
    assert resumed.rewritten
    assert not resumed.new_topic


@pytest.mark.parametrize(
    ("question", "rewritten"),
    [
        ("and in 2016?", "How many people did Gojob employ in 2016?"),
        ("What about four years later?", "How many people did Gojob employ in 2022?"),
        ("And the year before?", "How many people did Gojob employ in 2017?"),
        ("And Crosscall, at that point?", "How many people did Crosscall employ in 2018?"),
        ("and Crosscall's?", "How many people did Crosscall employ in 2018?"),
        ("who founded it?", "Who founded Gojob?"),
        ("What did it cost?", "What did Gojob cost?"),
        ("and its revenue?", "Gojob's revenue?"),
        ("When will that one open?", "When will Gojob open?"),
        ("Is it true that it closed?", "Is it true that Gojob closed?"),
        ("how does it compare with Traxens?", "How does Gojob compare with Traxens?"),
        ("What do they hold against it?", "What do they hold against Gojob?"),
        ("What is their budget?", "What is their budget (Gojob)?"),
        ("how many of them are students?", "How many of them are students (Gojob)?"),
        ("When was that?", "When was that (Gojob, 2018)?"),
        ("for how many jobs?", "For how many jobs (Gojob, 2018)?"),
        ("and who was in charge?", "Who was in charge (Gojob)?"),
        ("and in Paris, when was that?", "In Paris, when was that (Gojob, 2018)?"),
        ("who ran it five years earlier?", "Who ran Gojob in 2013?"),
        ("did it keep rising?", "Did it keep rising (how many people did Gojob employ in 2018)?"),
        ("why?", "Why (how many people did Gojob employ in 2018)?"),
    ],
)
def test_an_english_question_that_leans_on_another(question: str, rewritten: str) -> None:
    resumed = resume(question, EN, [GOJOB])
    assert resumed.text == rewritten
    assert not resumed.new_topic


@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("Qui a fondé Gemplus ?", FR),
        ("Et Gênes, elle arrive combientième chez TeleGeography ?", FR),
        ("Pourquoi Marseille a-t-elle perdu son label French Tech en 2015 ?", FR),
        ("Intégrer le programme de startups de la métropole, ça coûte combien ?", FR),
        ("Les 200 millions, c'était de l'argent pour nous ou pour tout le pays ?", FR),
        ("Combien de câbles y a-t-il à Marseille ?", FR),
        ("Combien de temps faut-il pour aller à Bizerte ?", FR),
        ("C'est qui, le patron de Theodora ?", FR),
        ("Pourquoi la municipalité redoutait-elle l'effet des hangars sur les employeurs ?", FR),
        ("Flexgrid budget total", FR),
        ("P.Factory créateurs", FR),
        ("Quand La Plateforme a-t-elle ouvert ses portes ?", FR),
        ("Quand Le nuage était sous nos pieds a-t-il tenu son premier festival ?", FR),
        ("What is Traxens?", EN),
        ("What does it cost to join the metropolitan authority's startup programme?", EN),
        ("Why are there two head counts in Provence Promotion's review?", EN),
        ("What used to be made in the buildings that house the media hub?", EN),
        ("Which carriers felt the outage, and which of the operators escaped it?", EN),
        ("Did the French Tech lose its label?", EN),
    ],
)
def test_a_question_that_stands_alone_carries_nothing(question: str, language: Language) -> None:
    for turn in (MEDUSA, GOJOB):
        resumed = resume(question, language, [turn])
        assert (resumed.text, resumed.carried, resumed.new_topic) == (question, (), True)


def test_a_first_question_stands_alone() -> None:
    assert resume("Combien d'emplois ?", FR, []) == Resumed(
        "Combien d'emplois ?", "Combien d'emplois ?", new_topic=True
    )
    assert resume("Qui dirige Gojob ?", FR, []).names == ("Gojob",)


def test_questions_after_others_do_not_change_but_for_a_few() -> None:
    rows = [json.loads(line) for line in DEVELOPMENT_SET.read_text(encoding="utf-8").splitlines()]
    alone = [row for row in rows if row["turn"] in (None, 1)]
    changed = [
        row["question"]
        for row, turn in zip(alone, cycle((MEDUSA, GOJOB)), strict=False)
        if resume(row["question"], Language(row["language"]), [turn]).text != row["question"]
    ]
    assert len(alone) == 440
    assert len(changed) <= 8, changed


def test_the_topic_is_carried_from_turn_to_turn() -> None:
    texts = [
        each.text
        for each in talk(
            FR,
            "Qui a fondé Jaguar Network ?",
            "Et son chiffre d'affaires en 2016 ?",
            "et en 2018 ?",
            "Et celui d'Interxion ?",
            "Où est-elle installée ?",
            "Quand a été créé le label French Tech ?",
            "Pour combien de temps ?",
        )
    ]
    assert texts == [
        "Qui a fondé Jaguar Network ?",
        "Le chiffre d'affaires de Jaguar Network en 2016 ?",
        "Le chiffre d'affaires de Jaguar Network en 2018 ?",
        "Le chiffre d'affaires d'Interxion en 2018 ?",
        "Où Interxion est-elle installée ?",
        "Quand a été créé le label French Tech ?",
        "Pour combien de temps (label French Tech) ?",
    ]


def test_a_count_that_is_asked_again_is_the_last_that_was_asked() -> None:
    *_, last = talk(
        EN,
        "How many nations took part in Emerging Valley in 2021?",
        "What day was that?",
        "And in 2024, how many?",
    )
    assert last.text == "How many nations took part in Emerging Valley in 2024?"


@pytest.mark.parametrize(
    ("earlier", "rewritten"),
    [
        # the subject, not the place or the source
        ("Qui héberge le cloud d'Oracle à Marseille ?", "Oracle a coûté combien ?"),
        ("Selon Insee, combien d'emplois compte Gojob ?", "Gojob a coûté combien ?"),
        # the noun that says what it is
        ("Quelle est la taille du campus Theodora ?", "Le campus Theodora a coûté combien ?"),
        ("Qui dirige l'incubateur Belle de Mai ?", "L'incubateur Belle de Mai a coûté combien ?"),
        ("Le port de Marseille a-t-il grandi ?", "Le port de Marseille a coûté combien ?"),
        # two names, or but a place: the pronoun isn't read
        ("Pourquoi Thales a-t-il acheté Gemalto ?", "Il a coûté combien (Thales, Gemalto) ?"),
        ("Quel temps fait-il à Paris ?", "Il a coûté combien (Paris) ?"),
        # no name at all
        ("Quelle est la recette ?", "Il a coûté combien (quelle est la recette) ?"),
    ],
)
def test_the_topic_of_a_question(earlier: str, rewritten: str) -> None:
    assert resume("Il a coûté combien ?", FR, [ask(earlier)]).text == rewritten


@pytest.mark.parametrize(
    ("earlier", "rewritten"),
    [
        ("What is the Cézanne project?", "What did the Cézanne project cost?"),
        ("Did the LIS lab open?", "What did the LIS lab cost?"),
        ("When did the LIS open?", "What did LIS cost?"),
        ("Why did PEACE reach the Marseille coast?", "What did PEACE cost?"),
        ("How did the port of Marseille grow?", "What did the port of Marseille cost?"),
    ],
)
def test_the_topic_of_an_english_question(earlier: str, rewritten: str) -> None:
    assert resume("What did it cost?", EN, [ask(earlier, EN)]).text == rewritten


def test_the_answer_names_the_topic_where_the_question_does_not() -> None:
    question = "Quel grand câble venait de loin ?"
    quote = "Le câble PEACE vient d'Asie."
    by_quote = Turn(question, question, FR, (), quote, "Les câbles")
    assert resume("Il a coûté combien ?", FR, [by_quote]).text == "PEACE a coûté combien ?"
    by_title = Turn(question, question, FR, (), None, "Le rang de Marseille")
    assert resume("Combien de km ?", FR, [by_title]).text == "Combien de km (Marseille) ?"


def test_a_name_spoken_of_before_wins_over_others_of_the_answer() -> None:
    question = "La chambre de commerce espérait le top 5 pour quand ?"
    first = ask("À quelle place TeleGeography met-elle Marseille ?")
    later = Turn(question, question, FR, (), "La CCI visait cela pour Marseille.", "Le rang")
    assert resume("Et après ?", FR, [first, later]).carried[0].text == "Marseille"


@pytest.mark.parametrize(
    ("question", "title", "rewritten"),
    [
        ("quand medusa a-t-il ouvert ?", MEDUSA.title, "Le coût de medusa ?"),
        ("Qui a fondé thecamp ?", "thecamp, de l'Arbois à Unitel", "Le coût de thecamp ?"),
    ],
)
def test_names_without_capitals_are_known_by_the_title(
    question: str, title: str, rewritten: str
) -> None:
    assert resume("et son coût ?", FR, [Turn(question, question, FR, (), None, title)]).text == (
        rewritten
    )


def test_a_title_within_a_question_is_known_by_the_quote() -> None:
    question = "Quand Le nuage était sous nos pieds a-t-il tenu son festival ?"
    turn = Turn(question, question, FR, (), "Le nuage était sous nos pieds a tenu un festival.")
    assert resume("et leur budget ?", FR, [turn]).text == (
        "Leur budget (Le nuage était sous nos pieds) ?"
    )


def test_a_question_in_the_other_language_gets_the_topic_not_the_question() -> None:
    assert resume("and in 2016?", EN, [MEDUSA]).text == "In 2016 (Medusa)?"
    assert resume("what did it cost?", EN, [MEDUSA]).text == "What did Medusa cost?"


def test_what_is_carried_can_be_taken_off() -> None:
    resumed = resume("Combien d'emplois ?", FR, [MEDUSA])
    name, date = resumed.carried
    assert (name.kind, name.text) == (CarriedKind.NAME, "Medusa")
    assert (date.kind, date.text) == (CarriedKind.DATE, "2022")
    assert resumed.without(name) == "Combien d'emplois (2022) ?"
    assert resumed.without(date) == "Combien d'emplois (Medusa) ?"
    (pronoun,) = resume("Il a coûté combien ?", FR, [MEDUSA]).carried
    assert (pronoun.text, pronoun.instead) == ("Medusa", "Il ")
    repeated = resume("et en 2023 ?", FR, [MEDUSA])
    (carried,) = repeated.carried
    assert repeated.without(carried) == "et en 2023 ?"


def test_a_question_never_grows_too_long_to_be_asked() -> None:
    long = "pourquoi " + "parce que " * 49 + "?"
    resumed = resume("mais encore ?", FR, [Turn(long, long, FR)])
    assert (resumed.text, resumed.new_topic) == ("mais encore ?", True)


@pytest.mark.parametrize(
    ("text", "language", "names"),
    [
        (
            "Le câble SeaMeWe-6 et MRS4 de Digital Realty",
            FR,
            ["SeaMeWe-6", "MRS4", "Digital Realty"],
        ),
        ("qui dirige l'incubateur Belle de Mai", FR, ["Belle de Mai"]),
        ("Combien d'États reliés par le BTP ?", FR, []),
        ("la French Tech et l'Union européenne", FR, ["French Tech", "Union"]),
        ("How much for the West African leg in October?", EN, []),
        ("Which firms followed « le grand large » ?", FR, ["le grand large"]),
        ("What about La Plateforme in 2019?", EN, ["La Plateforme"]),
        ("le 1er T3 de 2021 en 5G : 90 MW, 2e rang", FR, []),
        ("2Africa ou i2m ?", FR, ["2Africa", "i2m"]),
        ("Voyage Privé a grandi. Gojob aussi", FR, ["Voyage Privé"]),
    ],
)
def test_names(text: str, language: Language, names: list[str]) -> None:
    assert [name.text for name in find_names(text, language)] == names


@given(
    st.lists(st.sampled_from(PIECES), min_size=1, max_size=9).map(" ".join),
    st.sampled_from([FR, EN]),
)
def test_what_is_carried_stands_where_it_is_said_to(question: str, language: Language) -> None:
    for turns in ([MEDUSA], [GOJOB], [MEDUSA, GOJOB]):
        resumed = resume(question, language, turns)
        assert resumed.text.strip()
        assert len(resumed.text) <= MAX_CHARACTERS
        assert not (resumed.new_topic and resumed.carried)
        end = 0
        for carried in resumed.carried:
            assert end <= carried.start < carried.end <= len(resumed.text)
            assert carried.text in resumed.text[carried.start : carried.end]
            assert isinstance(resumed.without(carried), str)
            end = carried.end
