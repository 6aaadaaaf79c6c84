import pytest
from hypothesis import given
from hypothesis import strategies as st

from massilia.corpus.article import Language
from massilia.service.names import NameKind, find_names

FR, EN = Language.FRENCH, Language.ENGLISH


def list_names(text: str, language: Language) -> list[str]:
    return [text[name.start : name.end] for name in find_names(text, language)]


@pytest.mark.parametrize(
    ("text", "language", "names"),
    [
        ("Le groupe chinois Hengtong mène PEACE.", FR, ["Hengtong", "PEACE"]),
        ("Depuis 2021, Orange et SFR le partagent.", FR, ["Orange", "SFR"]),
        ("Il vit à Aix-en-Provence.", FR, ["Aix-en-Provence"]),
        ("La Belle de Mai ouvre ses portes.", FR, ["Belle de Mai"]),
        ("Le campus de Voyage Privé de Cédric O.", FR, ["Voyage Privé", "Cédric O"]),
        ("L'Union européenne paie.", FR, ["Union européenne"]),
        ("Aux dires de Charles de Gaulle, non.", FR, ["Charles de Gaulle"]),
        ("Interxion héberge la région.", FR, ["Interxion"]),
        ("Annoncée en 2022, elle tarde.", FR, []),
        ("Installés en mai, ils restent.", FR, []),
        ("Selon marseille-exemple.fr, oui.", FR, ["marseille-exemple.fr"]),
        ("Gomet's barometer covers it.", EN, ["Gomet"]),
        ("Companies in the region grew.", EN, []),
        ("SubCom lays the SeaMeWe-6 cable.", EN, ["SubCom", "SeaMeWe-6"]),
        ("In 2014 Voyage Privé grew.", EN, ["Voyage Privé"]),
        ("A Nigerian actor met a French one.", EN, []),
        ("It drew 70 MW on 3 October.", EN, []),
        ("Researchers at Samir of Oracle spoke.", EN, ["Samir", "Oracle"]),
        ("the University of Ghana", EN, ["University of Ghana"]),
        ("", FR, []),
    ],
)
def test_names_are_found(text: str, language: Language, names: list[str]) -> None:
    assert list_names(text, language) == names


@pytest.mark.parametrize(
    ("text", "name", "kind"),
    [
        ("Il suit Cyril Vidal.", "Cyril Vidal", NameKind.PERSON),
        ("Il suit le maire Payan.", "Payan", NameKind.PERSON),
        ("Il suit la Banque Postale.", "Banque Postale", NameKind.ORGANISATION),
        ("Il suit la CMA.", "CMA", NameKind.ORGANISATION),
        ("Il va à Bizerte.", "Bizerte", NameKind.PLACE),
        ("Il va près de Gardolle.", "Gardolle", NameKind.PLACE),
        ("Il aime Stockholm.", "Stockholm", NameKind.PLACE),
        ("Il aime Mailinblack.", "Mailinblack", NameKind.OTHER),
    ],
)
def test_kind_is_guessed(text: str, name: str, kind: NameKind) -> None:
    (found,) = find_names(text, FR)
    assert (text[found.start : found.end], found.kind) == (name, kind)


@given(
    st.text(alphabet=st.sampled_from("ABÉabé' ’.-(),:dLe1s\n«»"), max_size=40),
    st.sampled_from(Language),
)
def test_any_text_is_read_within_its_bounds(text: str, language: Language) -> None:
    end = 0
    for name in find_names(text, language):
        assert end <= name.start < name.end <= len(text)
        end = name.end
