"""The README's examples for programs: each of them is run against a running server."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.running_server import MASSILIA, SECONDS, RunningServer, make_environment, run_server

ADDRESS = "http://127.0.0.1:8000"
SECTION = re.compile(r"^## Ask it from a program\n(.*?)^## ", re.MULTILINE | re.DOTALL)
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = [block for section in SECTION.findall(README) for block in BLOCK.findall(section)]
COMMANDS = {
    "sh": ("bash", "-euo", "pipefail", "-c"),
    "python": (sys.executable, "-W", "error", "-c"),
    "js": ("node", "--input-type=module", "--eval"),
}
ANSWERS = {"Who owns Atlas Offshore?": "Maroc Telecom"}
"""What an example that asks this must print."""


@pytest.fixture(scope="module")
def environment(
    tmp_path_factory: pytest.TempPathFactory, model_cache: Path, corpus_path: Path
) -> dict[str, str]:
    made = make_environment(tmp_path_factory.mktemp("home"), model_cache)
    path = os.pathsep.join([str(MASSILIA.parent), made["PATH"]])
    return made | {"MASSILIA_LIBRARY": str(corpus_path), "PATH": path}


@pytest.fixture(scope="module")
def server(corpus_path: Path, environment: Mapping[str, str]) -> Iterator[RunningServer]:
    with run_server(corpus_path, environment) as running:
        yield running


def test_there_is_an_example_of_each_kind() -> None:
    assert {language for language, _ in BLOCKS} == {*COMMANDS, "json"}
    assert sum(ADDRESS in example for _, example in BLOCKS) == len(BLOCKS)


@pytest.mark.parametrize(
    ("language", "example"),
    [block for block in BLOCKS if block[0] != "json"],
    ids=lambda value: value.strip().split("\n")[0][:32],
)
def test_an_example_works_as_it_stands(
    server: RunningServer, environment: Mapping[str, str], language: str, example: str
) -> None:
    program, *options = COMMANDS[language]
    needed = {program, "curl"} if "curl" in example else {program}
    for name in needed:
        if shutil.which(name) is None:
            pytest.skip(f"{name} is not on this machine")
    done = subprocess.run(
        [program, *options, example.replace(ADDRESS, server.address)],
        capture_output=True,
        text=True,
        env=dict(environment),
        timeout=SECONDS,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert done.stdout.strip()
    for question, answer in ANSWERS.items():
        assert question not in example or answer in done.stdout


@pytest.mark.parametrize("example", [example for language, example in BLOCKS if language == "json"])
def test_an_agent_is_served_by_the_configuration(
    environment: Mapping[str, str], example: str
) -> None:
    """The command is started as a client would start it, and talked to by the official client."""
    (configured,) = json.loads(example)["mcpServers"].values()
    script = (
        "import asyncio, os, sys\n"
        "from mcp import Client, StdioServerParameters\n"
        "async def ask():\n"
        "    command = StdioServerParameters(\n"
        "        command=sys.argv[1], args=sys.argv[2:], env=dict(os.environ)\n"
        "    )\n"
        "    async with Client(command) as client:\n"
        "        call = {'question': 'Who owns Atlas Offshore?'}\n"
        "        print((await client.call_tool('ask', call)).content[0].text)\n"
        "asyncio.run(ask())\n"
    )
    arguments = [configured["command"], *configured["args"]]
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        capture_output=True,
        text=True,
        env=dict(environment),
        timeout=SECONDS,
    )
    assert done.returncode == 0, done.stderr
    assert "Maroc Telecom" in done.stdout
    assert f"{ADDRESS}/articles/" in done.stdout
