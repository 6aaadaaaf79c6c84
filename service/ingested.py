"""What came of ingesting documents."""

from dataclasses import dataclass, field

from massilia.index.change import Change
from massilia.ingest.document import Document


@dataclass(slots=True)
class Ingested:
    """Hold what became of each document, those that are kept as they were read, and what else.

    So many files were `passed` over.
    """

    changes: list[Change] = field(default_factory=list)
    documents: list[Document] = field(default_factory=list)
    passed: int = 0
