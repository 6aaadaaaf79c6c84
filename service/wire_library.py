"""The shapes of what a library holds in the JSON interface: articles, passages, counts."""

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from massilia.corpus.article import Article, Certainty, Language
from massilia.index.generation import Manifest
from massilia.index.store import ArticleEntry
from massilia.ingest.extraction import DocumentKind
from massilia.service.cursors import Page
from massilia.service.library_facts import LibraryFacts
from massilia.service.library_search import Found
from massilia.service.library_topics import Topic
from massilia.service.offsets import OFFSETS
from massilia.service.original import OriginalPart
from massilia.service.passage_search import FoundPassage, PassageSearch
from massilia.service.wire import IndexJson, SourceJson, make_reader_path
from massilia.service.wire_request import FiltersJson


class ArticleEntryJson(BaseModel):
    """An article of the library, without its text."""

    id: str
    title: str
    origin: str
    language: Language
    publisher: str | None
    date_published: date | None
    date_modified: date | None
    url: str | None
    kind: str | None
    translation_of: str | None
    text_sha256: str

    @classmethod
    def of(cls, entry: ArticleEntry) -> "ArticleEntryJson":
        """Return the JSON shape of an article's description."""
        return cls.model_validate(entry, from_attributes=True)


class CorrectionJson(BaseModel):
    """As what a word that no article has was read: other words, the most frequent first."""

    written: str
    read: list[str]


class WordSearchJson(BaseModel):
    """What became of the words that were searched for."""

    whole: Annotated[
        bool,
        Field(
            description="Whether each article has every word. If not, none has, and each has some."
        ),
    ]
    corrections: list[CorrectionJson]

    @classmethod
    def of(cls, found: Found) -> "WordSearchJson":
        """Return the JSON shape of a search."""
        return cls(
            whole=found.whole,
            corrections=[
                CorrectionJson(written=each.written, read=list(each.read))
                for each in found.corrections
            ],
        )


class ListJson(BaseModel):
    """A page of a list, and how long the list is."""

    object: Literal["list"] = "list"
    total: Annotated[int, Field(description="How many there are on all pages.")]
    next_cursor: Annotated[
        str | None, Field(description="`cursor` of the next page; null on the last.")
    ]


class ArticleListJson(ListJson):
    """A page of the library's articles, and how many there are in all."""

    search: Annotated[WordSearchJson | None, Field(description="Null where `q` has no words.")]
    articles: list[ArticleEntryJson]

    @classmethod
    def of(cls, page: Page[ArticleEntry], found: Found | None = None) -> "ArticleListJson":
        """Return the JSON shape of a page of articles, which `found` holds if they were found."""
        return cls(
            total=page.total,
            next_cursor=page.next_cursor,
            search=None if found is None else WordSearchJson.of(found),
            articles=[ArticleEntryJson.of(entry) for entry in page.items],
        )


class TopicJson(BaseModel):
    """A name that articles are about."""

    key: Annotated[str, Field(description="What `topic` takes in `GET /v1/articles`.")]
    name: Annotated[str, Field(description="As it is mostly written.")]
    names: Annotated[
        dict[Language, str],
        Field(
            description=(
                "As it is written in each language, where translated articles show that two names "
                "are one: empty for most topics."
            ),
            examples=[{"fr": "IA", "en": "AI"}],
        ),
    ]
    articles: Annotated[int, Field(description="How many articles are on it.")]
    sentences: Annotated[int, Field(description="How many of their sentences hold the name.")]
    years: Annotated[
        dict[str, int],
        Field(
            description=(
                "How many of these name each year; an article of which none does counts once for "
                "the year in which it was published."
            )
        ),
    ]

    @classmethod
    def of(cls, topic: Topic) -> "TopicJson":
        """Return the JSON shape of a topic."""
        years = topic.count_years()
        return cls(
            key=topic.key,
            name=topic.name,
            names=dict(topic.names),
            articles=len(topic.articles),
            sentences=topic.sentences,
            years={str(year): years[year] for year in sorted(years)},
        )


class TopicListJson(ListJson):
    """A page of the library's topics, and how many there are in all."""

    topics: list[TopicJson]

    @classmethod
    def of(cls, page: Page[Topic]) -> "TopicListJson":
        """Return the JSON shape of a page of topics."""
        return cls(
            total=page.total,
            next_cursor=page.next_cursor,
            topics=[TopicJson.of(topic) for topic in page.items],
        )


class MarkJson(BaseModel):
    """A place in the text that a source stands behind: just after the sentence's last character."""

    position: int
    source_id: str


class MetadataNoteJson(BaseModel):
    """How the value of a field was found in the document."""

    field: str
    how: str
    certainty: Certainty


class ArticleJson(ArticleEntryJson):
    """An article of the library, whole."""

    authors: list[str]
    licence: str | None
    text: Annotated[str, Field(description="NFC; citations' offsets count its code points.")]
    sources: list[SourceJson]
    marks: list[MarkJson]
    metadata_notes: list[MetadataNoteJson]
    page_starts: Annotated[
        list[int], Field(description="Where the pages of a paged document begin in the text.")
    ]

    @classmethod
    def of_article(cls, article: Article) -> "ArticleJson":
        """Return the JSON shape of an article."""
        return cls(
            id=article.id,
            title=article.title,
            origin=article.origin,
            language=article.language,
            publisher=article.publisher,
            date_published=article.date_published,
            date_modified=article.date_modified,
            url=article.url,
            kind=article.kind,
            translation_of=article.translation_of,
            text_sha256=article.text_sha256,
            authors=list(article.authors),
            licence=article.licence,
            text=article.text,
            sources=[SourceJson.of(source) for source in article.sources],
            marks=[
                MarkJson(position=mark.position, source_id=mark.source_id) for mark in article.marks
            ],
            metadata_notes=[
                MetadataNoteJson(field=note.field, how=note.how, certainty=note.certainty)
                for note in article.notes
            ],
            page_starts=list(article.pages),
        )


class OriginalJson(BaseModel):
    """What an article was read from, and where a part of its text stands there."""

    document_id: str
    kind: DocumentKind
    charset: Annotated[str | None, Field(description="None where the bytes are no text.")]
    bytes: int
    sha256: str
    start_byte_index: int | None
    end_byte_index: int | None
    text: Annotated[str | None, Field(description="What stands there, as it is decoded.")]

    @classmethod
    def of(cls, article_id: str, found: OriginalPart) -> "OriginalJson":
        """Return the JSON shape of an original and a part of it."""
        part = found.part_bytes
        return cls(
            document_id=article_id,
            kind=found.original.kind,
            charset=found.original.charset,
            bytes=len(found.original.data),
            sha256=found.original.sha256,
            start_byte_index=part.start if part else None,
            end_byte_index=part.end if part else None,
            text=found.cut()[1] if part else None,
        )


class SentenceJson(BaseModel):
    """Where a sentence of a passage stands."""

    start_char_index: Annotated[int, Field(description=OFFSETS)]
    end_char_index: Annotated[int, Field(description=OFFSETS)]


class PassageJson(BaseModel):
    """A passage: whole sentences of an article, and where they stand."""

    id: Annotated[int, Field(description="Another one once its article has changed.")]
    object: Literal["passage"] = "passage"
    text: str
    document_id: str
    document_title: str
    start_char_index: Annotated[int, Field(description=OFFSETS)]
    end_char_index: Annotated[int, Field(description=OFFSETS)]
    offset_unit: Literal["codepoint"] = "codepoint"
    text_sha256: str
    sentences: list[SentenceJson]
    page_number: Annotated[
        int | None, Field(description="Page, from 1, of a paged document on which it begins.")
    ]
    url: str | None
    reader_path: Annotated[str, Field(description="Our own page with the passage marked.")]
    publisher: str | None
    date_published: date | None
    kind: str | None
    in_language: Annotated[
        Language, Field(description="Of its words, which may be another than its article's.")
    ]

    @classmethod
    def of(cls, found: FoundPassage) -> "PassageJson":
        """Return the JSON shape of a passage."""
        return cls.model_validate(describe_passage(found))


class FoundPassageJson(PassageJson):
    """A passage that was searched for."""

    score: Annotated[
        float,
        Field(description="Higher is nearer. Of one search only: it is no probability."),
    ]

    @classmethod
    def of_found(cls, found: FoundPassage) -> "FoundPassageJson":
        """Return the JSON shape of a passage with its score."""
        assert found.score is not None
        return cls.model_validate({**describe_passage(found), "score": round(found.score, 4)})


class SearchJson(BaseModel):
    """The passages near a question, best first; near is not to say that they answer it."""

    object: Literal["search"] = "search"
    question: str
    language: Language
    filters: Annotated[FiltersJson, Field(description="As they were applied.")]
    passages: list[FoundPassageJson]
    index: IndexJson

    @classmethod
    def of(cls, search: PassageSearch) -> "SearchJson":
        """Return the JSON shape of a search."""
        return cls(
            question=search.question.text,
            language=search.question.language,
            filters=FiltersJson.of(search.question.within),
            passages=[FoundPassageJson.of_found(each) for each in search.found],
            index=IndexJson(id=search.generation_id),
        )


class CountsJson(BaseModel):
    """How many articles there are of each; those that don't say theirs are in none."""

    languages: dict[Language, int]
    publishers: dict[str, int]
    kinds: dict[str, int]


class GenerationJson(BaseModel):
    """What questions are searched in."""

    id: str
    built_at: str
    encoder: str
    passages: int
    sentences: int

    @classmethod
    def of(cls, manifest: Manifest) -> "GenerationJson":
        """Return the JSON shape of a generation."""
        return cls(
            id=manifest.id,
            built_at=manifest.built_at,
            encoder=manifest.encoder_name,
            passages=manifest.passages,
            sentences=manifest.sentences,
        )


class LibraryJson(BaseModel):
    """What the library holds."""

    object: Literal["library"] = "library"
    articles: int
    counts: CountsJson
    published_from: Annotated[
        date | None, Field(description="Day of the oldest article that has one.")
    ]
    published_to: Annotated[
        date | None, Field(description="Day of the newest article that has one.")
    ]
    undated: Annotated[int, Field(description="Articles without a day of publication.")]
    generation: Annotated[GenerationJson | None, Field(description="Null before the first build.")]
    up_to_date: Annotated[
        bool, Field(description="Whether every article, as it is now, is in the generation.")
    ]

    @classmethod
    def of(cls, facts: LibraryFacts) -> "LibraryJson":
        """Return the JSON shape of what is known of a library."""
        manifest = facts.manifest
        return cls(
            articles=facts.articles,
            counts=CountsJson(
                languages=dict(facts.languages),
                publishers=dict(facts.publishers),
                kinds=dict(facts.kinds),
            ),
            published_from=facts.first,
            published_to=facts.last,
            undated=facts.undated,
            generation=GenerationJson.of(manifest) if manifest else None,
            up_to_date=facts.up_to_date,
        )


class HealthJson(BaseModel):
    """Whether questions can be answered."""

    status: Literal["ok"] = "ok"
    version: str
    articles: int
    index: IndexJson


class ReadinessJson(BaseModel):
    """Questions can be answered now."""

    status: Literal["ready"] = "ready"


def describe_passage(found: FoundPassage) -> dict[str, object]:
    """Return the fields that every shape of a passage has."""
    passage, article = found.passage, found.article
    return {
        "id": passage.id,
        "text": found.text,
        "document_id": article.id,
        "document_title": article.title,
        "start_char_index": passage.start,
        "end_char_index": passage.end,
        "text_sha256": article.text_sha256,
        "sentences": [
            SentenceJson(start_char_index=each.start, end_char_index=each.end)
            for each in found.sentences
        ],
        "page_number": article.find_page(passage.start),
        "url": article.url,
        "reader_path": make_reader_path(article.id, passage.start, passage.end),
        "publisher": article.publisher,
        "date_published": article.date_published,
        "kind": article.kind,
        "in_language": passage.language,
    }
