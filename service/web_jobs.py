"""What has to be read of web addresses: fetched, or found to be unchanged."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from hashlib import sha256
from types import TracebackType

from massilia.corpus.errors import ArticleError
from massilia.index.change import Change, Outcome
from massilia.index.readings import KnownPlace
from massilia.ingest.document import NO_VALIDATORS, Refusal, Validators
from massilia.ingest.expansion import Expanded, Inline, Link, Page, expand_url
from massilia.ingest.fetching import Fetched, Fetcher, NotModified
from massilia.ingest.job import Job
from massilia.ingest.listing import ListingReader


class WebJobs:
    """Fetch what is at web addresses, and say what of it has to be read."""

    def __init__(
        self,
        known: Mapping[str, KnownPlace],
        today: date,
        max_articles: int,
        allow_loopback: bool,
    ) -> None:
        self._known = known
        self._today = today
        self._max_articles = max_articles
        self._fetcher = Fetcher(allow_loopback=allow_loopback)
        self._reader = ListingReader()

    def __enter__(self) -> "WebJobs":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._reader.close()
        self._fetcher.close()

    def list_jobs(self, job: Job) -> Iterator[Job | Change | str]:
        """Yield what has to be read of an address: a page, or what a feed or sitemap names.

        A place that holds what it held is yielded as its name, a refusal as a change.
        """
        validators = self._choose_validators(job.place)
        try:
            for found in expand_url(
                self._fetcher,
                self._reader,
                job.place,
                etag=validators.etag,
                last_modified=validators.last_modified,
                max_articles=self._max_articles,
            ):
                yield from self._follow(job, found)
        except ArticleError as error:
            yield _refuse(job.place, str(error))

    def _follow(self, job: Job, found: Expanded) -> Iterator[Job | Change | str]:
        match found:
            case NotModified():
                yield job.place
            case Refusal():
                yield _refuse(found.location, found.reason)
            case Page():
                yield _fill(job, found.fetched)
            case Inline():
                content = (found.entry.content or "").encode()
                place = f"{found.found_in}#{found.entry.id or sha256(content).hexdigest()[:16]}"
                yield replace(
                    self._make_job(place),
                    data=content,
                    media_type="text/html",
                    charset="utf-8",
                    entry=found.entry,
                )
            case Link():
                link = replace(self._make_job(found.url), entry=found.entry)
                yield from self._fetch_link(link)

    def _fetch_link(self, job: Job) -> Iterator[Job | Change | str]:
        validators = self._choose_validators(job.place)
        try:
            fetched = self._fetcher.fetch(
                job.place, etag=validators.etag, last_modified=validators.last_modified
            )
        except ArticleError as error:
            yield _refuse(job.place, str(error))
            return
        if isinstance(fetched, NotModified):
            yield job.place
        else:
            yield _fill(job, fetched)

    def _make_job(self, place: str) -> Job:
        known = self._known.get(place)
        return Job(place, True, self._today, known_sha256=known.sha256 if known else None)

    def _choose_validators(self, place: str) -> Validators:
        """Return what a server is asked with: nothing, where what it gave isn't in the library."""
        known = self._known.get(place)
        return known.validators if known and (known.articles or known.copies) else NO_VALIDATORS


def _refuse(place: str, reason: str) -> Change:
    # Nothing is kept of it: the next time the server may answer.
    return Change("", place, Outcome.REFUSED, reason)


def _fill(job: Job, fetched: Fetched) -> Job:
    return replace(
        job,
        data=fetched.data,
        address=fetched.url,
        media_type=fetched.media_type,
        charset=fetched.charset,
        validators=Validators(fetched.etag, fetched.last_modified),
    )
