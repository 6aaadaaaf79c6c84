"""The words that tell a full stop that ends a sentence from one that does not."""

from collections.abc import Mapping
from dataclasses import dataclass

from massilia.corpus.article import Language


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Hold the word lists of one language, case-folded and without their last full stop.

    `never_final` is followed by what it introduces, whatever that begins with. `before_number`
    is an abbreviation before a number and an ordinary word otherwise ("no. 5", "he said no.").
    `seldom_final` ends a sentence only if a capitalised word of `function_words` follows.
    `function_words` begin many sentences and are no part of a name.
    """

    never_final: frozenset[str]
    before_number: frozenset[str]
    seldom_final: frozenset[str]
    function_words: frozenset[str]


def _words(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


# After an initial these may be the start of a family name: "J. Le Goff", "M. Van Damme".
NAME_PARTICLES = _words("d' da de del des dos du el l' la las le les los san van von")

# An article in one language names people, companies and works of the other.
_NEVER_FINAL = "dr e.g i.e mme mr mrs ms prof vs"
_BEFORE_NUMBER = "art c ca chap fig figs fl n no nos p pp r tab v vol"
_SELDOM_FINAL = "al approx bros co corp ext inc jr ltd max min sr st"

LEXICONS: Mapping[Language, Lexicon] = {
    Language.FRENCH: Lexicon(
        never_final=_words(f"{_NEVER_FINAL} c-à-d c.-à-d cf drs mgr mlle mlles mm mmes pr"),
        before_number=_words(f"{_BEFORE_NUMBER} al avr déc fév févr janv juil nov oct sept"),
        seldom_final=_words(
            f"{_SELDOM_FINAL} adj ap arr arrond assoc av bd boul cdt chap cie col coll dép dépt "
            "dir éd env ex gén gouv hab lt pl réf ste sts suppl tél trad univ"
        ),
        function_words=_words(
            "à afin ainsi alors après au aucun aujourd' aussi aux avant avec c' ça car ce cela "
            "cependant celle celui certains ces cet cette ceux chacun chaque chez comme comment "
            "d' dans de depuis dernier des deux donc dont du elle elles en enfin ensuite entre "
            "est et eux grâce il ils j' jamais je jusqu' l' la le les leur leurs lors lorsqu' "
            "lorsque lui là m' ma mais malgré me mes moi mon même n' ne ni nos notre nous on or "
            "ou où par parce parmi pas pendant peu plus plusieurs pour pourquoi pourtant puis "
            "puisque qu' quand que quel quelle quelques qui quoi s' sa sans se selon ses si son "
            "sont sous sur tandis toujours tous tout toute toutefois toutes très tu un une vers "
            "voici voilà vos votre vous y"
        ),
    ),
    Language.ENGLISH: Lexicon(
        never_final=_words(f"{_NEVER_FINAL} c ca capt cf gen gov hon lt messrs rep rev sen v viz"),
        before_number=_words(
            f"{_BEFORE_NUMBER} apr aug b ch d dec est feb jan jul jun mar nov oct sec sep sept"
        ),
        seldom_final=_words(
            f"{_SELDOM_FINAL} assn ave blvd col dept ed eds ft govt intl mt rd univ"
        ),
        function_words=_words(
            "a about according after all also although an and another any are as at be because "
            "before both but by during each every finally for from had has have he her here his "
            "how however i if in is it its last later many meanwhile more most my no not now of "
            "on one only or other our over several she since so some such than that the their "
            "then there these they this those though through thus to today two under until we "
            "what when where which while who why with without you your"
        ),
    ),
}
