"""What the turn of a conversation says and links to around the quotes."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from fastapi import Request

from massilia.corpus.article import Language
from massilia.service.answer import Answer, Hint
from massilia.service.answer_text import describe_hint, list_dates
from massilia.service.dialogue import MAX_EARLIER
from massilia.service.filters import PARAMETERS
from massilia.service.messages import Messages, load_messages
from massilia.service.scope import describe_dates, describe_filter
from massilia.service.turns import Resumed

EARLIER = "h"
"""What an address names the earlier questions of a conversation by, the oldest first."""
_KEPT = (*PARAMETERS, "dates")
"""What goes on to hold for the next question."""


@dataclass(frozen=True, slots=True)
class Link:
    """Hold a text, and the address that it leads to."""

    text: str
    address: str


@dataclass(frozen=True, slots=True)
class LinkedHint:
    """Hold a hint in words, the articles that it speaks of, and where it leads to itself."""

    text: str
    articles: tuple[tuple[str, str], ...]
    address: str | None


@dataclass(frozen=True, slots=True)
class Thread:
    """Hold how the turn of a conversation goes on from earlier questions and to later ones.

    `address` is that of the page that holds this turn, `query` the end of it. `kept` are the
    parameters that go with a question asked alone, `following` those that go with one that follows.
    `carried` pairs the kind of what a question takes from those before with its text and the
    question without it.
    """

    asked: str
    searched: str
    address: str
    query: str
    earlier: tuple[Link, ...]
    new_topic: bool
    carried: tuple[tuple[str, Link], ...]
    kept: tuple[tuple[str, str], ...]
    following: tuple[tuple[str, str], ...]
    receipt: str

    @property
    def rewritten(self) -> bool:
        """Tell whether what was searched with isn't what was asked."""
        return self.searched != self.asked

    @property
    def continues(self) -> bool:
        """Tell whether there is a question that the next one may lean on."""
        return any(name == EARLIER for name, _ in self.following)


def describe_thread(
    request: Request,
    question: str,
    resumed: Resumed | None,
    earlier: Sequence[str],
    language: Language,
) -> Thread:
    """Return how the turn of a question goes on from those before it, and to the next.

    `resumed` is None for what asks nothing, as a greeting: the next question doesn't lean on it.
    """
    turns = [*earlier, resumed.asked] if resumed else list(earlier)
    new_topic = bool(earlier) and resumed is not None and resumed.new_topic
    resumed = resumed or Resumed(question, question)
    kept = list_kept(request)
    return Thread(
        asked=resumed.asked,
        searched=resumed.text,
        address=f"/{language}/?{request.url.query}",
        query=f"?{request.url.query}",
        earlier=tuple(
            Link(text, _address(language, text, kept, earlier[:place]))
            for place, text in enumerate(earlier)
        ),
        new_topic=new_topic,
        # Asked after the same questions, it would take the same from them again.
        carried=tuple(
            (each.kind.value, Link(each.text, _address(language, resumed.without(each), kept)))
            for each in resumed.carried
        ),
        kept=kept,
        following=(*kept, *((EARLIER, text) for text in turns[-MAX_EARLIER:])),
        receipt=f"/{language}/receipt?{request.url.query}",
    )


def link_related(request: Request, answer: Answer, language: Language) -> tuple[Link, ...]:
    """Return the related questions of an answer.

    They stand alone, and are asked so: nothing is to be read into them.
    """
    kept = list_kept(request)
    return tuple(Link(text, _address(language, text, kept)) for text in answer.related)


def list_kept(request: Request) -> tuple[tuple[str, str], ...]:
    """Return the parameters of an address that hold for the next question too."""
    return tuple(
        (name, value)
        for name, value in request.query_params.multi_items()
        if name in _KEPT and value.strip()
    )


def describe_hints(request: Request, answer: Answer, language: Language) -> list[LinkedHint]:
    """Return the hints of an answer.

    One that corrects a name, and says which (`asked`), leads to the question with the right one.
    """
    messages = load_messages(language)
    linked = []
    for hint in answer.hints:
        address = None
        unknown = hint.values.get("asked")
        if isinstance(unknown, str) and unknown and unknown in answer.question.text:
            corrected = answer.question.text.replace(unknown, str(hint.values["name"]))
            address = _address(language, corrected, list_kept(request))
        linked.append(_link(hint, messages, address))
    return linked


def describe_scope(request: Request, answer: Answer, language: Language) -> dict[str, object]:
    """Return what the turn of an answer says and links to of its dates, filter and language."""
    messages = load_messages(language)
    conditions = describe_filter(answer.question.within, messages)
    return {
        "dates": describe_dates(list_dates(answer), messages),
        "ignores_dates": ignores_dates(request),
        "address_without_dates": _change_query(request, language, {"dates"}, dates="off"),
        "address_with_dates": _change_query(request, language, {"dates"}),
        "conditions": {
            condition.text: _change_query(request, language, condition.parameters)
            for condition in conditions
        },
        "address_without_filter": _change_query(request, language, PARAMETERS),
        "other_language": answer.question.other_language,
    }


def ignores_dates(request: Request) -> bool:
    """Tell whether an address asks for no use of the question's dates."""
    return request.query_params.get("dates") == "off"


def _link(hint: Hint, messages: Messages, address: str | None) -> LinkedHint:
    return LinkedHint(describe_hint(hint, messages), hint.articles, address)


def _address(
    language: Language,
    question: str,
    kept: Collection[tuple[str, str]],
    earlier: Collection[str] = (),
) -> str:
    before = [(EARLIER, text) for text in earlier]
    return f"/{language}/?{urlencode([*kept, *before, ('q', question)])}"


def _change_query(
    request: Request,
    language: Language,
    leave_out: Collection[str | tuple[str, str]],
    **added: str,
) -> str:
    """Return the address of a turn without some parameters, named alone or with their value."""
    kept = [
        (name, value)
        for name, value in request.query_params.multi_items()
        if name not in leave_out and (name, value.strip()) not in leave_out
    ]
    return f"/{language}/?{urlencode([*kept, *added.items()])}"
