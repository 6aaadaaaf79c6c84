"""The catalogue that article files name their sources from."""

from pathlib import Path

import pytest

from massilia.corpus.article import Source
from massilia.corpus.errors import ArticleError
from massilia.corpus.sources import find_catalogue, read_catalogue


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[\n{]", "sources.json, line 2: not valid JSON: "),
        ("[" * 100_000, "sources.json: cannot be read: "),
        (f"[{'9' * 5_000}]", "sources.json: cannot be read: "),
        ("{}", "sources.json: must hold a list of sources"),
        ('["a"]', "sources.json, entry 1: a source must be a mapping, not 'a'"),
        ('[{"id": "a", "title": "A"}, {"id": "b"}]', "sources.json, entry 2: a source needs an id"),
        (
            '[{"id": "a", "title": "A"}, {"id": "a", "title": "B"}]',
            "sources.json, entry 2: the source 'a' is given twice",
        ),
        (r'[{"id": "a", "title": "\ud800"}]', "sources.json, entry 1: a source's 'title': the ch"),
        ('[{"id": "a", "title": "A", "url": "data:a"}]', "sources.json, entry 1: 'data:a' is not"),
    ],
)
def test_a_faulty_catalogue_is_refused(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "sources.json"
    path.write_text(content)
    with pytest.raises(ArticleError) as caught:
        read_catalogue(path)
    assert str(caught.value).startswith(message)


def test_the_nearest_catalogue_above_a_file_is_found(tmp_path: Path) -> None:
    article = tmp_path / "a" / "b" / "port.md"
    article.parent.mkdir(parents=True)
    (tmp_path / "sources.json").write_text("[]")
    assert find_catalogue(article) == tmp_path.resolve() / "sources.json"
    (tmp_path / "a" / "sources.json").write_text('[{"id": "x", "title": "X", "date": 2024}]')
    nearest = find_catalogue(article)
    assert nearest == tmp_path.resolve() / "a" / "sources.json"
    assert read_catalogue(nearest) == {"x": Source("x", "X", date="2024")}
