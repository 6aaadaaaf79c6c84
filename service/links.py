"""Where what is cited opens, for programs that need one address for each citation."""

from dataclasses import dataclass
from urllib.parse import quote as quote_for_url

from starlette.datastructures import Headers
from starlette.types import Scope

from massilia.service.answer import Citation

NO_SITE = "massilia:"
"""Begins the addresses of a library that is shown nowhere; the MCP server's resources open them."""


@dataclass(frozen=True, slots=True)
class Links:
    """Give addresses at the publisher's, or else of our own pages, which lie below `site`.

    `site` is a scheme and a host without a slash at the end, or `NO_SITE`. No address is empty.
    """

    site: str

    def find_article(self, article_id: str, url: str | None) -> str:
        """Return the address of an article; `url` is its publisher's, if there is one."""
        return url or f"{self.site}/articles/{quote_for_url(article_id, safe='')}"

    def find_citation(self, citation: Citation) -> str:
        """Return the address at which a browser shows what is cited, and marks it."""
        if citation.url:
            return citation.deep_link or citation.url
        page = self.find_article(citation.article_id, None)
        return f"{page}?start={citation.start}&end={citation.end}#quote"


def read_site(scope: Scope) -> str:
    """Return the `site` that a request over HTTP was sent to, as its client names it."""
    host = Headers(scope=scope).get("host", "")
    return f"{scope['scheme']}://{host}{scope.get('root_path', '')}"
