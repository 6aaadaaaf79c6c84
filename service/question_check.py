"""What people type that asks nothing of a library: greetings, tests, code, requests to write."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Final

from massilia.corpus.pattern import Pattern
from massilia.index.analysis import split_words
from massilia.service.written_dates import fold

WORDS = "question_check.toml"


class Remark(StrEnum):
    """Name what a text is that asks nothing of a library; the reply is the text `remark.NAME`."""

    WORDLESS = "wordless"
    """Marks, emoji, markup, or a single letter or digit."""
    NOISE = "noise"
    """Keys hit at random."""
    ADDRESS = "address"
    """The address of a page, and nothing else."""
    CODE = "code"
    GREETING = "greeting"
    THANKS = "thanks"
    TEST = "test"
    INSULT = "insult"
    WRITING = "writing"
    """A request to write, translate, or tell something."""
    SERVICE = "service"
    """A question about who answers here, and how."""
    ADVICE = "advice"
    """What someone should do, who alone can know."""


_LISTED: Final[Mapping[str, Remark]] = MappingProxyType(
    {
        "greeting": Remark.GREETING,
        "farewell": Remark.GREETING,
        "thanks": Remark.THANKS,
        "test": Remark.TEST,
        "insult": Remark.INSULT,
    }
)


@dataclass(frozen=True, slots=True)
class _Words:
    """Hold each kind with the words that tell it and those that may stand with them."""

    kinds: tuple[tuple[Remark, frozenset[str], frozenset[str]], ...]
    noise: Pattern


_SCRIPT: Final = Pattern(r"<(script|style)\b[^>]*>.*?(?:</\1\s*>|\Z)", re.IGNORECASE | re.DOTALL)
_TAG: Final = Pattern(r"<!--.*?-->|</?[a-z][^<>]*>", re.IGNORECASE | re.DOTALL)
_LINK: Final = Pattern(r"!?\[([^\[\]]*)\]\((?:[^()]|\([^()]*\))*\)")
_FENCE: Final = Pattern(r"`+")
_EMPHASIS: Final = Pattern(r"(?<!\w)(\*{1,3}|_{1,3}|~~)(?=\S)(.+?)(?<=\S)\1(?!\w)")
_LINE_MARK: Final = Pattern(r"\A\s*(?:#{1,6}|>+)\s+")

_ADDRESS: Final = Pattern(r"(?:https?://|www\.)\S+|[\w-]+(?:\.[\w-]+)+/\S*", re.IGNORECASE)
_CODE: Final = Pattern(
    r"""
    \bselect\s[^?]+\sfrom\s[^?]+(?:[=;]|\blike\b)|\bselect\s+\*\s+from\b
    |\binsert\s+into\s.+\bvalues\b|\bdelete\s+from\s+\w+\s*(?:;|\bwhere\b|\Z)
    |\bdrop\s+(?:table|database)\b|\bupdate\s+\w+\s+set\s+\w+\s*=
    |\bunion\s+(?:all\s+)?select\b|'\s*(?:or|and)\s+'?\w+'?\s*=\s*'?\w+
    |\A\s*(?:def|class|function|fn|func)\s+\w+\s*\(.*\)\s*(?:->\s*\w+\s*)?[:{]
    |\A\s*(?:import\s+\w+(?:\.\w+)*|from\s+[\w.]+\s+import\s.+|\#include\s*<.+>?)\s*;?\s*\Z
    |\A\s*(?:sudo|pip\d?\sinstall|rm\s+-rf?|git\s(?:clone|push|pull|commit)|curl\s+-)\b
    |\A[a-z_][\w.]*\(["'\d].*\)\s*;?\s*\Z|\A\s*(?:var|let|const|int)\s+\w+\s*=
    |\A\s*\[?\s*\{.*[:;].*\}\s*\]?\s*\Z|\$\{[^}]*\}|\{\{.*\}\}|\bjavascript:|<\?php|\A\s*\#!/
    """,
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)

_POLITE: Final = (
    r"(?:(?:bonjour|salut|hello|hi|hey|massilia|please|svp|stp|s'il (?:te|vous) plait|mais|alors|so"
    r"|ok|and|et|can you|could you|would you|will you|i want you to|i would like you to"
    r"|i'd like you to|peux[- ]tu|pourrais[- ]tu|pouvez[- ]vous|pourriez[- ]vous|tu peux"
    r"|vous pouvez|je veux que tu|est-ce que tu peux|help me(?: to)?|aide[- ]moi a|now)[\s,:!]+)*"
)
_END: Final = r"(?:[\s,]+(?:please|svp|stp|s'il (?:te|vous) plait|massilia|exactement|exactly))*"
_TEXT: Final = (
    r"(?:poeme|poesie|poem|haiku|sonnet|chanson|song|rap|histoire|conte|story|tale|roman|novel"
    r"|blague|joke|lettre|letter|mail|e-?mail|courriel|message|sms|tweet|post|article|essay"
    r"|dissertation|redaction|expose|discours|speech|cv|resume|script|scenario|code|programme"
    r"|program|fonction|function|texte|text|paragraphe|paragraph|slogan|rapport|report|devoir"
    r"|homework|recette|recipe|lyrics|paroles|business plan|communique)s?"
)
_WRITING: Final = Pattern(
    rf"""{_POLITE}(?:
    (?:ecri[st]|ecrivez|ecrire|redigez?|rediger|composez?|composer|inventez?|raconte[zr]?|racontes
      |generez?|generer|faites?|cree[rz]?|donne[rz]?|write|compose|draft|generate|tell|make|create
      |invent|code)
      (?:[- ](?:moi|nous|me|us))?\s(?:(?:un|une|des|le|la|a|an|the|some|my|mon|ma|petite?|courte?
      |short|long|funny|drole|python|javascript)\s){{1,3}}{_TEXT}\b
   |(?:traduis|traduisez|traduire|translate)(?:\s?[:«"']|[- ](?:moi|ca|ceci|cela|ce|cet|cette|ces
      |this|that|these|it|me|mon|ma|mes|my|into|to|en|the\s(?:following|next|text|sentence)
      |l[ea]\s(?:texte|phrase|suite|mot))\b)
   |(?:chante[zr]?|sing|dessine[zr]?|draw|dance)(?:[- ](?:moi|me))?\s(?:un|une|a|an|the|me)\b
    )""",
    re.VERBOSE,
)
_SERVICE: Final = Pattern(
    rf"""{_POLITE}(?:
    (?:mais\s)?(?:qui|que|quoi)\s(?:es-tu|etes-vous|est-tu|tu\ses|vous\setes)
   |(?:t'es|tu\ses|vous\setes|c'est)\s(?:qui|quoi)(?:\s(?:toi|massilia|toi\smassilia))?
   |(?:c'est\squoi|qu'est-ce\sque(?:\sc'est)?(?:\sque)?|qu'est-ce\squ'est)
      \s(?:massilia|ce\ssite|cette\s(?:ia|appli|application|page)|ici)
   |(?:es-tu|etes-vous|tu\ses|vous\setes|est-ce\sque\s(?:tu\ses|vous\setes)|are\syou)
      \s(?:(?:un|une|a|an|the|real|vrai|vraie|really)\s)*(?:robots?|bots?|ia|ai|humaine?|human
      |machine|chatgpt|gpt|llm|chatbot|personne|person|intelligence\sartificielle|claude|gemini
      |artificial\sintelligence|siri|alexa|vivante?|alive)
   |(?:que|qu'est-ce\sque|a\squoi|de\squoi|quoi|comment|sur\squoi)
      \s(?:peux-tu|sais-tu|sers-tu|fais-tu|fonctionnes-tu|parles-tu|tu\speux|tu\ssais|tu\sfais|tu\ssers
      |tu\sfonctionnes|pouvez-vous|savez-vous|faites-vous|fonctionnez-vous|servez-vous
      |vous\spouvez|vous\ssavez|vous\sfaites|tu\st'appelles|t'appelles-tu|vous\sappelez-vous
      |puis-je\s(?:te|vous)\sdemander|je\speux\s(?:te|vous)?\s?demander|marches-tu|tu\smarches)
      (?:\s(?:faire|repondre|dire))?
   |how\sare\syou|comment\s(?:ca|cela)\s(?:marche|fonctionne)
   |(?:quel\sest\s(?:ton|votre)|what(?:'s|\sis)\syour)\s(?:nom|role|but|name|purpose|job)
   |(?:qui\s(?:t'a|vous\sa)|who)\s(?:cree|fait|developpe|programme|made|created|built|programmed
      |developed|are)(?:\syou)?
   |(?:what|who)(?:'s|\sis)\s(?:massilia|this(?:\s(?:site|website|page|app|thing|tool|service))?)
   |what\sare\syou|what\s(?:can|do)\syou\s(?:do|know|know\sabout|answer)
   |what\s(?:can|could|should)\si\sask(?:\syou)?(?:\sabout)?|how\s(?:do|can)\s(?:you|i)\s(?:work
      |use\s(?:you|this)|use\sthis\s(?:site|page)|ask)
   |how\sdoes\s(?:this|it)(?:\s(?:site|page|thing|tool))?\swork
   |(?:aide[zr]?[- ]?(?:moi)?|help(?:\sme)?|au\ssecours|sos|info|infos|menu|start|demarrer)
    ){_END}""",
    re.VERBOSE,
)
_CHOICE: Final = (
    r"(?:choose|buy|wear|eat|cook|pick|watch|marry|study|choisir|acheter|porter|manger)"
)
_ADVICE: Final = Pattern(
    rf"""{_POLITE}(?:
    should\si\b|est-ce\sque\sje\s(?:dois|devrais)\b|(?:dois|devrais)-je\b
   |am\si\s(?:in\slove|ugly|fat|pretty|pregnant|sick|ill|depressed)\b
   |(?:what|how)\sshould\si\s(?:do|say|feel|react|tell|{_CHOICE})\b
   |(?:que|qu'est-ce\sque)\s(?:dois-je|devrais-je|je\s(?:dois|devrais))\s(?:faire|dire|{_CHOICE})\b
   |(?:what|which)\s[^,?]{{1,40}}\sshould\si\s{_CHOICE}\b
   |quel(?:le)?s?\s[^,?]{{1,40}}\s{_CHOICE}\s(?:[^,?]{{1,30}}\s)?(?:mon|ma|mes|moi)\b
   |(?:conseille[zr]?|recommande[zr]?)[- ](?:moi|nous)\b
   |(?:give|donne[zr]?)[- ](?:me|moi)\s(?:\w+\s)?(?:advice|conseils?|an\sopinion|un\savis)\b
   |(?:que|qu'est-ce\sque)\s(?:me|tu\sme|vous\sme|nous)\s(?:conseill|recommand)\w+
   |what\sdo\syou\s(?:advise|recommend|think)\b|(?:qu'en\s|que\s)(?:penses-tu|pensez-vous)\b
   |j'ai\smal\s(?:a|au|aux)\b|i\sfeel\s(?:sad|sick|lonely|bad|ill|tired|depressed)\b
   |je\s(?:me\ssens|suis)\s(?:triste|malade|seule?|deprimee?|fatiguee?|amoureu\w+)\b
    )""",
    re.VERBOSE,
)
_SENTENCE_END: Final = Pattern(r"[\s.?!…]+\Z")


def check_question(text: str) -> Remark | None:
    """Return what `text` is where it asks nothing that a library answers, else None.

    It is read in both languages at once, since a greeting tells its own badly. A greeting before a
    question is part of the question.
    """
    plain = strip_markup(text)
    if _CODE.search(plain) or (_SCRIPT.search(text) and not plain):
        return Remark.CODE
    if _ADDRESS.fullmatch(plain):
        return Remark.ADDRESS
    words = split_words(plain)
    if sum(map(len, words)) < 2:
        return Remark.WORDLESS
    if remark := _read_words(words, _load_words()):
        return remark
    folded = _SENTENCE_END.sub("", " ".join(fold(plain).split()))
    if _SERVICE.fullmatch(folded):
        return Remark.SERVICE
    for pattern, remark in ((_WRITING, Remark.WRITING), (_ADVICE, Remark.ADVICE)):
        if pattern.match(folded):
            return remark
    return None


def strip_markup(text: str) -> str:
    """Return `text` without tags of HTML and marks of Markdown, to be searched for.

    What tags enclose and what links are called stays; scripts, styles and targets of links go.
    """
    text = _LINK.sub(r"\1", _TAG.sub(" ", _SCRIPT.sub(" ", text)))
    text = _LINE_MARK.sub("", _FENCE.sub("", text))
    while (bare := _EMPHASIS.sub(r"\2", text)) != text:
        text = bare
    return " ".join(text.split())


def _read_words(words: list[str], listed: _Words) -> Remark | None:
    if all(listed.noise.fullmatch(word) for word in words):
        return Remark.NOISE
    for remark, telling, known in listed.kinds:
        if not telling.isdisjoint(words) and known.issuperset(words):
            return remark
    return None


@cache
def _load_words() -> _Words:
    table = tomllib.loads(files("massilia.service").joinpath(WORDS).read_text(encoding="utf-8"))
    fillers = frozenset(table["fillers"].split())
    kinds = []
    for name, remark in _LISTED.items():
        telling = frozenset(table[name]["words"].split())
        kinds.append((remark, telling, telling | fillers | set(table[name]["beside"].split())))
    return _Words(tuple(kinds), _compile_noise(table["keyboard_rows"]))


def _compile_noise(rows: Sequence[str]) -> Pattern:
    """Match a word that no one means: neighbouring keys, repetitions, and no vowel."""
    stretches = {
        row[start:end]
        for forth in rows
        for row in (forth, forth[::-1])
        for start in range(len(row))
        for end in range(start + 3, len(row) + 1)
    }
    keys = "|".join(sorted(stretches, key=len, reverse=True))
    return Pattern(
        rf"(?=.{{4}})(?:{keys})+|([a-z])\1{{3,}}|([a-z]{{2,3}})\2{{2,}}"
        rf"|[a-z]*[bcdfghj-np-tvwxz]{{6,}}[a-z]*"
    )
