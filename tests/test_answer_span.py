import pytest
from hypothesis import given
from hypothesis import strategies as st

from massilia.corpus.article import Language
from massilia.service.answer_kind import read_answer_kind
from massilia.service.answer_span import mark_answer

FR, EN = Language.FRENCH, Language.ENGLISH


def mark(
    question: str,
    sentence: str,
    question_language: Language = FR,
    sentence_language: Language = FR,
) -> str | None:
    asked = read_answer_kind(question, question_language)
    span = mark_answer(question, asked, sentence, question_language, sentence_language)
    return None if span is None else sentence[span.start : span.end]


@pytest.mark.parametrize(
    ("question", "sentence", "marked"),
    [
        ("Combien a coûté le quai ?", "Le quai a coûté 12,4 M€ en 2021.", "12,4 M€"),
        ("Quel budget en dollars ?", "Il coûta 140 M€, soit 157 M$.", "157 M$"),
        ("Combien de sites compte-t-il ?", "Il a 18 sites dans 13 pays.", "18 sites"),
        ("Combien de pays compte-t-il ?", "Il a 18 sites dans 13 pays.", "13 pays"),
        ("Quand a-t-il ouvert ?", "Il a ouvert le 19 octobre 2021.", "19 octobre 2021"),
        ("En quelle année a-t-il ouvert ?", "Il a ouvert le 19 octobre 2021.", "2021"),
        ("Quel jour a-t-il ouvert ?", "L'édition 2022 a ouvert le 3 mai.", "3 mai"),
        ("À quelle place est le port ?", "Le port est pour la première fois 9e.", "9e"),
        ("Combien de temps dure le suivi ?", "Le suivi dure de 3 à 24 mois.", "3 à 24 mois"),
        ("Quelle est sa puissance ?", "Il a 16 MW sur 7 100 m².", "16 MW"),
        ("Quelle part a été levée ?", "Ils en ont levé les deux tiers.", "deux tiers"),
        ("Un paquebot demande combien ?", "Il demande 16 MW au port.", "16 MW"),
        ("Qui a fondé Gojane ?", "Gojane a été fondée par Paul Martin.", "Paul Martin"),
        (
            "Qui a fondé Gojane ?",
            "Paul Martin et Anne Roy ont fondé Gojane.",
            "Paul Martin et Anne Roy",
        ),
        ("Qui exploite le câble ?", "Hengtong exploite le câble.", "Hengtong"),
        ("Quelle entreprise l'a bâti ?", "Le bâtisseur en est Gojane Corp.", "Gojane Corp"),
        ("Où arrive Medusor ?", "Medusor arrive à Bizerte en 2025.", "Bizerte"),
        ("Comment s'appelle-t-il ?", "Le câble se nomme Medusor.", "Medusor"),
    ],
)
def test_answer_is_marked(question: str, sentence: str, marked: str) -> None:
    assert mark(question, sentence) == marked


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        ("Combien de sites compte-t-il ?", "Il compte de nombreux sites."),
        ("Combien de grues a-t-il ?", "Il a 18 sites dans 13 pays."),
        ("Le site a-t-il ouvert ?", "Le site a ouvert en 2021."),
        ("Pourquoi a-t-il ouvert ?", "Il a ouvert en 2021 car le port payait 3 M€."),
        ("Combien a coûté le quai ?", "Il a coûté 12 M€, 14 M€ ou 16 M€."),
        ("Quand est-ce sorti ?", "Selon la presse de mai 2021, c'est déjà sorti."),
        ("Quand ouvrira le site ?", "En mai 2021, le port attendait encore le site."),
        ("Combien étaient étrangers ?", "Sur les 77 projets, tous le sont."),
        ("Qui a fondé Gojane ?", "Gojane a été fondée à Marseille."),
        ("Qui est premier, Orange ou Gojane ?", "Hengtong est le premier."),
        ("Qui exploite le câble ?", "Le câble est exploité, selon Hengtong, depuis 2021."),
        ("Qui exploite le câble ?", "Le câble est exploité, annonçait Hengtong Corp."),
        ("Où arrive le câble ?", "Le câble va à Bizerte, puis plus loin à Tunis."),
        ("Quelle entreprise ?", "Le parti socialiste (PS) le dit."),
        ("Quel montant pour le quai ?", "Il versa 3 M€ au quai et 4 M€ au quai."),
        ("Quel montant ?", "Il versa 3 M€ au nord puis 4 M€ au sud."),
        ("Combien de grues a le port ?", "Le port a 18 sites et, dans 13 pays, des bureaux."),
        ("Qui exploite le câble ?", "Le câble est exploité par un groupe que Hengtong aime."),
    ],
)
def test_nothing_is_marked_where_it_is_not_sure(question: str, sentence: str) -> None:
    assert mark(question, sentence) is None


@pytest.mark.parametrize(
    ("question", "sentence", "marked"),
    [
        ("Quand, après 2021, a-t-il ouvert ?", "Prévu pour 2021, il ouvrit en 2022.", "2022"),
        ("Qui dirige Gojane ?", "Gojane est dirigée par Paul Martin.", "Paul Martin"),
        (
            "Au lieu de 12 M€, combien coûte-t-il ?",
            "Non pas 12 millions d'euros, mais 14 M€.",
            "14 M€",
        ),
        ("où va medusor", "Medusor va à Bizerte.", "Bizerte"),
    ],
)
def test_what_the_question_holds_is_never_marked(question: str, sentence: str, marked: str) -> None:
    assert mark(question, sentence) == marked


def test_value_nearest_to_the_question_is_marked() -> None:
    sentence = "Les ventes valaient 40 M€ en 2019, et le bénéfice 3 M€ en 2020."
    assert mark("Quel montant pour le bénéfice de 2020 ?", sentence) == "3 M€"
    assert mark("Quel montant pour les ventes de 2019 ?", sentence) == "40 M€"


def test_equal_values_are_one() -> None:
    assert mark("Quel budget ?", "Un budget de 12 M€, oui, 12 millions d'euros.") == "12 M€"


def test_life_dates_are_told_apart() -> None:
    sentence = "Paul Martin (3 mai 1920 – 6 juin 1987) est un peintre."
    assert mark("Quand est né Paul Martin ?", sentence) == "3 mai 1920"
    assert mark("Quand est mort Paul Martin ?", sentence) == "6 juin 1987"


@pytest.mark.parametrize(
    ("question", "sentence", "question_language", "marked"),
    [
        ("How many projects are there?", "Il a 80 projets et 300 acteurs.", EN, "80 projets"),
        ("Combien de projets ?", "It has 80 projects and 300 players.", FR, "80 projects"),
        ("What did the quay cost?", "Le quai a coûté 12 M€.", EN, "12 M€"),
        ("Qui dirige Gojane ?", "Gojane is run by Paul Martin.", FR, "Paul Martin"),
        ("When did it open in 2021?", "Il a ouvert le 3 mai 2021.", EN, "3 mai 2021"),
    ],
)
def test_other_language_is_marked(
    question: str, sentence: str, question_language: Language, marked: str
) -> None:
    other = FR if question_language is EN else EN
    assert mark(question, sentence, question_language, other) == marked


@given(
    st.sampled_from(["Combien de sites ?", "Qui ?", "Où ?", "Quand ?", "Quel budget ?"]),
    st.lists(
        st.sampled_from(
            ["12", "M€", "sites", "mai", "2021", "Paul", "Martin", "à", "Bizerte", ",", "et", "de"]
        ),
        max_size=14,
    ),
)
def test_any_mark_lies_within_the_sentence(question: str, words: list[str]) -> None:
    marked = mark(question, " ".join(words))
    assert marked is None or marked.strip() == marked != ""
