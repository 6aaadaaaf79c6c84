"""The conditions of a selection of articles, in words, each with the selection without it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from massilia.corpus.article import Language
from massilia.service.article_selection import Selection
from massilia.service.library_addresses import write_address
from massilia.service.library_topics import Topic
from massilia.service.messages import Messages
from massilia.service.scope import describe_period


@dataclass(frozen=True, slots=True)
class Condition:
    """Hold one condition in words, and the address of the page that lists without it."""

    text: str
    address_without: str


def describe_conditions(
    selection: Selection, topics: Sequence[Topic], language: Language, messages: Messages
) -> list[Condition]:
    """Return the conditions of a selection, but for the words that are searched for."""
    within = selection.within
    names = {topic.key: topic.name_in(language) for topic in topics}
    conditions = [
        (
            messages.text("scope.language", language=messages.text(f"languages.{each}")),
            replace(selection, within=replace(within, languages=within.languages - {each})),
        )
        for each in sorted(within.languages)
    ]
    conditions += [
        (
            messages.text("library.topic", name=names.get(each, each)),
            replace(selection, topics=selection.topics - {each}),
        )
        for each in sorted(selection.topics)
    ]
    if selection.year is not None:
        text = messages.text("library.year", year=str(selection.year))
        conditions.append((text, replace(selection, year=None)))
    for name in sorted(within.publishers):
        without = replace(within, publishers=within.publishers - {name})
        text = messages.text("scope.publisher", name=name)
        conditions.append((text, replace(selection, within=without)))
    for name in sorted(within.kinds):
        without = replace(within, kinds=within.kinds - {name})
        conditions.append(
            (messages.text("scope.kind", name=name), replace(selection, within=without))
        )
    for name in sorted(within.articles):
        without = replace(within, articles=within.articles - {name})
        text = messages.text("scope.article", name=name)
        conditions.append((text, replace(selection, within=without)))
    if within.published_from or within.published_to:
        period = describe_period(within.published_from, within.published_to, messages)
        without = replace(within, published_from=None, published_to=None)
        text = messages.text("scope.published", period=period)
        conditions.append((text, replace(selection, within=without)))
    return [Condition(text, write_address(each, language)) for text, each in conditions]
