"""Copies of real texts, planted as editors and scrapers make them, and texts that are none.

What is drawn by chance has a seed: the same texts give the same copies.
"""

import json
import random
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Final

from massilia.corpus.article import Article, Language
from massilia.corpus.document import read_document
from massilia.corpus.embedded import FOLDER, list_embedded_articles
from massilia.corpus.markdown import parse_article
from massilia.corpus.sources import FILE_NAME, read_catalogue
from massilia.index.article_clusters import read_wording
from massilia.ingest.sentences import split_sentences

SETS = ("piaf_v1.1", "afriqa_en", "afriqa_fr")
LEAST_WORDS = 200
"""Passages with one title that have fewer words in all are what copies are extended with."""
SEED = 7
_TOKEN = re.compile(r"\w+|\W+")
DIGITS = re.compile(r"\d+")
_SLOT = re.compile(r"\{(\w):([^}]*)\}")

REWORDED = (0.05, 0.1, 0.15, 0.2, 0.25, 0.3)
REORDERED = (0.25, 0.5, 1.0)
MISTYPED = (0.01, 0.03, 0.1)
SHORTENED = (0.2, 0.4, 0.6, 0.8)
EXTENDED = (0.2, 0.5, 1.0, 2.0)
QUOTING = ((600, 60), (400, 80), (300, 100), (200, 60), (200, 100))
"""Words of two texts, and of the passage that both quote."""

MENUS: Final[Mapping[Language, tuple[str, ...]]] = {
    Language.FRENCH: (
        "Accueil",
        "Actualités",
        "Économie",
        "Sport",
        "Culture",
        "Newsletters",
        "Mon compte",
        "Abonnez-vous à partir de 1 € le premier mois",
        "Lire aussi",
        "Partager sur Facebook",
        "Partager par courriel",
        "Imprimer l'article",
        "Ce site utilise des cookies pour mesurer son audience et vous proposer des publicités "
        "adaptées à vos centres d'intérêt. Vous pouvez accepter, refuser ou choisir.",
        "En poursuivant votre navigation, vous acceptez nos conditions générales d'utilisation et "
        "notre politique de confidentialité.",
        "Les articles les plus lus de la semaine",
        "Recevez chaque matin l'essentiel de l'actualité de votre département dans votre boîte.",
        "Votre adresse est utilisée pour l'envoi de nos lettres ; vous pouvez vous désinscrire à "
        "tout moment au moyen du lien qui figure au bas de chacune d'elles.",
        "Vous devez être connecté pour laisser un commentaire. Soyez courtois : les messages sont "
        "relus avant leur publication et peuvent être retirés par la rédaction.",
        "Suivez-nous sur les réseaux sociaux",
        "Tous droits réservés. Toute reproduction, même partielle, est interdite sans autorisation "
        "écrite de l'éditeur du journal.",
        "Mentions légales, plan du site, contacts, publicité, données personnelles",
        "Petites annonces, emploi, immobilier, avis de décès, marchés publics",
        "Téléchargez l'application pour recevoir nos alertes et lire le journal hors connexion.",
    ),
    Language.ENGLISH: (
        "Home",
        "News",
        "Business",
        "Sport",
        "Culture",
        "Newsletters",
        "My account",
        "Subscribe from one pound for the first month",
        "Read more",
        "Share on Facebook",
        "Share by email",
        "Print this page",
        "We use cookies to measure our audience and to show you advertising that matches your "
        "interests. You may accept them, refuse them or choose among them.",
        "By continuing to browse you agree to our terms of service and to our privacy policy.",
        "The most read articles of the week",
        "Get the day's top stories from around the county in your inbox every morning.",
        "Your address is used to send you our letters; you can unsubscribe whenever you like with "
        "the link at the bottom of each of them.",
        "You must be signed in to leave a comment. Be polite: messages are read before they are "
        "published and may be removed by the editors.",
        "Follow us on social media",
        "All rights reserved. No part of this page may be reproduced in any form without the "
        "written permission of the publisher.",
        "Legal notice, site map, contacts, advertising, personal data",
        "Classified ads, jobs, property, death notices, public tenders",
        "Download the app to get our alerts and to read the paper when you are offline.",
    ),
}

# In a form, {n:2-9} is a whole number, {d:2-9} one with a decimal, {w:a|b} one of the words.
_RESULTS_FR = """\
{w:Novatel|Corsica Fret|Groupe Mistral|Sud Énergie} publie ses résultats du {w:premier|deuxième|\
troisième|quatrième} trimestre {n:2019-2025}. Le chiffre d'affaires s'établit à {d:40-400} millions\
 d'euros, contre {d:40-400} millions un an plus tôt, soit une {w:hausse|baisse} de {d:1-20} %. À\
 périmètre et taux de change constants, la variation ressort à {d:1-20} %.

Le résultat opérationnel courant atteint {d:3-60} millions d'euros, ce qui représente une marge de\
 {d:2-18} % contre {d:2-18} % l'année précédente. Le résultat net part du groupe s'élève à {d:2-40}\
 millions d'euros, et le bénéfice par action à {d:0-6} euro. L'activité en France contribue pour\
 {n:20-70} % aux ventes, l'Europe du Sud pour {n:10-30} % et le reste du monde pour {n:5-30} %. Le\
 groupe compte {n:800-9000} salariés, dont {n:100-900} à Marseille. La dette nette recule à\
 {d:10-300} millions d'euros, soit {d:0-4} fois l'excédent brut d'exploitation.

« Ces résultats confirment la solidité de notre modèle et la pertinence de nos choix stratégiques »\
, a déclaré la présidente du directoire. Le groupe {w:confirme|relève|précise} ses objectifs et\
 vise un chiffre d'affaires de {n:300-1800} millions d'euros. La prochaine publication aura lieu le\
 {n:2-28} {w:avril|juillet|octobre|janvier} après la clôture des marchés."""
_RESULTS_EN = """\
{w:Novatel|Corsica Freight|Mistral Group|Southern Power} has published its results for the\
 {w:first|second|third|fourth} quarter of {n:2019-2025}. Revenue came to {d:40-400} million euros,\
 against {d:40-400} million a year earlier, a {w:rise|fall} of {d:1-20} per cent. At constant scope\
 and exchange rates, the change was {d:1-20} per cent.

Operating profit reached {d:3-60} million euros, a margin of {d:2-18} per cent compared with\
 {d:2-18} per cent the year before. Net profit attributable to the group stood at {d:2-40} million\
 euros, and earnings per share at {d:0-6} euros. France accounted for {n:20-70} per cent of sales,\
 Southern Europe for {n:10-30} per cent and the rest of the world for {n:5-30} per cent. The group\
 had {n:800-9000} employees, of whom {n:100-900} in Marseille. Net debt stood at {d:10-300} million\
 euros, or {d:0-4} times gross operating surplus.

"These results confirm the strength of our model and the soundness of our strategic choices," said\
 the chair of the management board. The group {w:confirmed|raised|specified} its targets and aims\
 for revenue of {n:300-1800} million euros. The next publication is due on {n:2-28}\
 {w:April|July|October|January} after the markets close."""
_WEATHER_FR = """\
Prévisions pour {w:lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche} {n:2-28} {w:janvier|mars|\
mai|juillet|octobre} sur les Bouches-du-Rhône. Le matin, le ciel sera {w:voilé|dégagé|couvert|\
nuageux} sur le littoral et {w:brumeux|clair|chargé} dans l'arrière-pays. Les températures\
 minimales seront comprises entre {n:0-12} degrés à Aix-en-Provence et {n:5-18} degrés à Marseille.\
 L'après-midi, le soleil {w:s'imposera|se montrera par moments|restera discret}, avec un mistral\
 soufflant en rafales jusqu'à {n:30-110} kilomètres à l'heure. Les maximales iront de {n:12-25}\
 degrés sur la côte à {n:14-36} degrés dans les terres. La mer sera {w:belle|agitée|forte} et l'eau\
 à {n:12-25} degrés. L'indice de qualité de l'air est de {n:1-9} sur dix. Le soleil se lèvera à\
 {n:6-8} heures {n:10-59} et se couchera à {n:17-21} heures {n:10-59}."""
_WEATHER_EN = """\
Forecast for {w:Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday} {n:2-28} {w:January|\
March|May|July|October} along the coast. In the morning the sky will be {w:hazy|clear|overcast|\
cloudy} over the sea and {w:misty|bright|heavy} inland. Minimum temperatures will lie between\
 {n:0-12} degrees in Aix-en-Provence and {n:5-18} degrees in Marseille. In the afternoon the sun\
 {w:will prevail|will show at times|will stay shy}, with a mistral blowing in gusts of up to\
 {n:30-110} kilometres an hour. Maximum temperatures will range from {n:12-25} degrees on the coast\
 to {n:14-36} degrees inland. The sea will be {w:calm|moderate|rough} and the water at {n:12-25}\
 degrees. The air quality index is {n:1-9} out of ten. The sun will rise at {n:6-8} hours {n:10-59}\
 and set at {n:17-21} hours {n:10-59}."""
_ELECTION_FR = """\
À {w:Aubagne|Martigues|Salon|Istres|Vitrolles|Arles|Allauch|Cassis}, les électeurs étaient appelés\
 aux urnes ce dimanche pour le {w:premier|second} tour. Sur {n:8000-60000} inscrits, {n:4000-30000}\
 se sont déplacés, soit une participation de {d:35-70} %. La liste {w:Ensemble pour la ville|Union\
 citoyenne|Cap demain|Ville en commun} arrive en tête avec {d:30-60} % des suffrages exprimés et\
 {n:2000-15000} voix. Elle devance la liste {w:Un nouvel élan|Fiers de nos quartiers|Agir\
 autrement}, qui recueille {d:20-40} % et {n:1500-9000} voix. Les bulletins blancs et nuls\
 représentent {d:1-5} % des votes. Le conseil municipal compte {n:29-69} sièges : {n:15-50}\
 reviennent à la liste arrivée en tête, {n:4-20} à l'opposition. Il y a six ans, la participation\
 avait été de {d:35-70} %. Le dépouillement s'est déroulé dans {n:8-70} bureaux de vote et les\
 résultats complets ont été proclamés peu après {n:20-23} heures en mairie."""
_HOMES_FR = """\
Selon le baromètre mensuel des notaires, le prix médian des appartements anciens s'établit à\
 {n:2500-6500} euros le mètre carré dans le {n:2-16}e arrondissement de Marseille, en {w:hausse|\
baisse} de {d:0-9} % sur un an. Sur le trimestre, l'évolution est de {d:0-4} %. Le nombre de\
 transactions atteint {n:90-900}, contre {n:90-900} un an plus tôt. Le délai de vente moyen est de\
 {n:40-120} jours. Une maison se négocie en moyenne {n:250-900} 000 euros, pour une surface de\
 {n:70-160} mètres carrés. Côté location, le loyer moyen s'élève à {d:10-20} euros le mètre carré\
 hors charges. Les acquéreurs sont âgés de {n:33-52} ans en moyenne et {n:20-60} % d'entre eux\
 achètent pour la première fois. Les taux d'emprunt sur vingt ans se situent autour de {d:1-4} %.\
 Les notaires rappellent que ces chiffres portent sur les actes signés au cours des trois derniers\
 mois et peuvent être révisés."""
_PORT_EN = """\
The port handled {d:4-9} million tonnes of goods in {w:January|March|May|July|October|December},\
 {w:up|down} {d:0-12} per cent on the same month of {n:2019-2024}. Containers came to {n:90-160}\
 thousand boxes, a change of {d:0-12} per cent, while liquid bulk stood at {d:2-5} million tonnes\
 and dry bulk at {n:400-900} thousand tonnes. {n:20-90} cruise ships called during the month with\
 {n:40-320} thousand passengers on board, against {n:20-90} calls a year before. Ferries to Corsica\
 and the Maghreb carried {n:60-300} thousand travellers. Since the beginning of the year the port\
 has handled {d:20-70} million tonnes, a change of {d:0-9} per cent. Rail took {d:8-19} per cent of\
 containers and barges {d:2-9} per cent. The port authority employs {n:900-1200} people and expects\
 to invest {n:40-120} million euros over the year in quays, shore power and access roads. The\
 monthly figures are provisional and may be revised when the customs returns have been checked."""
_MATCH_EN = """\
Marseille {w:beat|lost to|drew with} {w:Lens|Lille|Nantes|Rennes|Nice|Monaco} {n:0-5}-{n:0-5} at\
 the Vélodrome on {w:Friday|Saturday|Sunday} in front of {n:45000-66000} spectators. The first goal\
 came in the {n:2-44}th minute from a cross on the right, and the score was {n:0-3}-{n:0-3} at\
 half-time. The visitors had {n:35-65} per cent of possession and {n:4-19} shots, {n:1-9} of them\
 on target, against {n:4-22} for the home side. The referee showed {n:1-7} yellow cards. With\
 {n:10-70} points from {n:8-34} matches the club is now {n:1-15}th in the table, {n:1-14} points\
 behind the leaders, and has scored {n:10-60} goals and let in {n:8-50}. "We gave everything and\
 the supporters were behind us from the first minute to the last," the coach said after the match.\
 The next match is on {n:1-28} {w:November|December|February|March} at {n:15-21} hours, when the\
 team travels to {w:Lyon|Toulouse|Brest|Metz|Reims}."""
FORMS: Final[tuple[Mapping[str, str], Mapping[str, str]]] = (
    {
        "results, fr": _RESULTS_FR,
        "results, en": _RESULTS_EN,
        "weather, fr": _WEATHER_FR,
        "weather, en": _WEATHER_EN,
    },
    {
        "election, fr": _ELECTION_FR,
        "homes, fr": _HOMES_FR,
        "port, en": _PORT_EN,
        "match, en": _MATCH_EN,
    },
)
NOTICE = """\
{w:Novatel|Corsica Freight|Mistral Group|Southern Power|Calanque Labs} has appointed\
 {w:Jeanne|Karim|Lucie|Marc|Sofia} {w:Arnaud|Benali|Costa|Durand|Ferri} as its\
 {w:finance|sales|legal|research} director. The appointment takes effect at the beginning of next\
 month. A graduate of a business school, {w:Arnaud|Benali|Costa|Durand|Ferri} began at\
 {w:Airbus|Thales|Orange|Engie} before joining {w:Onet|Gemplus|Haribo|Ricard}, where the new\
 director led a team in {w:Nice|Lyon|Toulon|Nantes}. "I am delighted to be joining a company\
 whose values I share and whose ambitions are so clear," said\
 {w:Arnaud|Benali|Costa|Durand|Ferri}. The board thanked {w:Petit|Roux|Silva|Vidal} for many\
 years of service and for the part played in the company's growth. The new director will report\
 to the chief executive and will sit on the executive committee."""
"""A form whose fillings differ in names alone."""


@dataclass(frozen=True, slots=True)
class Source:
    """Hold a real text; those of one `subject` stay in the same half."""

    id: str
    subject: str
    language: Language
    text: str


@dataclass(frozen=True, slots=True)
class Case:
    """Hold two texts, and say whether one is a copy of the other; None: neither answer is wrong."""

    kind: str
    strength: str
    first: str
    second: str
    is_copy: bool | None


class Planter:
    """Change texts as editors and scrapers do, drawing what is foreign from `foreign` texts."""

    def __init__(self, foreign: Mapping[Language, Sequence[str]], seed: int) -> None:
        self._random = random.Random(seed)
        self._sentences = {
            language: [
                each
                for text in texts
                for each in list_sentences(text, language)
                if count_words(each) >= 8
            ]
            for language, texts in foreign.items()
        }
        words = {
            language: [word for sentence in sentences for word in sentence.split()]
            for language, sentences in self._sentences.items()
        }
        self._words = {
            language: [word for word in each if word.isalpha() and word.islower() and len(word) > 3]
            for language, each in words.items()
        }
        self._names = {
            language: [word for word in each if word.isalpha() and word.istitle()]
            for language, each in words.items()
        }

    def draw(self, language: Language, words: float) -> str:
        """Return foreign sentences of so many words, or a few more."""
        drawn: list[str] = []
        while count_words(" ".join(drawn)) < words:
            drawn.append(self._random.choice(self._sentences[language]))
        return " ".join(drawn)

    def reword(self, text: str, language: Language, share: float) -> str:
        """Replace, drop or insert so large a share of the words; half as many names and figures."""
        tokens = _TOKEN.findall(text)
        plain = sum(token.isalpha() and token.islower() for token in tokens)
        chance = share * sum(token[0].isalnum() for token in tokens) / max(plain, 1)
        return "".join(self._reword(token, language, share / 2, chance) for token in tokens)

    def _reword(self, token: str, language: Language, rarely: float, chance: float) -> str:
        drawn = self._random.random()
        if token.isdigit() and drawn < rarely:
            return {Language.FRENCH: "plusieurs", Language.ENGLISH: "several"}[language]
        if token.istitle() and drawn < rarely:
            return self._random.choice(self._names[language])
        if not (token.isalpha() and token.islower()) or drawn >= chance:
            return token
        word = self._random.choice(self._words[language])
        reworded = (word, "", f"{word} {token}")
        return reworded[self._random.choices(range(3), (70, 15, 15))[0]]

    def reorder(self, text: str, language: Language, share: float) -> str:
        """Shuffle so large a share of the sentences among their places."""
        sentences = list_sentences(text, language)
        count = min(max(round(share * len(sentences)), 2), len(sentences))
        places = sorted(self._random.sample(range(len(sentences)), count))
        moved = [sentences[place] for place in places]
        self._random.shuffle(moved)
        for place, sentence in zip(places, moved, strict=True):
            sentences[place] = sentence
        return " ".join(sentences)

    def mistype(self, text: str, share: float) -> str:
        """Drop, double or swap letters in so large a share of the longer words."""
        return "".join(
            self._mistype(token)
            if token.isalpha() and len(token) > 3 and self._random.random() < share
            else token
            for token in _TOKEN.findall(text)
        )

    def _mistype(self, word: str) -> str:
        at = self._random.randrange(1, len(word) - 1)
        before, letter, after = word[:at], word[at], word[at + 1 :]
        swapped = before + after[0] + letter + after[1:]
        return self._random.choice([before + after, before + 2 * letter + after, swapped])

    def repunctuate(self, text: str) -> str:
        """Write other quotation marks, dashes and spaces, and leave out some commas."""
        for old, new in (("«\u00a0", '"'), ("\u00a0»", '"'), ("« ", '"'), (" »", '"')):
            text = text.replace(old, new)
        text = text.translate(str.maketrans("’–\u00a0\u202f", "'-  "))
        return re.sub(r",(?!\d)", lambda _: "," if self._random.random() < 0.7 else "", text)

    def lead(self, text: str, language: Language, count: int) -> str:
        """Put another headline and lead for the first sentences, and a credit at the end."""
        sentences = list_sentences(text, language)
        words = count_words(" ".join(sentences[:count]))
        credit = {Language.FRENCH: "(avec les agences)", Language.ENGLISH: "(with agencies)"}
        rest = " ".join(sentences[count:])
        return f"{self.draw(language, words)}\n\n{rest} {credit[language]}"

    def extend(self, text: str, language: Language, share: float, where: str) -> str:
        """Add so many foreign words for each of the text's."""
        own = self.draw(language, share * count_words(text))
        if where == "before":
            return f"{own}\n\n{text}"
        if where == "after":
            return f"{text}\n\n{own}"
        sentences = list_sentences(text, language)
        for each in list_sentences(own, language):
            sentences.insert(self._random.randrange(1, len(sentences) + 1), each)
        return " ".join(sentences)

    def update(self, text: str, language: Language, share: float) -> str:
        """Put a paragraph before the text, and change so large a share of the figures."""
        changed = DIGITS.sub(
            lambda found: (
                self._draw_figure(found[0]) if self._random.random() < share else found[0]
            ),
            text,
        )
        return f"{self.draw(language, 40)}\n\n{changed}"

    def change_figures(self, text: str) -> str:
        """Put another figure for each."""
        return DIGITS.sub(lambda found: self._draw_figure(found[0]), text)

    def _draw_figure(self, figure: str) -> str:
        return "".join(
            self._random.choice([each for each in "123456789" if each != digit]) for digit in figure
        )

    def draw_menus(self, language: Language, words: int) -> tuple[str, str]:
        """Return what a site puts before and after its texts, of so many words in all."""
        lines: list[str] = []
        choice = list(MENUS[language])
        while choice and count_words(" ".join(lines)) < words:
            lines.append(choice.pop(self._random.randrange(len(choice))))
        half = len(lines) // 2
        return "\n".join(lines[:half]), "\n".join(lines[half:])

    def fill(self, form: str, comma: str) -> str:
        """Fill the slots of a form."""

        def draw(slot: re.Match[str]) -> str:
            if slot[1] == "w":
                words: list[str] = slot[2].split("|")
                return self._random.choice(words)
            number = str(self._random.randint(*map(int, slot[2].split("-"))))
            return number if slot[1] == "n" else f"{number}{comma}{self._random.randint(0, 9)}"

        return _SLOT.sub(draw, form)

    def choose(self, texts: Sequence[Source]) -> Source:
        """Draw one of the texts."""
        return self._random.choice(texts)


def list_sentences(text: str, language: Language) -> list[str]:
    """Return the sentences of a text."""
    return [text[each.start : each.end] for each in split_sentences(text, language)]


def count_words(text: str) -> int:
    """Return how many words a text has, as white space divides them."""
    return len(text.split())


def shorten(text: str, language: Language, words: float) -> str:
    """Return the first sentences of a text, of about so many words, one at least."""
    kept: list[str] = []
    for sentence in list_sentences(text, language):
        if kept and count_words(" ".join(kept)) + count_words(sentence) / 2 > words:
            break
        kept.append(sentence)
    return " ".join(kept)


def read_sources(shared: Path) -> tuple[list[Source], dict[Language, list[str]]]:
    """Return the texts that copies are made of, and others that these are extended with.

    Of the passages with one title, one that has a tenth of its runs in common with a longer one is
    left out: some come from two versions of a page.
    """
    sources = []
    foreign: dict[Language, list[str]] = defaultdict(list)
    for article in read_embedded_articles():
        subject = article.translation_of or article.id
        sources.append(Source(article.id, subject, article.language, article.text))
    titles: dict[str, list[Source]] = defaultdict(list)
    for passage in read_passages(shared):
        titles[passage.subject].append(passage)
    for subject, passages in titles.items():
        text = "\n\n".join(_drop_repeated(each.text for each in passages))
        if count_words(text) >= LEAST_WORDS:
            sources.append(Source(subject, subject, passages[0].language, text))
        else:
            foreign[passages[0].language].append(text)
    for source in sources if not foreign else ():
        foreign[source.language].append(source.text)
    return sources, foreign


def read_embedded_articles() -> list[Article]:
    """Return the articles that come with the package."""
    catalogue = read_catalogue(FOLDER / FILE_NAME)
    return [
        parse_article(read_document(path, path.name), path.name, lambda: catalogue)
        for path in list_embedded_articles()
    ]


def read_passages(shared: Path) -> list[Source]:
    """Return the passages of Wikipedia that are there, each with its title as its subject."""
    passages = []
    for name in SETS:
        path = shared / "evaldata" / name / "corpus.jsonl"
        for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else ():
            row = json.loads(line)
            subject = f"{row['lang']}: {row['title'].strip().casefold()}"
            passages.append(Source(row["_id"], subject, Language(row["lang"]), row["text"]))
    return passages


def _drop_repeated(texts: Iterable[str]) -> list[str]:
    kept: list[str] = []
    known: set[int] = set()
    for text in sorted(texts, key=lambda each: (-len(each), each)):
        runs = set(read_wording(text).distinct.tolist())
        if len(runs & known) < 0.1 * len(runs):
            kept.append(text)
            known |= runs
    return kept


def deal(sources: Sequence[Source], most: int) -> tuple[list[Source], list[Source]]:
    """Return two halves of the texts, of at most so many each, all of a subject in the same."""
    subjects = sorted({source.subject for source in sources})
    random.Random(SEED).shuffle(subjects)
    first = set(subjects[::2])
    order = {subject: place for place, subject in enumerate(subjects)}
    # Those of the embedded corpus come first, and all of them are taken.
    halves: tuple[list[Source], list[Source]] = ([], [])
    for source in sorted(sources, key=lambda each: (":" in each.id, order[each.subject])):
        half = halves[source.subject not in first]
        if len(half) < most:
            half.append(source)
    return halves


def plant_reworded(source: Source, planter: Planter) -> Iterator[Case]:
    """Yield copies of a text that differ in words, marks and the order of sentences."""
    text, language = source.text, source.language
    for share in REWORDED:
        reworded = planter.reword(text, language, share)
        yield Case("reworded", f"{share:.0%}", text, reworded, True)
    for share in (0.1, 0.2):
        one, two = (planter.reword(text, language, share) for _ in range(2))
        yield Case("both reworded", f"{share:.0%}", one, two, True)
    for share in REORDERED:
        reordered = planter.reorder(text, language, share)
        yield Case("reordered", f"{share:.0%}", text, reordered, True)
    for share in MISTYPED:
        yield Case("mistyped", f"{share:.0%}", text, planter.mistype(text, share), True)
    yield Case("repunctuated", "", text, planter.repunctuate(text), True)
    for count in (1, 2, 3):
        led = planter.lead(text, language, count)
        yield Case("another lead", f"{count} sentences", text, led, True)
    updated = planter.update(text, language, 0.2)
    yield Case("updated", "20% of figures", text, updated, True)


def plant_shortened(source: Source, planter: Planter) -> Iterator[Case]:
    """Yield copies of which the text has more, and texts that have only a part of it."""
    text, language, words = source.text, source.language, count_words(source.text)
    for share in SHORTENED:
        short = shorten(text, language, share * words)
        yield Case("shortened", f"to {share:.0%}", text, short, True)
        reworded = planter.reword(short, language, 0.15)
        yield Case("shortened, 15% reworded", f"to {share:.0%}", text, reworded, True)
    mixed = planter.extend(shorten(text, language, 0.6 * words), language, 0.2, "inside")
    mixed = planter.repunctuate(planter.reword(mixed, language, 0.1))
    yield Case("shortened, extended, reworded", "", text, mixed, True)
    for share in (0.5, 0.7):
        start = shorten(text, language, share * words)
        own = planter.draw(language, words - count_words(start))
        yield Case("partly taken over", f"{share:.0%}", text, f"{start}\n\n{own}", None)


def plant_extended(source: Source, other: Source, planter: Planter) -> Iterator[Case]:
    """Yield copies that have more than the text."""
    text, language = source.text, source.language
    for where in ("before", "after", "inside"):
        for share in EXTENDED:
            longer = planter.extend(text, language, share, where)
            yield Case(f"extended {where}", f"by {share:.0%}", text, longer, True)
    pasted = f"{text}\n\n{other.text}"
    yield Case("two pasted", "first", text, pasted, True)
    yield Case("two pasted", "second", other.text, pasted, True)
    for count in (60, 200):
        wrapped = _wrap(text, planter.draw_menus(language, count))
        yield Case("between menus", f"{count} words", text, wrapped, True)
    one, two = (_wrap(text, planter.draw_menus(language, 120)) for _ in range(2))
    yield Case("both between menus", "120 words", one, two, True)


def _wrap(text: str, menus: tuple[str, str]) -> str:
    return f"{menus[0]}\n\n{text}\n\n{menus[1]}"


def plant_others(source: Source, other: Source, planter: Planter) -> Iterator[Case]:
    """Yield pairs of texts that are no copies, though they have something in common."""
    text, language = source.text, source.language
    yield Case("another text", "", text, other.text, False)
    if count_words(text) >= 2 * LEAST_WORDS:
        sentences = list_sentences(text, language)
        half = len(sentences) // 2
        one, two = (" ".join(each) for each in (sentences[:half], sentences[half:]))
        yield Case("same subject", "", one, two, False)
    for length, quoted in QUOTING:
        passage = planter.draw(language, quoted)
        one, two = (
            _quote(shorten(each, language, length - quoted), language, passage)
            for each in (text, other.text)
        )
        yield Case("same passage quoted", f"{quoted} of {length} words", one, two, False)
    for count in (60, 120, 200):
        menus = planter.draw_menus(language, count)
        one, two = _wrap(text, menus), _wrap(other.text, menus)
        yield Case("between the same menus", f"{count} words", one, two, False)
    if len(DIGITS.findall(text)) >= 8:
        changed = planter.change_figures(text)
        yield Case("same text, other figures", "", text, changed, False)


def _quote(text: str, language: Language, passage: str) -> str:
    sentences = list_sentences(text, language)
    sentences.insert(len(sentences) // 2, passage)
    return " ".join(sentences)


def plant_reports(forms: Mapping[str, str], planter: Planter, count: int) -> Iterator[Case]:
    """Yield pairs of reports of one form."""
    for name, form in forms.items():
        comma = "," if name.endswith("fr") else "."
        for _ in range(count):
            one, two = (planter.fill(form, comma) for _ in range(2))
            yield Case("reports of one form", name, one, two, False)
    for _ in range(count):
        one, two = (planter.fill(NOTICE, ".") for _ in range(2))
        yield Case("notices of one form", "names differ", one, two, False)


def pair_translations(sources: Sequence[Source]) -> Iterator[Case]:
    """Yield the texts on one subject in two languages."""
    for one, two in combinations(sources, 2):
        if one.subject == two.subject:
            yield Case("translation", "", one.text, two.text, False)


def choose_other(source: Source, sources: Sequence[Source], planter: Planter) -> Source:
    """Draw a text in the same language, on another subject."""
    return planter.choose(
        [
            each
            for each in sources
            if each.language is source.language and each.subject != source.subject
        ]
    )


def plant(sources: Sequence[Source], forms: Mapping[str, str], planter: Planter) -> list[Case]:
    """Return all pairs that are made of these texts."""
    cases = [*plant_reports(forms, planter, 50), *pair_translations(sources)]
    for source in sources:
        other = choose_other(source, sources, planter)
        cases.extend(plant_reworded(source, planter))
        cases.extend(plant_shortened(source, planter))
        cases.extend(plant_extended(source, other, planter))
        cases.extend(plant_others(source, other, planter))
    return cases


@dataclass(frozen=True, slots=True)
class MixedLibrary:
    """Hold texts by id, and the id of the text that each was made of; digests of two have both."""

    texts: Mapping[str, str]
    origins: Mapping[str, frozenset[str]]


def mix_library(
    sources: Sequence[Source], forms: Mapping[str, str], planter: Planter, seed: int
) -> MixedLibrary:
    """Make a library in which a text has up to six copies, beside digests, reports and others."""
    drawn = random.Random(seed)
    texts: dict[str, str] = {}
    origins: dict[str, frozenset[str]] = {}

    def add(article_id: str, text: str, *made_of: str) -> None:
        texts[article_id] = text
        origins[article_id] = frozenset(made_of or (article_id,))

    for source in sources:
        add(source.id, source.text)
        other = choose_other(source, sources, planter)
        copies = [
            case
            for case in (
                *plant_reworded(source, planter),
                *plant_shortened(source, planter),
                *plant_extended(source, other, planter),
            )
            if case.is_copy and case.kind != "two pasted"
        ]
        for number, case in enumerate(drawn.sample(copies, drawn.randrange(7))):
            add(f"{source.id}, {number}: {case.kind} {case.strength}", case.second, source.id)
        if drawn.random() < 0.1:
            digest = f"{source.text}\n\n{other.text}"
            add(f"{source.id} and {other.id}", digest, source.id, other.id)
        for case in plant_others(source, other, planter):
            if case.kind in ("same passage quoted", "between the same menus"):
                continue  # They are made of two texts of the library.
            if case.kind == "same text, other figures" and drawn.random() < 0.2:
                add(f"{source.id}: {case.kind}", case.second)
    for number, case in enumerate(plant_reports(forms, planter, 10)):
        add(f"report {number}, first", case.first)
        add(f"report {number}, second", case.second)
    return MixedLibrary(texts, origins)
