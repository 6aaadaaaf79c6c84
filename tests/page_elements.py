"""The elements of a page, for tests that read what it says."""

from html.parser import HTMLParser

VOID = {"meta", "link", "img", "input", "br", "hr"}


class Page(HTMLParser):
    """Collect the elements of a page, with their attributes and the text within them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.html = html
        self.elements: list[tuple[str, dict[str, str | None], list[str]]] = []
        self._open: list[tuple[str, list[str]]] = []
        self.feed(html)
        self.close()
        assert not self._open, f"<{self._open[-1][0]}> is never closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        text: list[str] = []
        self.elements.append((tag, dict(attrs), text))
        if tag not in VOID:
            self._open.append((tag, text))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs), []))

    def handle_endtag(self, tag: str) -> None:
        opened, _ = self._open.pop()
        assert opened == tag, f"<{opened}> is closed by </{tag}>"

    def handle_data(self, data: str) -> None:
        for _, text in self._open:
            text.append(data)

    def texts(self, tag: str, **attributes: str) -> list[str]:
        return [
            "".join(text)
            for each, found, text in self.elements
            if each == tag
            and all(found.get(name.rstrip("_")) == value for name, value in attributes.items())
        ]

    def values(self, tag: str, attribute: str, **attributes: str) -> list[str]:
        return [
            found[attribute] or ""
            for each, found, _ in self.elements
            if each == tag
            and attribute in found
            and all(found.get(name.rstrip("_")) == value for name, value in attributes.items())
        ]
