import json
from itertools import cycle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from massilia.corpus.article import Language
from massilia.service.conversation import resume
from massilia.service.question import MAX_CHARACTERS
from massilia.service.question_names import find_names
from massilia.service.turns import CarriedKind, Resumed, Turn

FR, EN = Language.FRENCH, Language.ENGLISH
PIECES = (
    *("et", "en 2016", "PEACE", "il", "Medusa", "a-t-il", "son", "coût", "qui", "l'a", "?", ")"),
    *("(", ",", "Combien", "the", "it", "its", "and", "d'Oracle", "in", "«", "»", "Marseille"),
    *("then", ".", "l'année d'après", "two years later", "that", "où", "qu'ils", "pourquoi"),
)
CHANGED = 7
"""How many of the 440 development questions that stand alone are taken for follow-ups."""
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
        ("Et à la fin de l'année ?", "Quelle est la longueur de Medusa à la fin de 2022 ?"),
        ("Et maintenant ?", "Quelle est la longueur de Medusa maintenant ?"),
        ("Et il y a dix ans ?", "Quelle est la longueur de Medusa il y a dix ans ?"),
        # the same question, another name
        ("et Africa-1 ?", "Quelle est la longueur d'Africa-1 en 2022 ?"),
        ("Et celle de PEACE ?", "Quelle est la longueur de PEACE en 2022 ?"),
        ("et Gojob en 2019 ?", "Quelle est la longueur de Gojob en 2019 ?"),
        ("et à Toulon ?", "Quelle est la longueur de Medusa en 2022 à Toulon ?"),
        ("Même question pour PEACE ?", "Quelle est la longueur de PEACE en 2022 ?"),
        ("Et pour PEACE ?", "Quelle est la longueur de PEACE en 2022 ?"),
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
        # not those that have a noun of their own, or none to have
        ("Et le chantier, il finit quand ?", "Le chantier, il finit quand (Medusa) ?"),
        ("Combien y en a-t-il à bord ?", "Combien y en a-t-il à bord (Medusa) ?"),
        ("qui le dit ?", "Qui le dit (Medusa) ?"),
        ("Versée par quel programme ?", "Versée par quel programme (Medusa, 2022) ?"),
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
        ("Combien en 2030 selon le port ?", "Combien en 2030 selon le port (Medusa) ?"),
        ("Et la part de Marseille ?", "La part de Marseille (Medusa, 2022) ?"),
        # no word of its own
        ("pourquoi ?", "Pourquoi (quelle est la longueur de Medusa en 2022) ?"),
        ("C'était quand ?", "C'était quand (quelle est la longueur de Medusa en 2022) ?"),
        ("Et depuis quand ?", "Depuis quand (quelle est la longueur de Medusa en 2022) ?"),
        ("ça a augmenté ?", "Ça a augmenté (Medusa) ?"),
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
        ("What day was that?", "What day was that (Gojob, 2018)?"),
        (
            "And the site in Marseille, when was that?",
            "The site in Marseille, when was that (Gojob, 2018)?",
        ),
        ("Who pays for it, then?", "Who pays for Gojob, then?"),
        (
            "How many of those were new jobs for young people?",
            "How many of those were new jobs for young people (Gojob)?",
        ),
        ("for how many jobs?", "For how many jobs (Gojob, 2018)?"),
        ("and who was in charge?", "Who was in charge (Gojob)?"),
        ("and in Paris, when was that?", "In Paris, when was that (Gojob, 2018)?"),
        ("who ran it five years earlier?", "Who ran Gojob in 2013?"),
        ("and by the end of that year?", "How many people did Gojob employ by the end of 2018?"),
        ("And two years before that?", "How many people did Gojob employ in 2016?"),
        ("and now?", "How many people did Gojob employ now?"),
        ("The same for 2021?", "How many people did Gojob employ in 2021?"),
        # no person
        ("what did he say about it?", "What did he say about Gojob?"),
        ("Is his firm sold?", "Is his firm sold (Gojob)?"),
        # no word of its own
        ("why?", "Why (how many people did Gojob employ in 2018)?"),
        ("When was that?", "When was that (how many people did Gojob employ in 2018)?"),
        ("Since when?", "Since when (how many people did Gojob employ in 2018)?"),
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
        ("Quelles villes Marseille a-t-elle doublées pour entrer dans le top 7 ?", FR),
        ("Pourquoi des partenaires chinois ont-ils lâché SeaMeWe-6 ?", FR),
        ("combien ca a coute MRS3", FR),
        ("Flexgrid budget total", FR),
        ("P.Factory créateurs", FR),
        ("Quand La Plateforme a-t-elle ouvert ses portes ?", FR),
        ("Quand Le nuage était sous nos pieds a-t-il tenu son premier festival ?", FR),
        ("What is Traxens?", EN),
        ("Which two cities did Marseille overtake on its way into the top seven?", EN),
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
    assert len(changed) <= CHANGED, changed


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
        # what has it, not what it belongs to
        ("Combien de km fera Blue, le câble de Google ?", "Blue a coûté combien ?"),
        # a first word
        ("Medusa part d'où et finit où ?", "Medusa a coûté combien ?"),
        (
            "Quel est le rang mondial de Marseille ?",
            "Le rang mondial de Marseille a coûté combien ?",
        ),
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
        ("How does the river cooling in Nice work?", "What did the river cooling in Nice cost?"),
        ("How long is Google's Blue?", "What did Blue cost?"),
    ],
)
def test_the_topic_of_an_english_question(earlier: str, rewritten: str) -> None:
    assert resume("What did it cost?", EN, [ask(earlier, EN)]).text == rewritten


@pytest.mark.parametrize(
    ("asked", "quote", "rewritten"),
    [
        # the name that was asked for, or the only one
        ("Qui a fondé le site ?", "Selon Destimed, Gojob l'a fondé.", "Gojob a coûté combien ?"),
        ("Quel câble vient de loin ?", "PEACE vient de Paris.", "PEACE a coûté combien ?"),
        ("Où est le site ?", "Gojob est installé à Aubagne.", "Gojob a coûté combien ?"),
        # of more names it isn't told which
        (
            "Quel câble vient de loin ?",
            "PEACE et Medusa viennent de loin.",
            "Il a coûté combien (quel câble vient de loin) ?",
        ),
        # what was asked comes first
        ("Qui a fondé Traxens ?", "Le groupe Gojob l'a fondé.", "Traxens a coûté combien ?"),
    ],
)
def test_the_answer_names_the_topic_where_the_question_does_not(
    asked: str, quote: str, rewritten: str
) -> None:
    turn = Turn(asked, asked, FR, (), quote, "Les câbles")
    assert resume("Il a coûté combien ?", FR, [turn]).text == rewritten


def test_the_name_that_was_asked_for_is_told_from_others() -> None:
    asked, quote = "Qui a fondé le site ?", "Kevin Polizzi a fondé le site avec Medusa."
    turn = Turn(asked, asked, FR, (), quote, "Les sites")
    assert resume("Combien de salles ?", FR, [turn]).text == "Combien de salles (Kevin Polizzi) ?"


@pytest.mark.parametrize(
    ("question", "language", "rewritten"),
    [
        ("What else did he do?", EN, "What else did he do (Kevin Polizzi, Unitel)?"),
        ("What is her age?", EN, "What is her age (Kevin Polizzi, Unitel)?"),
        ("What is its revenue?", EN, "What is Unitel's revenue?"),
        ("Il a quel âge ?", FR, "Il a quel âge (Kevin Polizzi, Unitel) ?"),
        ("Et sa surface ?", FR, "La surface d'Unitel ?"),
    ],
)
def test_he_is_the_person_who_answered(question: str, language: Language, rewritten: str) -> None:
    asked, quote = "Who founded Unitel?", "The entrepreneur Kevin Polizzi founded it."
    if language is FR:
        asked, quote = "Qui a fondé Unitel ?", "Kevin Polizzi a fondé Unitel."
    turn = Turn(asked, asked, language, ("Unitel",), quote, "Unitel")
    assert resume(question, language, [turn]).text == rewritten


def test_he_is_no_company_that_answered() -> None:
    asked, quote = "Who bought Gemalto?", "Thales Group bought Gemalto."
    turn = Turn(asked, asked, EN, ("Gemalto",), quote, "Gemalto")
    assert resume("When did he pay?", EN, [turn]).text == "When did he pay (Gemalto)?"


@pytest.mark.parametrize(
    ("question", "rewritten"),
    [
        ("Back to the first one: why is it big?", "Back to the first one: why is MRS4 big?"),
        ("Who owns the other one?", "Who owns the other one (MRS3)?"),
        ("And the other?", "The other (MRS3)?"),
        ("Which one is older?", "Which one is older (MRS3, Choreus)?"),
        ("How do the two compare?", "How do the two compare (MRS3, Choreus)?"),
        # with a noun, it is another thing
        ("Was the first phase of it on time?", "Was the first phase of it on time (Choreus)?"),
    ],
)
def test_a_question_may_point_to_what_was_spoken_of(question: str, rewritten: str) -> None:
    *_, last = talk(EN, "How big is MRS4?", "What about MRS3?", "And Choreus?", question)
    assert last.text == rewritten


@pytest.mark.parametrize(
    ("question", "rewritten"),
    [
        ("Le premier, il est à qui ?", "Le premier, il est à qui (MRS4) ?"),
        ("Et l'autre ?", "L'autre (MRS4) ?"),
        (
            "Lequel a le plus de clients, de salles et de serveurs ?",
            "Lequel a le plus de clients, de salles et de serveurs (MRS4, MRS3) ?",
        ),
        ("Le premier client, c'est qui ?", "Le premier client, c'est qui (MRS3) ?"),
    ],
)
def test_a_french_question_may_point_to_what_was_spoken_of(question: str, rewritten: str) -> None:
    *_, last = talk(FR, "Quelle est la taille de MRS4 ?", "Et MRS3 ?", question)
    assert last.text == rewritten


def test_of_one_thing_nothing_else_can_be_pointed_to() -> None:
    *_, last = talk(EN, "How big is MRS4?", "Who owns the other one?")
    assert last.text == "Who owns the other one (MRS4)?"
    *_, last = talk(EN, "What is the recipe?", "Was the first one good?")
    assert last.text == "Was the first one good (what is the recipe)?"


def test_what_was_asked_of_is_kept_when_an_answer_names_another() -> None:
    asked, quote = "qui le dirige ?", "Gojob Group le dirige."
    turn = Turn(asked, "Qui le dirige (Toulon) ?", FR, ("Toulon",), quote)
    assert resume("Combien de salles ?", FR, [turn]).text == "Combien de salles (Toulon) ?"


def test_a_topic_lasts_while_only_places_are_named() -> None:
    *_, last = talk(FR, "Que coûte Medusa ?", "Et sa part à Toulon ?", "Combien de navires ?")
    assert last.text == "Combien de navires (Medusa) ?"
    # Where nothing but a place was named, what it is asked of is kept.
    *_, last = talk(FR, "Quelle est la recette ?", "Et son prix à Toulon ?", "Et sa durée ?")
    assert last.text == "Sa durée (Toulon) ?"


def test_a_name_takes_the_place_of_the_one_that_was_asked_about() -> None:
    *_, last = talk(EN, "How long is Google's Blue in Marseille?", "And Medusa?")
    assert last.text == "How long is Medusa in Marseille?"
    *_, last = talk(EN, "When did Oracle come from Paris to Marseille?", "And in Toulon?")
    assert last.text == "When did Oracle come from Paris to Toulon?"


def test_a_question_of_no_name_is_carried_whole() -> None:
    *_, last = talk(FR, "La chambre de commerce espérait le top 5 pour quand ?", "Et après ?")
    (carried,) = last.carried
    assert carried.kind is CarriedKind.QUESTION
    assert last.text == "Après (la chambre de commerce espérait le top 5 pour quand) ?"
    # With its date, which isn't repeated.
    *_, last = talk(FR, "Que valait la tech en 2016 ?", "Et à cette époque-là, pourquoi ?")
    assert last.text == "À cette époque-là, pourquoi (que valait la tech en 2016) ?"


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
