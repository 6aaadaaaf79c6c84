"""What asks a library nothing, what asks for what is not, and what asks twice."""

import json
from pathlib import Path

import pytest

from massilia.corpus.article import Language
from massilia.service.messages import load_messages
from massilia.service.negation import asks_for_what_is_not
from massilia.service.question_check import Remark, check_question, strip_markup
from massilia.service.question_parts import split_questions

QUESTIONS = Path(__file__).parent.parent / "corpus" / "questions" / "dev.jsonl"

REMARKED = {
    Remark.WORDLESS: ["?" * 50, "!!!", "🙂🙂", "a", "5", "…", "<b></b>", "--", "***"],
    Remark.NOISE: [
        "asdfgh",
        "qsdfghjklm",
        "azerty",
        "aaaaaaaa",
        "lkjhgfd",
        "sdfkjhsdf",
        "lolololo",
    ],
    Remark.ADDRESS: ["https://example.org/a?b=c", "www.example.org", "example.org/article/12"],
    Remark.CODE: [
        *("SELECT * FROM articles;", "select name from users where id=1", "' OR 1=1 --"),
        *("'; DROP TABLE articles; --", "def f(x): return x", "print('hello')", "import os"),
        *("<script>alert(1)</script>", '{"a": 1, "b": 2}', "{{7*7}}", "${7*7}", "pip install x"),
    ],
    Remark.GREETING: [
        *("bonjour", "Hello!", "hi there", "Salut, ça va ?", "Bonjour à tous", "good night"),
        *("au revoir", "bonne journée", "comment vas-tu ?", "BONSOIR"),
    ],
    Remark.THANKS: ["merci", "Merci beaucoup !", "thanks a lot", "ok", "OK, super"],
    Remark.TEST: ["test", "test 1 2 3", "this is a test", "ceci est un test"],
    Remark.INSULT: ["tu es nul", "espèce d'idiot", "you are stupid", "this is crap", "shut up"],
    Remark.WRITING: [
        *("écris un poème sur Marseille", "Peux-tu écrire une lettre à mon propriétaire ?"),
        *("translate this: hello", "Traduis cette phrase en anglais", "raconte-moi une blague"),
        *("tell me a joke", "Please write me a short essay about thecamp"),
    ],
    Remark.SERVICE: [
        *("qui es-tu ?", "Who are you?", "what can you do?", "es-tu un robot ?", "help", "aide"),
        *("are you ChatGPT?", "comment ça marche ?", "c'est quoi Massilia ?", "how does it work?"),
    ],
    Remark.ADVICE: [
        *("Should I quit my job?", "Dois-je quitter mon travail ?", "what should I wear today?"),
        *("j'ai mal à la tête", "donne-moi un conseil", "Which phone should I buy?"),
    ],
}
ASKED = [
    *("IA", "thecamp", "MRS3", "2021 ?", "pourquoi ?", "et Barcelone ?", "Nice", "tree", "poil"),
    *("SeaMeWe-6 price budget total", "Bonjour, qui a fondé Traxens ?", "Test labs in Rousset"),
    *("<b>Qui a fondé Traxens ?</b>", "[Qui dirige X](javascript:alert(1)) ?", "voyage-prive.com"),
    *("Select the best startups from Marseille", "Quel code a été publié ?", "Interxion (MRS3)"),
    *("À qui dois-je m'adresser pour la French Tech ?", "Who made thecamp?", "Code 42 Marseille"),
    *("Je dois présenter Traxens : quel chiffre d'affaires ?", "C'est quoi thecamp ?"),
    *("Qui a écrit une lettre au préfet ?", "Translate bureau in Marseille ?", "CISAM(Marseille)"),
    *("x < 5 and y > 3 ?", "Ping Marseille Mumbai", "Hello Tomorrow à Marseille ?"),
    "Pourquoi la mairie juge-t-elle ce projet nul ?",
]


@pytest.mark.parametrize(
    ("text", "remark"), [(text, remark) for remark, texts in REMARKED.items() for text in texts]
)
def test_what_asks_nothing_is_told(text: str, remark: Remark) -> None:
    assert check_question(text) is remark


@pytest.mark.parametrize("text", ASKED)
def test_a_question_is_no_remark(text: str) -> None:
    assert check_question(text) is None


def test_every_remark_has_a_reply_that_repeats_nothing() -> None:
    assert set(REMARKED) == set(Remark)
    for language in Language:
        messages = load_messages(language)
        for remark in Remark:
            assert messages.text(f"remark.{remark}")


def test_no_question_that_has_an_answer_is_caught() -> None:
    lines = QUESTIONS.read_text(encoding="utf-8").splitlines()
    questions = [json.loads(line) for line in lines]
    assert len(questions) > 500
    for question in questions:
        text = question["question"]
        if question["answerable"]:
            assert check_question(text) is None, text
            assert not asks_for_what_is_not(text), text
        assert split_questions(text) == (text,), text


@pytest.mark.parametrize(
    ("text", "stripped"),
    [
        ("<b>Qui</b> a fondé <i class='x'>Traxens</i> ?", "Qui a fondé Traxens ?"),
        ("<script>alert('Marseille')</script>Traxens ?", "Traxens ?"),
        ("<SCRIPT>alert(1)", ""),
        ("<!-- x -->Traxens", "Traxens"),
        ("<img src=x onerror=alert(1)>Traxens", "Traxens"),
        ("[Traxens](javascript:alert(1)) ?", "Traxens ?"),
        ("![logo](https://example.org/x_(y).png) de Traxens", "logo de Traxens"),
        ("**Qui** a fondé `Traxens` ~~et~~ _quand_ ?", "Qui a fondé Traxens et quand ?"),
        ("***Traxens***", "Traxens"),
        ("**_Traxens_**", "Traxens"),
        ("## Traxens", "Traxens"),
        ("> Traxens", "Traxens"),
        ("a_b_c", "a_b_c"),
        ("2 * 3 * 4", "2 * 3 * 4"),
        ("moins de 5 < 6 > 4", "moins de 5 < 6 > 4"),
        ("R&D &amp; C++", "R&D &amp; C++"),
        ("MRS[3]", "MRS[3]"),
    ],
)
def test_markup_is_left_out_of_the_search(text: str, stripped: str) -> None:
    assert strip_markup(text) == stripped


@pytest.mark.parametrize(
    "text", ["<" * 500, "[" * 500, "*a" * 250, "(" * 500, "a " * 250, "`" * 500]
)
def test_any_text_is_read(text: str) -> None:
    check_question(text)
    split_questions(text)
    asks_for_what_is_not(text)


@pytest.mark.parametrize(
    "text",
    [
        "quels câbles n'arrivent pas à Marseille ?",
        "which companies did not raise money?",
        "Which startups haven’t raised money?",
        "Quelles sont les entreprises qui n'ont pas levé de fonds ?",
        "Which are the cables that do not land in Marseille?",
        "companies that did not raise money",
        "liste des startups qui n'ont pas levé d'argent",
        "En 2020, quels opérateurs ne sont jamais venus à Marseille ?",
        "Which operators never came?",
        "Dans quelles villes Orange n'a-t-il aucun câble ?",
        "Lesquels n'ont pas été construits ?",
    ],
)
def test_all_that_is_not_is_asked_for(text: str) -> None:
    assert asks_for_what_is_not(text)


@pytest.mark.parametrize(
    "text",
    [
        "Pourquoi le centre n'a-t-il pas ouvert ?",
        "Why didn't it open?",
        "Qui a fondé Traxens, n'est-ce pas ?",
        "Who founded it, didn't they?",
        "Not only Orange, which cables land?",
        "Which companies did not only sell but buy?",
        "Quels câbles ne desservent que Marseille ?",
        "Quels câbles n'ont pas seulement un propriétaire ?",
        "Combien de startups n'ont pas levé de fonds ?",
        "How many startups did not raise money?",
        "Quelles raisons n'ont pas été données ?",
        "Quelle société n'a pas été vendue ?",
        "Which company has not been sold?",
        "Which companies said they would not come?",
        "Quels élus disent que le centre n'ouvrira pas ?",
        "Quelles entreprises ne sont plus à Marseille ?",
        "Which companies are no longer in Marseille?",
        "N'y a-t-il pas un câble à Toulon ?",
        "What happens if the cables do not land?",
    ],
)
def test_other_negations_are_ordinary(text: str) -> None:
    assert not asks_for_what_is_not(text)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (
            "Qui a fondé Traxens et quand ?",
            ("Qui a fondé Traxens ?", "quand a-t-on fondé Traxens ?"),
        ),
        (
            "Qui détient Interxion, et où ?",
            ("Qui détient Interxion ?", "où détient-on Interxion ?"),
        ),
        ("Qui l'a fondé et quand ?", ("Qui l'a fondé ?", "quand l'a-t-on fondé ?")),
        ("Who runs it? And since when?", ("Who runs it ?", "since when do they run it ?")),
        ("Who founded Traxens and when?", ("Who founded Traxens ?", "when was Traxens founded ?")),
        (
            "Who bought Jaguar Network in 2019 and for how much?",
            (
                "Who bought Jaguar Network in 2019 ?",
                "for how much was Jaguar Network bought in 2019 ?",
            ),
        ),
        (
            "Quand Medusa a-t-il ouvert et où ?",
            ("Quand Medusa a-t-il ouvert ?", "où Medusa a-t-il ouvert ?"),
        ),
        (
            "When did Medusa open and why?",
            ("When did Medusa open ?", "why did Medusa open ?"),
        ),
        (
            "Qui dirige Traxens et quand a-t-elle ouvert ?",
            ("Qui dirige Traxens ?", "quand Traxens a-t-elle ouvert ?"),
        ),
        (
            "Who founded Traxens and when did it raise money?",
            ("Who founded Traxens ?", "when did Traxens raise money ?"),
        ),
        (
            "Qui a fondé Traxens ? Combien de salariés compte Gojob ?",
            ("Qui a fondé Traxens ?", "Combien de salariés compte Gojob ?"),
        ),
    ],
)
def test_two_questions_stand_alone(text: str, parts: tuple[str, str]) -> None:
    assert split_questions(text) == parts


@pytest.mark.parametrize(
    "text",
    [
        "Qui a fondé Traxens ?",
        "Combien de salariés compte Traxens et depuis quand ?",
        "Quels câbles arrivent à Marseille et à Toulon ?",
        "Where and when did thecamp open?",
        "Quelles institutions et quels groupes sont derrière la CISAM ?",
        "Which company built MRS3 and which runs it?",
        "Who has the label and since when?",
        "Who wanted to buy Gemalto and why?",
        "Qui se retrouve à Marseille et quand ?",
        "Who founded Traxens and Gojob and when did it raise money?",
        "Who founded Traxens and when did Gojob sell it?",
        "Who founded Traxens? Great, thanks",
        "Marseille et pourquoi",
        "Who founded Traxens and what is new there?",
        "Qui " + "très " * 22 + "a fondé Traxens et quand ?",
    ],
)
def test_what_is_unsure_stays_whole(text: str) -> None:
    assert split_questions(text) == (text,)
