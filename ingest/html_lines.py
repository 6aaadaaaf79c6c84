"""Lines of a page that are its site's and not the article's, as told by their words.

For lines whose element says nothing: "Lire aussi : ...", "Publicité", "Share this article". A rule
holds from the first word of a line, and long lines are never judged: sentences of an article seldom
begin as these do.
"""

from collections.abc import Mapping
from typing import Final

from massilia.corpus.article import Language
from massilia.corpus.pattern import Pattern
from massilia.ingest.datelines import read_dateline
from massilia.ingest.html_regions import Reason

MAX_CHARACTERS: Final = 240
MAX_BYLINE: Final = 160

# The whole line, and a line that is no sentence.
_ONLY: Final = r"\W*\Z"
_LABEL: Final = r"[^.!?…]{0,60}\Z"
_NETWORKS: Final = "(?:facebook|twitter|linkedin|whatsapp|instagram|mastodon|bluesky)"
_RULES: Final[Mapping[Reason, tuple[str, ...]]] = {
    Reason.ADVERTISEMENT: (
        rf"(?:publicités?|advertisement|annonces?|sponsored(?: content)?){_ONLY}",
        rf"(?:contenu sponsorisé|(?:paid|partner) content){_ONLY}",
        r"un contenu proposé par\b",
        r"la suite après (?:la|cette) publicité",
        r"(?:article|story) continues (?:below|after)\b",
        r"(?:we|i) may (?:earn|receive) a commission",
        rf"(?:faire|faites|je fais) un don{_ONLY}|(?:make a donation|donate)(?: now)?{_ONLY}",
    ),
    Reason.RELATED: (
        r"(?:à )?(?:lire|voir|écouter)(?: ou (?:re)?\w+)?,? (?:aussi|également|ensuite)\b",
        rf"lire la suite{_LABEL}",
        r"(?:à )?lire (?:notre|l[’']).{0,60}:",
        r"(?:read|see|watch) (?:also|next|more)\b\W",
        r"also read\b\W",
        rf"(?:related|recommended)(?: articles?| stories| reading| posts?| content)?{_ONLY}",
        rf"more (?:from|on) {_LABEL}",
        rf"sur le même (?:sujet|thème)(?:{_ONLY}|\s?:)",
        rf"dans la même (?:rubrique|filière|catégorie)(?:{_ONLY}|\s?:)",
        rf"(?:articles?|contenus?|sujets?) (?:similaires?|récents?|liés?|associés?){_ONLY}",
        rf"(?:les )?(?:plus|\+) (?:lus|vus|populaires|partagés|commentés){_ONLY}",
        rf"(?:most|top) (?:read|viewed|popular|stories){_ONLY}",
        rf"you (?:may|might) (?:also )?(?:like|enjoy){_LABEL}",
        rf"vous (?:pourriez|devriez|aimerez) aussi{_LABEL}",
        rf"(?:previous|next) (?:post|article|story)\b{_LABEL}",
        rf"article (?:précédent|suivant)\b(?:{_ONLY}|\s?:)",
        rf"autres (?:articles|communiqués|actualités)\b{_LABEL}",
    ),
    Reason.SHARING: (
        # Counters stand before it: "41 12 Share".
        rf"(?:\d+\s+){{0,3}}(?:partagez?r?|tweeter|share|tweet){_ONLY}",
        rf"(?:partagez?r?|share) (?:cet|cette|this|sur|on|via|par|l[’']){_LABEL}",
        rf"(?:suivez-nous|follow us|retrouvez-nous) (?:sur|on)\b{_LABEL}",
        rf"(?:copier le lien|copy link){_ONLY}",
        rf"(?:envoyer|transmettre) (?:à un ami|par (?:e-?)?mail){_LABEL}",
        rf"version imprimable{_LABEL}|imprimer(?: \w+)?{_ONLY}",
        rf"(?:email|print)(?: this(?: \w+)?)?{_ONLY}",
        rf"{_NETWORKS}(?:\W+(?:{_NETWORKS}|x|e-?mail))*{_ONLY}",
    ),
    Reason.NEWSLETTER: (
        r"(?:abonnez|inscrivez)-vous\b.{0,60}\b(?:newsletter|infolettre|lettres?|alertes?|chaîne)\b",
        rf"(?:abonnez-vous|je m[’']abonne|s[’']abonner|s[’']inscrire|subscribe|sign up){_ONLY}",
        rf"(?:abonnez-vous|je m[’']abonne|s[’']abonner) (?:à partir|pour|dès|au journal){_LABEL}",
        r"(?:subscribe|sign up)\b.{0,80}\b(?:newsletter|inbox|e-?mail|free|updates)\b",
        r"recevez\b.{0,120}\b(?:newsletter|infolettre|boîte mail|par (?:e-?)?mail)\b",
        r"recevez (?:chaque|tous les|toutes les)\b",
        r"(?:get|receive) (?:our|the|all|every|a)\b.{0,100}\b(?:newsletter|inbox)\b",
        r"our best stories\b.{0,60}\binbox\b",
        r"you are receiving this (?:e-?mail|message)",
        r"vous recevez (?:cet e-?mail|ce message|cette lettre) (?:car|parce)",
        r"(?:enjoying|like) (?:this|what you)\b.{0,80}\b(?:subscribe|sign up|newsletter)",
    ),
    Reason.PAYWALL: (
        r"(?:cet article|ce contenu|cette page|la suite)\b.{0,40}\bréservée? (?:aux|à nos) "
        r"(?:abonnés|membres|adhérents)",
        r"il vous reste\b.{0,20}%",
        r"(?:this|the rest of this) (?:article|content|story|post) is "
        r"(?:(?:reserved |only |available )*(?:for|to)) (?:paying |our )?(?:subscribers|members)",
        r"(?:subscribe|log in|sign in|register) to (?:read|continue|keep)\b",
        r"(?:déjà abonnée?|already a (?:subscriber|member))\s?\?",
        r"pour lire la suite",
        r"(?:profitez|bénéficiez) de\b.{0,120}\b(?:abonnement|sans engagement|essai gratuit)\b",
    ),
    Reason.COMMENTS: (
        rf"(?:aucun commentaire|no comments?(?: yet)?){_ONLY}",
        rf"\d+ (?:commentaires?|comments?|réactions?|replies|réflexions?)(?:{_ONLY}| (?:sur|on) )",
        r"(?:commentaires?|comments?|vos réactions|réagir)\W*\d*\W*\Z",
        r"(?:laisser|poster|ajouter|écrire) (?:un|votre) commentaire",
        r"leave a (?:comment|reply)",
        r"(?:soyez le premier à|be the first to) (?:réagir|commenter|comment|react|reply)\b",
        r"(?:votre adresse e-?mail|your e-?mail address) (?:ne sera|will not|won[’']t|is required)",
        r"(?:connectez|identifiez)-vous pour (?:réagir|commenter)",
        r"(?:log|sign) in to (?:comment|reply)",
    ),
    Reason.COOKIES: (
        r"(?:nous|we|ce site|this (?:web)?site)\b.{0,60}\b(?:utilis\w+|uses?)\b.{0,40}"
        r"\b(?:cookies|traceurs)\b",
        r"nous et nos (?:\d+ )?partenaires\b",
        r"we and our (?:\d+ )?(?:partners|vendors) (?:use|store|process|access)",
        r"we (?:value|respect) your privacy",
        r"nous respectons votre vie privée",
        rf"(?:gérer|paramétrer) (?:mes|les|vos) cookies{_ONLY}",
        rf"(?:manage|accept) (?:all )?cookies{_ONLY}",
        rf"tout (?:accepter|refuser){_ONLY}",
    ),
    Reason.FORM: (
        r"(?:cette page|cet article|ce contenu)\b.{0,40}\butile\s?\?",
        r"(?:was|is|did you find) this\b.{0,40}\b(?:useful|helpful)\s?\?",
        rf"(?:how to )?cite (?:as|this){_LABEL}",
        rf"citer (?:cet article|ce document|cette page|comme suit){_LABEL}",
    ),
    Reason.KEYWORDS: (
        rf"(?:mots[- ]cl(?:és?|efs?)|keywords|tags){_ONLY}",
        r"(?:mots[- ]cl(?:és?|efs?)|keywords|tags|sujets|topics|étiquettes)\s?:\s?\S",
        r"(?:catégories?|categor(?:y|ies)|rubriques?|filed under|publié dans|posted in)\s?:\s?\S",
    ),
    Reason.FOOTER: (
        r"©|\(c\)|copyright (?:©|\(c\)|\d{4})",
        r"(?:tous droits|all rights) (?:réservés|reserved)",
        rf"(?:retour en )?haut de page{_ONLY}|(?:back|return) to top{_ONLY}",
        rf"mentions légales\b{_LABEL}|legal notice{_ONLY}",
        r"(?:proudly|fièrement) (?:powered|propulsé)",
        rf"(?:contacts? presse|press contacts?){_ONLY}",
        rf"(?:to )?unsubscribe(?:{_ONLY}| (?:from|here|or|at|anytime)\b)",
        rf"se désabonner{_LABEL}",
        rf"view (?:this e-?mail )?in (?:your )?browser{_ONLY}",
    ),
    Reason.CAPTION: (
        r"(?:crédits?|photos?|images?|illustrations?|légende|picture|photograph)"
        r"(?: photos?| by)?\s?(?::|©|/|\(c\)).{0,120}\Z",
        rf"[\w-]*[0-9a-f]{{8,}}[\w-]*\.(?:jpe?g|png|webp|gif|avif){_ONLY}",
    ),
}
_PATTERNS = tuple(
    (reason, Pattern(rf"\W*(?:{'|'.join(rules)})")) for reason, rules in _RULES.items()
)
# "Photo Fanny Carbonel", with its capitals.
_CREDIT = Pattern(
    r"\W*(?:[Pp]hotos?|PHOTOS?|[Cc]rédits?(?: photos?)?)\s(?:[A-ZÀ-ÖØ-Þ][\w.’'-]*\W{0,3}){2,4}\Z"
)
_NAME = r"[^\W\d_][\w.’'-]*(?:\s[^\W\d_][\w.’'-]*){1,4}"
_BYLINE = Pattern(
    r"\W*(?:(?:propos recueillis|texte|reportage|interview|enquête)\s)?"
    rf"(?:par|by|de notre correspondante?)(?:\s:)?\s{_NAME}(?:(?:,|\set|\sand|\s&)\s{_NAME}){{0,4}}"
    r"(?:\W.{0,60})?\Z"
)
# How long a text takes to read, and the hour of an entry in a live page.
_TIMES = Pattern(
    r"\W*(?:(?:temps de lecture|durée de lecture|lecture|reading time)?\W*(?:\d+|une|one)\s?"
    r"min(?:ute)?s?(?: de lecture| read)?"
    r"|(?:à\s)?\d{1,2}\s?[:h]\s?\d{2}(?:\s?[ap]\.?m\.?)?)\W*\Z"
)


def recognise_line(text: str) -> Reason | None:
    """Return why a line is no part of an article, or None where its words don't tell."""
    if len(text) > MAX_CHARACTERS:
        return None
    line = text.lower()
    for reason, pattern in _PATTERNS:
        if pattern.match(line):
            return reason
    if len(text) <= MAX_BYLINE and (is_byline(text) or _TIMES.match(line)):
        return Reason.BYLINE
    return Reason.CAPTION if _CREDIT.match(text) else None


def is_byline(text: str) -> bool:
    """Tell whether each line of a text only says when, or by whom, something was published."""
    return all(_is_byline(line) for line in text.split("\n"))


def _is_byline(text: str) -> bool:
    # Which of two numbers is the month makes no difference here.
    if read_dateline(text.strip(), Language.FRENCH):
        return True
    line = " ".join(text.split())
    return bool(_BYLINE.match(line.lower())) and _has_capitals(line) and not _is_sentence(line)


def _is_sentence(line: str) -> bool:
    return line.endswith((".", "!", "?", "…", "»")) and len(line.split()) > 4


def _has_capitals(line: str) -> bool:
    """Tell whether most words of a line have capitals, as names do."""
    words = [word for word in line.split()[1:] if word[:1].isalpha()]
    return 2 * sum(word[0].isupper() for word in words) >= len(words)
