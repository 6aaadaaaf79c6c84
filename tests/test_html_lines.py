import pytest

from massilia.ingest.html_lines import MAX_CHARACTERS, is_byline, recognise_line
from massilia.ingest.html_regions import Reason

SITE_LINES = [
    ("Publicité", Reason.ADVERTISEMENT),
    ("ADVERTISEMENT", Reason.ADVERTISEMENT),
    ("La suite après cette publicité", Reason.ADVERTISEMENT),
    ("We may earn a commission from links on this page.", Reason.ADVERTISEMENT),
    ("Lire aussi : Le port ferme ses portes", Reason.RELATED),
    ("À lire également", Reason.RELATED),
    ("Read more: Five looms you can touch", Reason.RELATED),
    ("Sur le même sujet", Reason.RELATED),
    ("Les + lus", Reason.RELATED),
    ("Related articles", Reason.RELATED),
    ("More from this author", Reason.RELATED),
    ("Partager", Reason.SHARING),
    ("Share this article", Reason.SHARING),
    ("41 12 Share", Reason.SHARING),
    ("Facebook, Twitter, LinkedIn", Reason.SHARING),
    ("Suivez-nous sur Instagram", Reason.SHARING),
    ("Abonnez-vous à notre newsletter.", Reason.NEWSLETTER),
    ("S’abonner", Reason.NEWSLETTER),
    ("Sign up for free and get updates.", Reason.NEWSLETTER),
    ("Recevez chaque matin l’essentiel de l’actualité.", Reason.NEWSLETTER),
    ("Cet article est réservé aux abonnés.", Reason.PAYWALL),
    ("Il vous reste 62\u00a0% de cet article à lire.", Reason.PAYWALL),
    ("This article is for subscribers only.", Reason.PAYWALL),
    ("Déjà abonné ? Connectez-vous", Reason.PAYWALL),
    ("3 commentaires", Reason.COMMENTS),
    ("Commentaire 0", Reason.COMMENTS),
    ("Laisser un commentaire", Reason.COMMENTS),
    ("Your email address will not be published.", Reason.COMMENTS),
    ("Nous et nos 731 partenaires stockons des informations.", Reason.COOKIES),
    ("We use cookies to improve your experience.", Reason.COOKIES),
    ("Cette page vous a-t-elle été utile ?", Reason.FORM),
    ("How to cite this article", Reason.FORM),
    ("Mots-clés : port, navires", Reason.KEYWORDS),
    ("Filed under: Harbour", Reason.KEYWORDS),
    ("© 2022 La Voix du Delta", Reason.FOOTER),
    ("Tous droits réservés", Reason.FOOTER),
    ("Haut de page", Reason.FOOTER),
    ("Unsubscribe at any time", Reason.FOOTER),
    ("Photo : Jeanne Martin", Reason.CAPTION),
    ("Photo Jeanne Martin", Reason.CAPTION),
    ("9f86d081884c7d65.jpg", Reason.CAPTION),
    ("Par Jeanne Martin et Paul Durand", Reason.BYLINE),
    ("Publié le 1 avril 2022 à 12h24 - Mis à jour le 4 novembre 2022", Reason.BYLINE),
    ("By Maren Holt · 9 February 2023", Reason.BYLINE),
    ("4 min read", Reason.BYLINE),
    ("18:04", Reason.BYLINE),
    ("à 7h12", Reason.BYLINE),
    ("Temps de lecture : 3 minutes", Reason.BYLINE),
]
ARTICLE_LINES = [
    "La publicité en ligne a rapporté deux millions.",
    "Lire est un plaisir que rien ne remplace.",
    "Sur le même sujet, le maire a refusé de répondre.",
    "Dans la même filière, trois usines ferment.",
    "More on the way than anyone had thought.",
    "Partager le pain est un art ancien.",
    "Share prices fell by four percent.",
    "Inscrivez-vous avant le 31 mai auprès de la mairie.",
    "Retrouvez l’équipe au salon cette semaine à Marseille.",
    "Nous travaillons avec nos partenaires sur des données ouvertes.",
    "Get real: nobody reads e-mail any more.",
    "No comment from the ministry so far.",
    "Copyright law is changing in Europe.",
    "Votre adresse e-mail dit beaucoup de vous.",
    "Photo prise de nuit",
    "Par ailleurs, le port ferme.",
    "Par ici la sortie",
    "By the time they came, the boat had left.",
    "Le 3 mai 2022, le maire a dit non.",
    "Published in 2021, the report says no.",
    "Sources",
    "Contexte",
    "Et demain ?",
]


@pytest.mark.parametrize(("line", "reason"), SITE_LINES)
def test_lines_of_a_site_are_recognised_by_their_words(line: str, reason: Reason) -> None:
    assert recognise_line(line) is reason


@pytest.mark.parametrize("line", ARTICLE_LINES)
def test_lines_of_an_article_are_left_alone(line: str) -> None:
    assert recognise_line(line) is None


def test_a_paragraph_is_never_judged() -> None:
    line = "Lire aussi : " + "le port de Marseille " * 12
    assert len(line) > MAX_CHARACTERS
    assert recognise_line(line) is None


def test_a_byline_says_nothing_else() -> None:
    assert is_byline("Par Gaël Poletti\nPublié le 12/10/2023 à 00:10")
    assert not is_byline("Par Gaël Poletti\nLe port ferme.")
