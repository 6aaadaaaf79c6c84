"""Which places the inputs of an ingest name."""

import os
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from massilia.ingest.document import Refusal
from massilia.ingest.places import Place, PlaceList, list_places, show_path
from tests.other_user import as_nobody, lock_folder


def write(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("The quay is long.")
    return path


def list_names(listed: PlaceList, folder: Path) -> list[str]:
    return [str(Path(each.name).relative_to(folder)) for each in listed.places]


def test_a_folder_is_listed_with_all_that_is_below_it_in_a_fixed_order(tmp_path: Path) -> None:
    for name in ["b.md", "a.txt", "sub/z", "sub/deep/c.PDF", "Sub2/y.jpg"]:
        write(tmp_path / name)
    for name in [".hidden.md", ".git/d.md", "sub/.cache/e.txt", ".md"]:
        write(tmp_path / name)
    listed = list_places([str(tmp_path)])
    names = ["a.txt", "b.md", "Sub2/y.jpg", "sub/z", "sub/deep/c.PDF"]
    assert list_names(listed, tmp_path) == names
    assert not any(place.named for place in listed.places)
    assert (listed.folders, listed.refused) == ([str(tmp_path)], [])


def test_named_files_are_listed_in_their_order_hidden_or_not(tmp_path: Path) -> None:
    second, first = write(tmp_path / "b.md"), write(tmp_path / ".a.md")
    listed = list_places([str(second), str(first)])
    assert listed == PlaceList([Place(str(second), True), Place(str(first), True)])
    assert listed.places[0].path == second


def test_a_file_reached_in_several_ways_is_listed_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write(tmp_path / "folder" / "port.md")
    (tmp_path / "folder" / "link.md").symlink_to(file)
    (tmp_path / "elsewhere").symlink_to(tmp_path / "folder")
    monkeypatch.chdir(tmp_path)
    ways = ["folder/../folder/port.md", str(file), "folder", "elsewhere", "elsewhere/link.md"]
    listed = list_places([*ways, "*/*"])
    assert listed.places == [Place(str(file), True)]
    assert listed.folders == [str(tmp_path / "folder")] * 2
    assert listed.refused == []


def test_what_is_named_is_so_whether_its_folder_comes_before_or_after(tmp_path: Path) -> None:
    file = write(tmp_path / "a.bin")
    for inputs in ([str(tmp_path), str(file)], [str(file), str(tmp_path)]):
        assert list_places(inputs).places == [Place(str(file), True)]


def test_a_folder_that_links_to_itself_ends(tmp_path: Path) -> None:
    write(tmp_path / "a.md")
    for name in "xyz":
        (tmp_path / name).symlink_to(tmp_path)
    assert list_names(list_places([str(tmp_path)]), tmp_path) == ["a.md"]
    # Three links to follow at each step would make 3^40 paths.
    assert list_names(list_places([f"{tmp_path}/**/*.md"]), tmp_path) == ["a.md"]


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("*.md", ["a.md", "b.md"]),
        ("[ab].*", ["a.md", "b.md", "b.txt"]),
        ("?.txt", ["b.txt"]),
        ("*/c.md", ["sub/c.md"]),
        ("**/*.md", ["a.md", "b.md", "sub/c.md", "sub/deep/d.md"]),
        ("sub/**/d.md", ["sub/deep/d.md"]),
        ("**/deep/**", ["sub/deep/d.md"]),
        ("**/**/d.md", ["sub/deep/d.md"]),
        ("s*/**", ["sub/c.md", "sub/deep/d.md"]),
        ("a**.md", ["a.md"]),
        ("odd [1]/*", []),
        ("odd [[]1]/**", ["odd [1]/e.rst"]),
    ],
)
def test_a_pattern_names_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pattern: str, names: list[str]
) -> None:
    for name in ["b.txt", "b.md", "a.md", "sub/c.md", "sub/deep/d.md", "odd [1]/e.rst"]:
        write(tmp_path / name)
    for name in [".x.md", "sub/.cache/x.md"]:
        write(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    for form in (pattern, f"{tmp_path}/{pattern}"):
        listed = list_places([form])
        assert list_names(listed, tmp_path) == names
        assert all(place.named for place in listed.places)
        assert listed.folders == []
        assert [each.reason for each in listed.refused] == (
            [] if names else [f"{form}: no file matches this"]
        )


def test_a_link_that_is_named_is_what_it_leads_to_there_or_not(tmp_path: Path) -> None:
    for name in ("file.md", "nowhere.md"):
        (tmp_path / f"link-to-{name}").symlink_to(tmp_path / name)
    write(tmp_path / "file.md")
    listed = list_places([f"{tmp_path}/link-to-file.md", f"{tmp_path}/link-to-nowhere.md"])
    assert list_names(listed, tmp_path) == ["file.md", "nowhere.md"]
    assert listed.refused == []


def test_a_file_whose_name_looks_like_a_pattern_is_that_file(tmp_path: Path) -> None:
    file = write(tmp_path / "[a]*.md")
    write(tmp_path / "ab.md")
    assert list_places([str(file)]).places == [Place(str(file), True)]


@pytest.mark.parametrize("name", ["none.md", "none", "a" * 300, "a\0b", "file.md/a.md", "a\0*"])
def test_a_path_that_leads_nowhere_is_refused(tmp_path: Path, name: str) -> None:
    write(tmp_path / "file.md")
    path = f"{tmp_path}/{name}"
    refusal = Refusal(path, f"{path}: there is no such file or folder")
    assert list_places([path]) == PlaceList(refused=[refusal])


def test_web_addresses_and_standard_input_are_places_without_a_path() -> None:
    listed = list_places(["-", "https://example.org/a", "HTTP://example.org/B", "-"])
    names = ["-", "https://example.org/a", "http://example.org/B"]
    assert listed.places == [Place(name, True) for name in names]
    assert [place.path for place in listed.places] == [None] * 3


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("ftp://example.org/a", "only http and https addresses are read"),
        ("file:///etc/passwd", "only http and https addresses are read"),
        ("https://example.org/caf\udce9", "the address is not valid UTF-8"),
    ],
)
def test_an_address_that_is_not_read_is_refused(address: str, reason: str) -> None:
    (refusal,) = list_places([address]).refused
    assert refusal == Refusal(show_path(address), f"{show_path(address)}: {reason}")
    assert refusal.reason.encode()


def test_a_name_that_is_not_utf8_is_refused_in_words_that_can_be_printed(tmp_path: Path) -> None:
    bad = os.fsencode(tmp_path) + b"/caf\xe9.md"
    with open(bad, "wb") as file:
        file.write(b"The quay.")
    (tmp_path / "link.md").symlink_to(os.fsdecode(bad))
    missing = os.fsdecode(bad + b".txt")
    name = ascii(str(tmp_path))[1:-1]
    shown = f"'{name}/caf\\udce9.md'"
    link = f"{tmp_path}/link.md"
    assert list_places([missing, str(tmp_path)]) == PlaceList(
        refused=[
            Refusal(
                f"'{name}/caf\\udce9.md.txt'",
                f"'{name}/caf\\udce9.md.txt': there is no such file or folder",
            ),
            Refusal(shown, f"{shown}: the file's name is not valid UTF-8"),
            Refusal(link, f"{link}: the file's name is not valid UTF-8"),
        ],
        folders=[str(tmp_path)],
    )


def test_a_folder_that_may_not_be_listed_is_refused() -> None:
    with TemporaryDirectory() as name:
        folder = Path(name).resolve()
        write(folder / "a.md")
        locked = folder / "locked"
        write(locked / "b.md")
        folder.chmod(0o755)
        lock_folder(locked)
        with as_nobody():
            listed = list_places([str(folder), str(locked / "b.md")])
        locked.chmod(0o700)
    assert list_names(listed, folder) == ["a.md"]
    assert [each.reason for each in listed.refused] == [
        f"{locked}: Permission denied",
        f"{locked / 'b.md'}: there is no such file or folder",
    ]
