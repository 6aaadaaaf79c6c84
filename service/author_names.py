"""Names of authors taken apart into given names and surname, where that is sure."""

from dataclasses import dataclass
from typing import Final

from massilia.corpus.pattern import Pattern
from massilia.service.names import is_first_name, is_no_surname
from massilia.service.written_dates import fold

# With a space after each, or a hyphen: "S.N.C.F." is no person.
_INITIALS: Final = Pattern(r"(?!M\.\Z)[^\W\d_]\.(?:-[^\W\d_]\.)*")
_SURNAME: Final = Pattern(r"(?:[dD]['’]|[lL]['’]|O['’])?[^\W\d_](?:[^\W\d_]|['’-](?=[^\W\d_]))+")
_ELIDED: Final = Pattern(r"[dDlL]['’]")
# What a surname may begin with, and goes on with: "de La Tour du Pin", "van der Berg", "Le Goff".
_PARTICLES: Final = frozenset(
    {
        *("de", "du", "des", "la", "le", "les", "van", "von", "der", "den", "ter", "ten", "zu"),
        *("di", "da", "della", "del", "dos", "das", "el", "al", "ben", "bin"),
    }
)


@dataclass(frozen=True, slots=True)
class Person:
    """Hold the given names and the surname of a person, as they are written; particles are its."""

    given: str
    family: str

    @property
    def initials(self) -> str:
        """Write the given names as the APA does: "J.-P." for Jean-Paul, "J. F." for John F."""
        return " ".join(
            "-".join(f"{part[0].upper()}." for part in word.split("-"))
            for word in self.given.split()
        )


def read_person(name: str) -> Person | None:
    """Return the parts of a person's name, or None where they, or that it is one, aren't sure.

    It is a person's where it begins with a common first name or with initials; "M." is a title. The
    surname is then a single word, or words that follow particles. Of "Anne Marie Petit" nothing
    says where the surname begins.
    """
    words = name.split()
    if not words or not (_INITIALS.fullmatch(words[0]) or is_first_name(words[0])):
        return None
    # What follows the first name may be initials too: "John F. Kennedy".
    count = 1
    while count < len(words) and _INITIALS.fullmatch(words[count]):
        count += 1
    given, family = words[:count], words[count:]
    if not all(word[0].isupper() for word in given) or not _is_surname(family):
        return None
    return Person(" ".join(given), " ".join(family))


def _is_surname(words: list[str]) -> bool:
    """Tell whether words can be nothing but one surname: each but the first follows a particle."""
    if not words or fold(words[-1]) in _PARTICLES:
        return False
    if len(words) > 1 and is_first_name(words[0]):
        return False
    for before, word in zip(["", *words], words, strict=False):
        if fold(word) in _PARTICLES:
            continue
        bare = _ELIDED.sub("", word)
        if is_no_surname(bare) or not bare[:1].isupper() or not _SURNAME.fullmatch(word):
            return False
        if before and fold(before) not in _PARTICLES and bare == word:
            return False
    return True
