"""Where else a cited article stands: its copies, and those that say nearly the same."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from massilia.index.article_clusters import is_held, read_wording
from massilia.index.readings import Copy
from massilia.index.store import Store
from massilia.service.answer import Answer, Citation


def name_copies(answer: Answer, store: Store) -> Answer:
    """Return the answer to one question with `also_in` in each of its citations."""
    series = answer.series
    cited = [quote.citation for quote in (*answer.quotes, *answer.near)]
    if series:
        cited += [value.citation for value in series.values]
    copies = store.copies([each.article_id for each in cited])
    if not copies:
        return answer

    def name(citation: Citation) -> Citation:
        named = copies.get(citation.article_id, ())
        return replace(citation, also_in=tuple(_choose_that_say(citation, named, store)))

    return replace(
        answer,
        quotes=tuple(replace(each, citation=name(each.citation)) for each in answer.quotes),
        near=tuple(replace(each, citation=name(each.citation)) for each in answer.near),
        series=series
        and replace(
            series,
            values=tuple(replace(each, citation=name(each.citation)) for each in series.values),
        ),
    )


def _choose_that_say(citation: Citation, copies: Iterable[Copy], store: Store) -> Iterator[Copy]:
    """Yield the copies that say what is cited: one that is shorter may leave it out."""
    quoted = read_wording(citation.cited_text)
    for copy in copies:
        article = store.article(copy.article_id) if copy.article_id else None
        if article is None or is_held(quoted, read_wording(article.text)):
            yield copy
