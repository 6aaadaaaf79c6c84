"""What a wheel must hold, and what the documents must say."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from massilia.eval.cli import cli as eval_cli
from massilia.service.cli import cli

ROOT = Path(__file__).parent.parent
FOLDERS = {"corpus", "ingest", "index", "service", "eval"}


@pytest.fixture(scope="module")
def setuptools_table() -> dict[str, dict[str, list[str]]]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    table: dict[str, dict[str, list[str]]] = project["tool"]["setuptools"]
    return table


def test_every_folder_of_modules_is_packaged(
    setuptools_table: dict[str, dict[str, list[str]]],
) -> None:
    """Setuptools leaves an unlisted package out of the wheel without a word."""
    found = {
        ".".join(["massilia", *module.parent.relative_to(ROOT).parts])
        for folder in FOLDERS
        for module in (ROOT / folder).rglob("*.py")
    }
    assert found <= set(setuptools_table["packages"])


def test_every_data_file_is_packaged(setuptools_table: dict[str, dict[str, list[str]]]) -> None:
    """So that no template, article or catalogue is missing from the wheel alone."""
    data = setuptools_table["package-data"]
    missing = []
    for folder in FOLDERS:
        for path in (ROOT / folder).rglob("*"):
            if path.is_dir() or path.suffix in {".py", ".pyc"}:
                continue
            package = ".".join(["massilia", *path.parent.relative_to(ROOT).parts])
            patterns = data.get(package, []) + data["*"]
            if package not in setuptools_table["packages"] or not any(
                path.match(pattern) for pattern in patterns
            ):
                missing.append(path.relative_to(ROOT).as_posix())
    assert missing == []


def test_every_package_that_is_installed_is_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    pins = {
        line.split("==")[0].lower().replace("_", "-")
        for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
        if line and not line.startswith("#")
    }
    wanted = project["dependencies"] + project["optional-dependencies"]["dev"]
    names = {re.split(r"[<>=\[ ]", each)[0].lower().replace("_", "-") for each in wanted}
    assert names <= pins


@pytest.mark.parametrize("name", sorted(cli.commands))
def test_every_command_is_in_the_readme_and_says_what_it_does(name: str) -> None:
    assert f"massilia {name}" in (ROOT / "README.md").read_text(encoding="utf-8")
    assert cli.commands[name].get_short_help_str()
    for parameter in cli.commands[name].params:
        assert parameter.name


def test_every_evaluation_command_is_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for name in eval_cli.commands:
        assert f"massilia-eval {name}" in readme


def test_the_changelog_has_the_version_that_is_packaged() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert f"## {project['version']}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_nothing_generated_is_committed() -> None:
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if tracked.returncode:
        pytest.skip("not a git checkout: what is committed can't be told")
    generated = re.compile(r"\.(faiss|sqlite|npz|safetensors|onnx|pyc|whl)$|(^|/)\.venv/|egg-info")
    assert [name for name in tracked.stdout.splitlines() if generated.search(name)] == []
