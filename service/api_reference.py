"""The reference of the JSON interface, read from its OpenAPI document, for a page of our own."""

import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from markdown_it import MarkdownIt
from markupsafe import Markup, escape

from massilia.service.messages import Messages

JSON: Final = "application/json"
_METHODS: Final = ("get", "put", "post", "delete", "patch")
_SCHEMAS: Final = "#/components/schemas/"
# What a schema says of its values besides their type, and how it is shown.
_LIMITS: Final[Mapping[str, str]] = {
    "minimum": "≥ {}",
    "maximum": "≤ {}",
    "exclusiveMinimum": "> {}",
    "minLength": "length ≥ {}",
    "maxLength": "length ≤ {}",
    "minItems": "items ≥ {}",
    "maxItems": "items ≤ {}",
    "pattern": "pattern {}",
}
_STAND_INS: Final[Mapping[str, object]] = {
    "string": "…",
    "integer": 1,
    "number": 0.5,
    "boolean": False,
    "null": None,
}
_MOST_NESTED = 6
"""How deep an example goes into shapes that hold shapes, and may hold themselves."""


@dataclass(frozen=True, slots=True)
class Field:
    """Hold a field of a shape, or a parameter: its type with links to the shapes that it names."""

    name: str
    type: Markup
    required: bool
    description: Markup
    limits: str = ""
    default: str | None = None
    place: str = ""


@dataclass(frozen=True, slots=True)
class Shape:
    """Hold a named shape of JSON: the fields of an object, or the values of an enumeration."""

    name: str
    description: Markup
    fields: tuple[Field, ...]
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Content:
    """Hold one media type of a body, the type of what it holds, and an example if there is one."""

    media_type: str
    type: Markup
    example: str | None


@dataclass(frozen=True, slots=True)
class Reply:
    """Hold what may come back under one status."""

    status: str
    description: Markup
    contents: tuple[Content, ...]

    @property
    def is_problem(self) -> bool:
        """Tell whether something was wrong."""
        return self.status >= "4"


@dataclass(frozen=True, slots=True)
class Operation:
    """Hold one thing that can be asked; `examples` are programs by the name of their language."""

    anchor: str
    method: str
    path: str
    summary: str
    description: Markup
    parameters: tuple[Field, ...]
    body: tuple[Content, ...]
    replies: tuple[Reply, ...]
    examples: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Group:
    """Hold the operations of one tag."""

    name: str
    description: Markup
    operations: tuple[Operation, ...]


@dataclass(frozen=True, slots=True)
class Reference:
    """Hold all that the document says."""

    title: str
    version: str
    description: Markup
    groups: tuple[Group, ...]
    shapes: tuple[Shape, ...]


class ReferenceReader:
    """Read the reference of one document; words between types are in the language of `messages`.

    `site` is what the addresses in examples begin with, and `values` stand in them for parameters
    of a path.
    """

    def __init__(
        self, document: Mapping[str, Any], messages: Messages, site: str, values: Mapping[str, str]
    ) -> None:
        self._document = document
        self._text = messages.text
        self._site = site
        self._values = values
        self._schemas: Mapping[str, Any] = document.get("components", {}).get("schemas", {})
        # Text alone: what looks like HTML in a description is shown as it stands.
        self._markdown = MarkdownIt("commonmark", {"html": False})

    def read(self) -> Reference:
        """Return the reference."""
        info = self._document["info"]
        return Reference(
            title=info["title"],
            version=info["version"],
            description=self._render(info.get("description", "")),
            groups=tuple(self._list_groups()),
            shapes=tuple(
                self._read_shape(name, schema) for name, schema in sorted(self._schemas.items())
            ),
        )

    def _list_groups(self) -> Iterator[Group]:
        operations: dict[str, list[Operation]] = {
            tag["name"]: [] for tag in self._document.get("tags", ())
        }
        for path, methods in self._document["paths"].items():
            for method in _METHODS:
                if method in methods:
                    tag = (methods[method].get("tags") or [""])[0]
                    operation = self._read_operation(method, path, methods[method])
                    operations.setdefault(tag, []).append(operation)
        described = {tag["name"]: tag for tag in self._document.get("tags", ())}
        for name, listed in operations.items():
            if listed:
                description = described.get(name, {}).get("description", "")
                yield Group(name, self._render(description), tuple(listed))

    def _read_operation(self, method: str, path: str, operation: Mapping[str, Any]) -> Operation:
        body = operation.get("requestBody", {}).get("content", {})
        return Operation(
            anchor=operation["operationId"],
            method=method.upper(),
            path=path,
            summary=operation.get("summary", ""),
            description=self._render(operation.get("description", "")),
            parameters=tuple(
                self._read_parameter(each) for each in operation.get("parameters", ())
            ),
            body=tuple(self._read_contents(body)),
            replies=tuple(
                Reply(
                    status,
                    self._render(reply.get("description", "")),
                    tuple(self._read_contents(reply.get("content", {}), examples=False)),
                )
                for status, reply in sorted(operation["responses"].items())
            ),
            examples=self._write_examples(method.upper(), path, body),
        )

    def _read_parameter(self, parameter: Mapping[str, Any]) -> Field:
        schema = parameter.get("schema", {})
        return Field(
            name=parameter["name"],
            type=self._describe_type(schema),
            required=parameter.get("required", False),
            description=self._render(parameter.get("description", "")),
            limits=_describe_limits(schema),
            default=_write_default(schema),
            place=parameter["in"],
        )

    def _read_contents(
        self, contents: Mapping[str, Any], *, examples: bool = True
    ) -> Iterator[Content]:
        for media_type, content in contents.items():
            example = content.get("example")
            if example is None and examples and media_type == JSON:
                example = self._make_example(content.get("schema", {}))
            if example is not None and not isinstance(example, str):
                example = json.dumps(example, ensure_ascii=False, indent=2)
            yield Content(media_type, self._describe_type(content.get("schema", {})), example)

    def _read_shape(self, name: str, schema: Mapping[str, Any]) -> Shape:
        required = frozenset(schema.get("required", ()))
        return Shape(
            name=name,
            description=self._render(schema.get("description", "")),
            fields=tuple(
                Field(
                    name=field,
                    type=self._describe_type(inner),
                    required=field in required,
                    description=self._render(inner.get("description", "")),
                    limits=_describe_limits(inner),
                    default=_write_default(inner),
                )
                for field, inner in schema.get("properties", {}).items()
            ),
            values=tuple(str(value) for value in schema.get("enum", ())),
        )

    def _describe_type(self, schema: Mapping[str, Any]) -> Markup:
        """Return the type of a schema in words, with links to the shapes that it names."""
        if "$ref" in schema:
            name = str(schema["$ref"]).removeprefix(_SCHEMAS)
            return Markup('<a href="#{0}">{0}</a>').format(name)
        for several in ("anyOf", "oneOf", "allOf"):
            if several in schema:
                return self._join([self._describe_type(each) for each in schema[several]])
        if "const" in schema:
            return _write_code(schema["const"])
        if "enum" in schema:
            return self._join([_write_code(each) for each in schema["enum"]])
        kind = schema.get("type")
        if isinstance(kind, list):
            return self._join([self._describe_type({**schema, "type": each}) for each in kind])
        return self._describe_kind(kind, schema)

    def _describe_kind(self, kind: str | None, schema: Mapping[str, Any]) -> Markup:
        if kind == "array":
            if "prefixItems" in schema:
                parts = [self._describe_type(each) for each in schema["prefixItems"]]
                return Markup("[{}]").format(Markup(", ").join(parts))
            inner = self._describe_type(schema.get("items", {}))
            return Markup(self._text("docs.type_list", type=inner))
        if kind == "object" and isinstance(schema.get("additionalProperties"), Mapping):
            inner = self._describe_type(schema["additionalProperties"])
            return Markup(self._text("docs.type_map", type=inner))
        if kind is None:
            return escape(self._text("docs.type_any"))
        return escape(f"{kind} ({schema['format']})" if "format" in schema else str(kind))

    def _join(self, types: Sequence[Markup]) -> Markup:
        distinct = list(dict.fromkeys(types))
        return Markup(" {} ").format(self._text("docs.type_or")).join(distinct)

    def _make_example(self, schema: Mapping[str, Any], depth: int = 0) -> object:
        """Return a value of a schema: its own example, or one with what is required alone."""
        for several in ("examples", "enum"):
            if several in schema:
                return schema[several][0]
        for single in ("default", "const"):
            if single in schema:
                return schema[single]
        if "$ref" in schema:
            name = str(schema["$ref"]).removeprefix(_SCHEMAS)
            return self._make_example(self._schemas.get(name, {}), depth + 1)
        for several in ("anyOf", "oneOf", "allOf"):
            if several in schema:
                return self._make_example(schema[several][0], depth)
        return self._make_value(schema, depth)

    def _make_value(self, schema: Mapping[str, Any], depth: int) -> object:
        if schema.get("type") == "array":
            if depth > _MOST_NESTED or not schema.get("minItems"):
                return []
            return [self._make_example(schema.get("items", {}), depth + 1)]
        if schema.get("type") == "object":
            shown = [
                name
                for name, inner in schema.get("properties", {}).items()
                if name in schema.get("required", ()) or "examples" in inner
            ]
            if depth > _MOST_NESTED:
                return {}
            return {
                name: self._make_example(schema["properties"][name], depth + 1) for name in shown
            }
        return _STAND_INS.get(str(schema.get("type")))

    def _write_examples(self, method: str, path: str, body: Mapping[str, Any]) -> Mapping[str, str]:
        address = self._site + path
        for name, value in self._values.items():
            address = address.replace("{" + name + "}", value)
        content = next(self._read_contents(body), None)
        media_type = content.media_type if content else None
        sent = None
        if content is not None and content.example is not None:
            is_json = content.media_type == JSON
            sent = json.dumps(json.loads(content.example), ensure_ascii=False) if is_json else None
            sent = sent or content.example
        return {
            "curl": _write_curl(address, media_type, sent),
            "Python": _write_python(method, address, media_type, sent),
            "JavaScript": _write_javascript(method, address, media_type, sent),
        }

    def _render(self, text: str) -> Markup:
        return Markup(self._markdown.render(text))


def _describe_limits(schema: Mapping[str, Any]) -> str:
    # What an optional field may be is in one of several schemas.
    inner = [each for each in schema.get("anyOf", ()) if each.get("type") != "null"]
    described = {**(inner[0] if len(inner) == 1 else {}), **schema}
    return ", ".join(
        shown.format(described[name]) for name, shown in _LIMITS.items() if name in described
    )


def _write_default(schema: Mapping[str, Any]) -> str | None:
    if "default" not in schema or schema["default"] is None:
        return None
    return json.dumps(schema["default"], ensure_ascii=False)


def _write_code(value: object) -> Markup:
    return Markup("<code>{}</code>").format(json.dumps(value, ensure_ascii=False))


def _write_curl(address: str, media_type: str | None, body: str | None) -> str:
    if body is None:
        return f"curl -s {shlex.quote(address)}"
    return (
        f"curl -s {shlex.quote(address)} \\\n"
        f"  -H {shlex.quote(f'Content-Type: {media_type}')} \\\n"
        f"  --data-binary {shlex.quote(body)}"
    )


def _write_python(method: str, address: str, media_type: str | None, body: str | None) -> str:
    if body is None:
        return (
            "import json, urllib.request\n\n"
            f"with urllib.request.urlopen({address!r}) as response:\n"
            "    print(json.load(response))"
        )
    lines = "for line in response:\n        print(json.loads(line))"
    read = "print(json.load(response))" if media_type == JSON else lines
    return (
        "import json, urllib.request\n\n"
        "request = urllib.request.Request(\n"
        f"    {address!r},\n"
        f"    data={body!r}.encode(),\n"
        f"    headers={{'Content-Type': {media_type!r}}},\n"
        f"    method={method!r},\n"
        ")\n"
        "with urllib.request.urlopen(request) as response:\n"
        f"    {read}"
    )


def _write_javascript(method: str, address: str, media_type: str | None, body: str | None) -> str:
    read = "text" if body is not None and media_type != JSON else "json"
    if body is None:
        return (
            f"const response = await fetch({json.dumps(address)});\n"
            f"console.log(await response.{read}());"
        )
    return (
        f"const response = await fetch({json.dumps(address)}, {{\n"
        f"  method: {json.dumps(method)},\n"
        f'  headers: {{ "Content-Type": {json.dumps(media_type)} }},\n'
        f"  body: {json.dumps(body, ensure_ascii=False)},\n"
        "});\n"
        f"console.log(await response.{read}());"
    )
