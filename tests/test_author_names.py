"""Names of authors: taken apart where it is sure, left whole where it isn't."""

import pytest

from massilia.service.author_names import read_person


@pytest.mark.parametrize(
    ("name", "family", "initials"),
    [
        ("Paul Molga", "Molga", "P."),
        ("Jean-Luc Petit", "Petit", "J.-L."),
        ("Jean-Paul de La Tour", "de La Tour", "J.-P."),
        ("Édouard de La Tour du Pin", "de La Tour du Pin", "É."),
        ("Anne Le Goff", "Le Goff", "A."),
        ("Anne d'Ornano", "d'Ornano", "A."),
        ("Anne d’Ornano", "d’Ornano", "A."),
        ("Jean de L’Étang", "de L’Étang", "J."),
        ("Valentin Giscard d'Estaing", "Giscard d'Estaing", "V."),
        ("Ludovic van der Berg", "van der Berg", "L."),
        ("Karim El Amrani", "El Amrani", "K."),
        ("Louise Dubois-Martin", "Dubois-Martin", "L."),
        ("Patrick O'Brian", "O'Brian", "P."),
        ("A. Un", "Un", "A."),
        ("J.-P. Raffarin", "Raffarin", "J.-P."),
        ("John F. Kennedy", "Kennedy", "J. F."),
        ("J. R. R. Tolkien", "Tolkien", "J. R. R."),
        ("R. de Gourmont", "de Gourmont", "R."),
        ("Paul MOLGA", "MOLGA", "P."),
        ("  Paul   Molga ", "Molga", "P."),
    ],
)
def test_a_person_has_given_names_and_a_surname(name: str, family: str, initials: str) -> None:
    person = read_person(name)
    assert person is not None
    assert (person.family, person.initials) == (family, initials)
    assert " ".join(name.split()) == f"{person.given} {person.family}"


@pytest.mark.parametrize(
    "name",
    [
        *("Anne Marie Petit", "Gabriel García Márquez", "Jean Marie de La Mennais"),
        *("Tarik Benali", "Paul", "paul molga", "Molga Paul", "Paul de", "Martin Luther King, Jr."),
        *("Business France", "France Bleu Provence", "Made Marseille", "La Provence", "AFP"),
        *("Le Monde", "Agence France-Presse", "Chambre de commerce", "Port de Marseille"),
        *("Ville de Marseille", "Agence de presse", "Métropole Aix-Marseille-Provence"),
        *("Charlie Hebdo", "Marine Nationale", "Florence Tourisme", "Claude Infos", "Paris Match"),
        *("Marc Group", "Simone Provence", "Robert de Marseille", "Hugo 2030", "Paul & Joe"),
        *("M. Dupont", "Mme Dupont", "S.N.C.F. Réseau", "S. A. Marseille", "La rédaction du Quai"),
        *(
            "",
            " ",
            "-",
            "Jean- Paul",
            "Jean--Paul Roux",
            "J.",
            "O'",
            "Paul O'",
            "Paul -",
            "Paul d'",
        ),
    ],
)
def test_what_is_not_sure_stays_whole(name: str) -> None:
    assert read_person(name) is None
