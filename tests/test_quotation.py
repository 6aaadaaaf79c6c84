"""Where quotes begin and end: whole sentences, their speakers, their marks, their lists."""

import random
from itertools import pairwise

import pytest

from massilia.corpus.article import Article, Heading, Language
from massilia.ingest.headings import find_headings
from massilia.ingest.sentences import split_sentences
from massilia.service.quotation import MAX_CHARACTERS, choose_extent, is_quotable

FR, EN = Language.FRENCH, Language.ENGLISH


def make_article(text: str, language: Language, headings: tuple[Heading, ...] = ()) -> Article:
    return Article(
        id="a", language=language, title="T", text=text, origin="a.txt", headings=headings
    )


def quote(
    text: str, words: str, language: Language = FR, *, is_list: bool = False
) -> tuple[str, str | None]:
    """Return what is quoted for the sentence that holds `words`, and who speaks beside it."""
    article = make_article(text, language, find_headings(text))
    sentences = split_sentences(text, language, article.headings)
    position = text.index(words)
    chosen = next(
        number for number, each in enumerate(sentences) if each.start <= position < each.end
    )
    extent = choose_extent(article, sentences, chosen, is_list)
    speaker = extent.speaker
    return text[extent.start : extent.end], speaker and text[speaker.start : speaker.end]


def test_a_sentence_that_stands_alone_is_quoted_alone() -> None:
    text = "Traxens a été créée en 2012. Traxens emploie 90 personnes. Son siège est à Marseille."
    assert quote(text, "emploie") == ("Traxens emploie 90 personnes.", None)


@pytest.mark.parametrize(
    ("language", "before", "sentence"),
    [
        (FR, "Traxens a levé des fonds.", "Elle emploie 90 personnes."),
        (FR, "Traxens a levé des fonds.", "En 2014, elle emploie 90 personnes."),
        (FR, "Traxens a levé des fonds.", "Fondée en 2012, elle emploie 90 personnes."),
        (FR, "Kévin Polizzi dirige Jaguar.", "Ce dernier investit dans la recherche."),
        (FR, "Traxens a levé des fonds.", "Cette entreprise emploie beaucoup de monde."),
        (FR, "Traxens a levé des fonds.", "Son siège est dans le quartier."),
        (FR, "Traxens a levé des fonds.", "C’est une première pour la région."),
        (FR, "Traxens a levé des fonds.", "Ce n'est pas un hasard dans la région."),
        (FR, "Lyon compte deux câbles.", "En revanche, Marseille en compte seize."),
        (FR, "Lyon compte deux câbles.", "Mais Marseille en compte seize."),
        (EN, "Traxens raised funds.", "It employs 90 people."),
        (EN, "Traxens raised funds.", "In January 2014, it employed 90 people."),
        (EN, "Traxens raised funds.", "Founded in 2012, it employs 90 people."),
        (EN, "Jaguar and Traxens hired.", "The latter employs 90 people."),
        (EN, "Jaguar and Traxens hired.", "They employ 90 people."),
        (EN, "Traxens raised funds.", "This company employs many people."),
        (EN, "Traxens raised funds.", "Its head office is in the docks."),
        (EN, "Lyon has two cables.", "But Marseille has sixteen."),
        (EN, "Lyon has two cables.", "By contrast, Marseille has sixteen."),
    ],
)
def test_a_sentence_is_quoted_with_the_one_it_leans_on(
    language: Language, before: str, sentence: str
) -> None:
    text = f"Une autre phrase vient ici. {before} {sentence} Une dernière phrase la suit."
    assert quote(text, sentence, language) == (f"{before} {sentence}", None)


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        (FR, "Il y a seize câbles à Marseille."),
        (FR, "Il est prévu de construire un centre."),
        (FR, "C'est en 2014 que le label est arrivé."),
        (FR, "Ce sont des éditeurs qui ont créé Medinsoft."),
        (FR, "Ce jeudi 12 juin, un débat s'est tenu."),
        (FR, "Cette année, le port est relié."),
        (FR, "Cette société, Traxens, emploie 90 personnes."),
        (FR, "Ce soutien européen à Medusa est ancien."),
        (FR, "Cet article de 2016 nomme des sociétés."),
        (FR, "Pour Marseille, elle compte beaucoup."),
        (FR, "Ileana dirige le centre de calcul."),
        (EN, "It was in 2014 that the label came."),
        (EN, "It remains to connect the port."),
        (EN, "This year the port is connected."),
        (EN, "This company, Traxens, employs people."),
        (EN, "This European support for Medusa is old."),
        (EN, "In Marseille, it rains."),
        (EN, "Butter is sold at the harbour."),
    ],
)
def test_what_looks_like_a_pronoun_may_lean_on_nothing(language: Language, sentence: str) -> None:
    text = f"Lyon compte deux câbles. {sentence}"
    assert quote(text, sentence, language) == (sentence, None)


def test_what_a_sentence_leans_on_is_in_its_paragraph() -> None:
    assert quote("Traxens a levé des fonds.\n\nElle emploie 90 personnes.", "Elle") == (
        "Elle emploie 90 personnes.",
        None,
    )
    assert quote("Traxens a levé des fonds.\nElle emploie 90 personnes.", "Elle") == (
        "Elle emploie 90 personnes.",
        None,
    )


def test_wrapped_lines_are_one_paragraph() -> None:
    text = (
        "La société Traxens, créée en 2012 à Marseille, a mis au\n"
        "point des capteurs pour les conteneurs des grands ports.\n"
        "Elle emploie environ 90 personnes dans cette ville et à\n"
        "Singapour, où ses clients sont plus nombreux qu'ailleurs."
    )
    assert quote(text, "Elle emploie")[0] == text


def test_a_pronoun_is_not_explained_by_another_one() -> None:
    text = "Traxens a levé des fonds. Elle grandit vite. Elle emploie 90 personnes."
    assert quote(text, "emploie") == ("Elle emploie 90 personnes.", None)


def test_a_connective_is_not_followed_to_another_one() -> None:
    text = "Lyon a deux câbles. Mais Paris en a un. Or Marseille en a seize."
    assert quote(text, "seize") == ("Or Marseille en a seize.", None)


def test_a_heading_names_what_a_pronoun_stands_for() -> None:
    text = "Traxens, capteurs\n\nTraxens a levé des fonds. Elle emploie 90 personnes."
    headings = (Heading(2, 0, 17),)
    sentences = split_sentences(text, FR, headings)
    extent = choose_extent(make_article(text, FR, headings), sentences, 1)
    assert text[extent.start : extent.end] == "Elle emploie 90 personnes."
    other = text.replace("Traxens a levé", "Jaguar a levé")
    extent = choose_extent(
        make_article(other, FR, headings), split_sentences(other, FR, headings), 1
    )
    assert other[extent.start : extent.end] == "Jaguar a levé des fonds. Elle emploie 90 personnes."


def test_a_question_or_a_caption_is_never_added() -> None:
    assert quote("Que fait Traxens ? Elle emploie 90 personnes.", "Elle") == (
        "Elle emploie 90 personnes.",
        None,
    )


def test_no_more_is_added_than_may_be_quoted() -> None:
    before = "Traxens a levé des fonds" + " et des fonds" * 45 + "."
    assert quote(f"{before} Elle emploie 90 personnes.", "Elle")[0] == "Elle emploie 90 personnes."


SPOKEN_FR = (
    "Le site a ouvert en 2018. « Nos clients sont américains. La ville va grandir », précise "
    "Fabrice Coquio, président d'Interxion. Le chantier continue."
)


@pytest.mark.parametrize("words", ["Nos clients", "La ville"])
def test_a_quotation_is_completed_with_who_speaks(words: str) -> None:
    start = SPOKEN_FR.index("«")
    end = SPOKEN_FR.index(" Le chantier")
    assert quote(SPOKEN_FR, words) == (SPOKEN_FR[start:end], None)


@pytest.mark.parametrize("words", ["Le site", "Le chantier"])
def test_what_is_not_said_is_quoted_alone(words: str) -> None:
    quoted, speaker = quote(SPOKEN_FR, words)
    assert quoted.startswith(words)
    assert quoted.count(".") == 1
    assert speaker is None


@pytest.mark.parametrize(
    "text",
    [
        "“We need power. The city must act,” said Fabrice Coquio, chairman of Interxion.",
        '"We need power. The city must act," Fabrice Coquio said.',
        '"We need power. The city must act," Fabrice Coquio, the chairman, told reporters.',
        "According to Fabrice Coquio, “we need power. The city must act.”",
        "Fabrice Coquio, the chairman, was clear: “We need power. The city must act.”",
        "“We need power. The city must ‘act’,” said the mayor’s office.",
    ],
)
def test_speakers_are_read_in_english(text: str) -> None:
    assert quote(f"{text} The works go on.", "We need" if "We" in text else "power", EN) == (
        text,
        None,
    )
    assert quote(f"{text} The works go on.", "The city", EN) == (text, None)


def test_a_speaker_named_before_is_quoted_too() -> None:
    text = "De son côté, Stéphane Paoli voit loin. «Le numérique peut casser les modèles»."
    assert quote(text, "casser") == (text, None)
    text = "Pour Daniel Sperling, le port compte. L'enjeu est, pour lui, de former les citoyens."
    assert quote(text, "former") == (text, None)


@pytest.mark.parametrize(("between", "is_near"), [(0, True), (1, True), (2, False)])
def test_a_speaker_is_quoted_up_to_two_sentences_away(between: int, is_near: bool) -> None:
    text = (
        "« Le port est très grand », explique Céline Souliers. "
        + "Le chantier avance. " * between
        + "« Notre rôle est d'aider les jeunes »."
    )
    said = "« Notre rôle est d'aider les jeunes »."
    assert quote(text, "Notre") == ((text, None) if is_near else (said, "Céline Souliers"))


def test_a_speaker_further_away_is_given_beside() -> None:
    said = " ".join(f"La phrase {number} parle du port." for number in range(5))
    text = f"« {said} Le port est grand », explique Céline Souliers. Le chantier continue."
    assert quote(text, "phrase 2") == ("La phrase 2 parle du port.", "Céline Souliers")
    text = (
        "« Le port est très grand », explique Céline Souliers. "
        + "Le chantier avance bien. " * 4
        + "« Notre rôle est d'aider les jeunes »."
    )
    assert quote(text, "Notre rôle") == (
        "« Notre rôle est d'aider les jeunes ».",
        "Céline Souliers",
    )


def test_an_unnamed_speaker_is_the_last_one_named() -> None:
    text = (
        "« Le port est très grand », explique Céline Souliers. Le chantier avance. Il pleut ici. "
        "« Notre rôle est d'aider les jeunes », ajoute-t-elle."
    )
    assert quote(text, "Notre rôle") == (
        "« Notre rôle est d'aider les jeunes », ajoute-t-elle.",
        "Céline Souliers",
    )


def test_nobody_speaks_across_a_heading() -> None:
    text = (
        "« Le port est grand », dit Céline Souliers.\n\nLes jeunes\n\n« Notre rôle est d'aider »."
    )
    heading = Heading(2, text.index("Les jeunes"), text.index("Les jeunes") + 10)
    sentences = split_sentences(text, FR, (heading,))
    extent = choose_extent(make_article(text, FR, (heading,)), sentences, 1)
    assert text[extent.start : extent.end] == "« Notre rôle est d'aider »."
    assert extent.speaker is None


def test_two_voices_are_not_quoted_together() -> None:
    text = (
        "« Le label est une belle chose pour nous », assure Marie Bouillet. "
        "« Cela va servir nos projets », assure Jean Royer."
    )
    assert quote(text, "Cela va") == ("« Cela va servir nos projets », assure Jean Royer.", None)


def test_a_quotation_leans_on_what_is_told_and_on_no_other_voice() -> None:
    said = "« C'est une perspective à portée de main », est persuadé Stéphane Soto."
    assert quote(f"La ville se rêve en Californie. {said}", "C'est")[0].startswith("La ville")
    other = "Pour l'heure, sans rien dire du fond, c'est « un grand jour », assure Marie Bouillet."
    assert quote(f"{other} {said}", "C'est une") == (said, None)


def test_apostrophes_close_no_quotation() -> None:
    text = "‘We won’t move. The city’s late,’ said Ann Lee."
    assert quote(f"{text} It rains.", "We won", EN) == (text, None)
    assert quote(f"{text} It rains.", "The city", EN) == (text, None)


def test_a_quotation_over_several_paragraphs_is_signed_at_its_end() -> None:
    text = "“We need a lot of power.\n\n“The city must act for us,” said Jane Doe.\n\nThe end came."
    assert quote(text, "We need", EN) == ("“We need a lot of power.", "Jane Doe")
    assert quote(text, "The city", EN) == ("“The city must act for us,” said Jane Doe.", None)
    text = "« Il faut plus de courant.\n\nLa ville doit agir », dit Jane Doe."
    assert quote(text, "Il faut") == ("« Il faut plus de courant.", "Jane Doe")


def test_a_stray_mark_quotes_nothing() -> None:
    text = "Le port est grand. Le quai est long », dit Jane Doe. La ville a trois sites."
    assert quote(text, "Le port") == ("Le port est grand.", None)
    assert quote("Un « port » ici.\n\n" + text, "Le port") == ("Le port est grand.", None)


def test_any_verb_after_a_quotation_signs_it() -> None:
    text = "« Le port est à nous. La ville va vite », tonne Jean Royer. Jane Doe, elle, doute."
    assert quote(text, "Le port")[0] == text.removesuffix(" Jane Doe, elle, doute.")


def test_a_mark_is_closed_though_the_quote_grows_long() -> None:
    long = "« Le port" + " et la ville" * 60 + " grandissent."
    text = f"{long} Le monde vient », dit Jane Doe."
    assert quote(text, "Le port") == (text, None)
    text = f"{long} Rien ne bouge. Le monde vient ici », dit Jane Doe."
    assert quote(text, "Le port") == (long, "Jane Doe")


@pytest.mark.parametrize(
    "sentence",
    [
        "L’arrivée du câble d’Orange date d’hier.",
        "Le disque de 15\" n'est plus vendu ici.",
        "Un levier d‘attractivité est né dans la ville.",
        "La « movida » de la ville est nonchalante.",
        "Les années ’90 sont loin de la ville.",
    ],
)
def test_not_every_mark_opens_a_quotation(sentence: str) -> None:
    text = f"« Le port est très grand », dit Jane Doe. {sentence} Une autre suit."
    assert quote(text, sentence[:8]) == (sentence, None)


def test_a_quotation_within_another_keeps_its_outer_marks() -> None:
    text = "« Le maire a dit “le port est à nous”. La ville va grandir », précise Jane Doe."
    assert quote(text, "Le maire") == (text, None)
    assert quote(text, "La ville") == (text, None)


def test_a_reply_after_a_dash_has_its_speaker() -> None:
    text = "Jean Royer répond :\n— Nous avons calculé. Il y a de la place."
    assert quote(text, "de la place") == ("Il y a de la place.", "Jean Royer")


INTERVIEW = """Entretien avec Fabrice Coquio, président d'Interxion

Pourquoi avoir choisi la ville de Marseille ?

Le port est au carrefour des câbles. Nous y avons investi.

Et demain ?

Nous allons agrandir le site.
"""


def test_an_answer_in_an_interview_has_its_speaker() -> None:
    assert quote(INTERVIEW, "investi") == ("Nous y avons investi.", "Fabrice Coquio")
    assert quote(INTERVIEW, "agrandir") == ("Nous allons agrandir le site.", "Fabrice Coquio")
    plain = INTERVIEW.replace("Entretien avec ", "")
    assert quote(plain, "agrandir") == ("Nous allons agrandir le site.", None)


def test_an_answer_under_a_label_has_its_speaker() -> None:
    text = (
        "Marseille vue par Fabrice Coquio.\n\nLe Journal : Pourquoi Marseille ?\n\n"
        "F. C. : Le port est au carrefour. Le site y est né.\n\nLe Journal : Et demain ?\n\n"
        "F. C. : Le site va grandir encore. Le monde vient ici."
    )
    assert quote(text, "est né") == ("Le site y est né.", "Fabrice Coquio")
    named = text.replace("F. C. :", "Fabrice Coquio :")
    assert quote(named, "est né") == ("Le site y est né.", "Fabrice Coquio")
    assert quote(named, "va grandir") == ("Fabrice Coquio : Le site va grandir encore.", None)


def test_a_title_with_a_colon_is_nobody() -> None:
    text = (
        "Que faire ?\n\n"
        "Grand Opening FTWKS : le numérique\n\nGrand Opening FTWKS : le numérique\n\n"
        "Le label est arrivé en 2014."
    )
    assert quote(text, "arrivé") == ("Le label est arrivé en 2014.", None)


LIST = """Le port est grand.

Les partenaires sont les suivants :

• Orange, l'opérateur français
• Interxion, l'hébergeur
• Traxens, les capteurs

La suite est à venir."""


def test_a_list_is_quoted_to_its_end() -> None:
    whole = LIST[LIST.index("Les partenaires") : LIST.index("\n\nLa suite")]
    assert quote(LIST, "Les partenaires") == (whole, None)
    assert quote(LIST, "Les partenaires", is_list=True) == (whole, None)
    assert quote(LIST, "Interxion", is_list=True) == (whole, None)
    assert quote(LIST, "Interxion") == ("Interxion, l'hébergeur", None)
    assert quote(LIST, "Le port", is_list=True) == ("Le port est grand.", None)
    assert quote(LIST, "La suite", is_list=True) == ("La suite est à venir.", None)


def test_a_list_without_its_lead_begins_with_an_item() -> None:
    text = LIST.replace("suivants :", "suivants.")
    assert quote(text, "Interxion", is_list=True)[0].startswith("Orange, l'opérateur")
    assert quote(text, "Les partenaires", is_list=True)[0].endswith("suivants.")


def test_a_long_list_is_cut_between_items() -> None:
    items = [f"- La société numéro {number} de la grande liste" for number in range(30)]
    text = "Voici la liste :\n" + "\n".join(items)
    quoted, _ = quote(text, "Voici")
    assert 500 < len(quoted) <= MAX_CHARACTERS
    assert quoted.endswith("liste")
    assert quote(text, "numéro 29", is_list=True) == (items[29][2:], None)


def test_an_enumeration_over_sentences_is_a_list() -> None:
    text = (
        "Le port est grand. La ville a trois sites. Le premier est au nord. Le deuxième est au "
        "sud. Le troisième est en mer. La suite est à venir."
    )
    whole = text[text.index("La ville") : text.index(" La suite")]
    assert quote(text, "La ville", is_list=True) == (whole, None)
    assert quote(text, "au sud", is_list=True) == (whole, None)
    assert quote(text, "Le port", is_list=True) == ("Le port est grand.", None)
    assert quote(text, "au sud") == ("Le deuxième est au sud.", None)
    text = "Three sites exist. First, the north. Second, the south. Finally, the sea. Rain falls."
    assert quote(text, "south", EN, is_list=True) == (text.removesuffix(" Rain falls."), None)


@pytest.mark.parametrize(
    "text",
    [
        "Marseille compte seize câbles.",
        "L'Afrique avance.",
        "Marseille s’est imposée.",
        "Read speeds have doubled.",
        "Photos de famille et souvenirs du port ont été exposés.",
    ],
)
def test_sentences_are_quotable(text: str) -> None:
    assert is_quotable(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Publicité",
        "Paul Molga",
        "4c4cc76eba3237071a6a495f1ada9ec3-858x480.jpg",
        "Comment rebondir après un échec ?",
        "« Comment rebondir après un échec ? »",
        "Publié le 29 juin 2016 à 09:26",
        "Photo : le port de Marseille, vu du large.",
        "Votre adresse de messagerie ne sera pas publiée.",
        "Your email address will not be published.",
        "Skip to main content of page",
    ],
)
def test_noise_is_not_quotable(text: str) -> None:
    assert not is_quotable(text)


PARTS = [
    "Traxens a levé des fonds.",
    "Elle emploie 90 personnes.",
    "Mais Lyon suit de près.",
    "« Nous allons très vite.",
    "La ville grandit encore », dit Jane Doe.",
    '"Le port est à nous", ajoute Jean Royer.',
    '"Rien ne bouge ici.',
    "Que faire demain matin ?",
    "Selon lui, le label est utile.",
    "“We are late.",
    "It grows,” said Ann Lee.",
    "• Le site du nord",
    "- Le site du sud",
    "Voici les sites :",
    "Le premier est au nord.",
    "Le deuxième est au sud.",
    "L’été d‘ici est chaud.",
    "»",
]


@pytest.mark.parametrize("seed", range(60))
def test_any_extent_is_made_of_whole_sentences_around_the_chosen_one(seed: int) -> None:
    draw = random.Random(seed)
    text = "".join(
        draw.choice(PARTS) + draw.choice([" ", " ", " ", "\n", "\n\n"]) for _ in range(25)
    ).strip()
    for language in Language:
        article = make_article(text, language)
        sentences = split_sentences(text, language)
        starts, ends = {each.start for each in sentences}, {each.end for each in sentences}
        for chosen, sentence in enumerate(sentences):
            for is_list in (False, True):
                extent = choose_extent(article, sentences, chosen, is_list)
                assert extent.end >= sentence.end
                assert extent.end in ends
                assert extent.start in starts | {each + 2 for each in starts}
                assert extent.start <= sentence.start + 2
                quoted = text[extent.start : extent.end]
                if not is_list and "Voici les sites :" not in text[sentence.start : sentence.end]:
                    assert "\n" not in quoted
                assert len(quoted) <= max(MAX_CHARACTERS, sentence.end - sentence.start)
                if extent.speaker is not None:
                    assert not extent.start <= extent.speaker.start < extent.end


WHOLE_PARTS = [
    *(part for part in PARTS if part[-1] in ".?" and not set(part) & set('«»“”"')),
    "« Nous allons très vite. La ville grandit », dit Jane Doe.",
    "“We are late. It grows,” said Ann Lee.",
    '"Le port est à nous", ajoute Jean Royer.',
    "« Le port est à nous. Il vit. Il dort. »",
]


@pytest.mark.parametrize("seed", range(60))
def test_what_is_not_quoted_does_not_decide_what_is(seed: int) -> None:
    draw = random.Random(seed)
    text = "".join(
        draw.choice(WHOLE_PARTS) + draw.choice([" ", " ", "\n"]) for _ in range(25)
    ).strip()
    for language in Language:
        article = make_article(text, language)
        sentences = split_sentences(text, language)
        for chosen, sentence in enumerate(sentences):
            extent = choose_extent(article, sentences, chosen)
            within = [each for each in sentences if extent.start < each.end <= extent.end]
            again = choose_extent(article, within, within.index(sentence))
            assert (again.start, again.end) == (extent.start, extent.end)
            grown = extent.end - extent.start > sentence.end - sentence.start
            if grown:
                quoted = text[extent.start : extent.end]
                before = text[sentence.start : sentence.end]
                assert abs(quoted.count("«") - quoted.count("»")) <= abs(
                    before.count("«") - before.count("»")
                )


def test_marks_are_paired_where_one_sentence_more_does_it() -> None:
    sentences = ["Le port est grand.", "« La ville va vite.", "Le monde suit », dit Ann Lee."]
    for first, second in pairwise(sentences[1:] + sentences[:1]):
        quoted, _ = quote(" ".join(sentences), first)
        assert quoted.count("«") == quoted.count("»"), (first, second)


def test_sentences_are_read_in_the_language_of_their_passage() -> None:
    text = "The tug Goéland is 32 metres long. It runs on hydrogen and was built in three winters."
    sentences = split_sentences(text, EN)
    in_english = choose_extent(make_article(text, EN), sentences, 1)
    assert text[in_english.start : in_english.end] == text
    assert choose_extent(make_article(text, FR), sentences, 1, language=EN) == in_english
    assert choose_extent(make_article(text, FR), sentences, 1) != in_english
