"""The software that Massilia is made of: names, versions and licences, as they are installed."""

import re
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageMetadata, PackageNotFoundError, metadata, requires

DISTRIBUTION = "massilia"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_LONGEST_LICENCE = 40
"""Some packages give the whole text of a licence where its name should be."""


@dataclass(frozen=True, slots=True)
class Package:
    """Hold a package that Massilia depends on; `licence` is None where it doesn't say."""

    name: str
    version: str
    licence: str | None


@cache
def list_software() -> tuple[Package, ...]:
    """Return what Massilia depends on itself and is installed, by name."""
    names = {
        match[0]
        for requirement in requires(DISTRIBUTION) or ()
        if "extra ==" not in requirement and (match := _NAME.match(requirement))
    }
    packages = []
    for name in sorted(names, key=str.lower):
        try:
            described = metadata(name)
        except PackageNotFoundError:
            continue
        packages.append(Package(name, described["Version"], _read_licence(described)))
    return tuple(packages)


def _read_licence(described: PackageMetadata) -> str | None:
    fields = described.json
    expression = fields.get("license_expression")
    if isinstance(expression, str):
        return expression
    for classifier in fields.get("classifier", ()):
        if classifier.startswith("License ::") and not classifier.endswith("OSI Approved"):
            return classifier.rpartition(" :: ")[2]
    named = fields.get("license")
    if isinstance(named, str) and len(named) <= _LONGEST_LICENCE and "\n" not in named:
        return named
    return None
