"""The quality report of a library: one file in its folder, shown on a page of the site."""

import hashlib
import os
import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import formatdate, parsedate_to_datetime
from pathlib import Path

from fastapi import Response
from fastapi.responses import HTMLResponse

from massilia.corpus.article import Language
from massilia.index.errors import name_library

REPORT = "quality.html"
"""Name of the report's file in the library's folder."""
ROOT = '<html lang="fr">'
"""How the report's root element begins. A report holds both languages, and opens in this one."""

_STYLE = re.compile(rb"<style>(.*?)</style>", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Report:
    """Hold a report as it is served: a page in one language, as a part of the site.

    `modified` is in seconds since 1970, `policy` the Content-Security-Policy that it needs.
    """

    content: bytes
    modified: float
    policy: str

    @property
    def headers(self) -> dict[str, str]:
        """Give the headers of its response."""
        return {
            "Content-Security-Policy": self.policy,
            "ETag": f'"{hashlib.sha256(self.content).hexdigest()[:32]}"',
            "Last-Modified": formatdate(self.modified, usegmt=True),
            # Asked for anew each time: the next report has the same address.
            "Cache-Control": "no-cache",
        }


def publish_report(html: str, library_folder: Path) -> Path:
    """Put a report where the service finds it, and return the file.

    Raises `LibraryError` when it can't be written. The file appears whole or not at all.
    """
    path = library_folder / REPORT
    unfinished = path.with_name(path.name + ".part")
    with name_library(library_folder):
        try:
            unfinished.write_text(html, encoding="utf-8", newline="\n")
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)
    return path


def read_report(library_folder: Path, language: Language) -> Report | None:
    """Return the report of a library, set to open in `language`, or None where there is none.

    Raises `LibraryError` when there is one that can't be read.
    """
    with name_library(library_folder):
        try:
            with (library_folder / REPORT).open("rb") as file:
                modified = os.fstat(file.fileno()).st_mtime
                content = file.read()
        except FileNotFoundError:
            return None
    return Report(open_in(content, language), modified, write_policy(content))


def open_in(content: bytes, language: Language) -> bytes:
    """Return a report that opens in `language` and shows the links of the site."""
    served = f'<html lang="{language}" class="served">'
    return content.replace(ROOT.encode(), served.encode(), 1)


def write_policy(content: bytes) -> str:
    """Return a policy that lets a report use the style that it holds, by its hash (CSP 3).

    Its images are within it; it loads nothing.
    """
    hashes = (b64encode(hashlib.sha256(style).digest()) for style in _STYLE.findall(content))
    styles = " ".join(f"'sha256-{each.decode()}'" for each in hashes) or "'none'"
    return (
        f"default-src 'none'; style-src {styles}; img-src data:; form-action 'none'; "
        "base-uri 'none'; frame-ancestors 'none'"
    )


def respond(report: Report, request_headers: Mapping[str, str]) -> Response:
    """Return the response with a report, or one that says that the browser has it already."""
    if _is_known(report, request_headers):
        # With its policy: a browser takes over the headers of this response for what it holds.
        return Response(status_code=304, headers=report.headers)
    return HTMLResponse(report.content, headers=report.headers)


def _is_known(report: Report, request_headers: Mapping[str, str]) -> bool:
    """Tell whether a conditional request (RFC 9110, section 13) names the report as it is."""
    known = request_headers.get("If-None-Match")
    if known is not None:
        tags = {tag.strip().removeprefix("W/") for tag in known.split(",")}
        return bool(tags & {"*", report.headers["ETag"]})
    try:
        since = parsedate_to_datetime(request_headers["If-Modified-Since"])
        return int(report.modified) <= since.timestamp()
    except (KeyError, ValueError, OverflowError):
        return False
