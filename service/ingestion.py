"""Documents into a library: listed, read in processes of their own, and put batch by batch."""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import date
from hashlib import sha256
from itertools import chain
from typing import TYPE_CHECKING, Final

from massilia.corpus.document import MAX_BYTES
from massilia.index.article_rows import is_there
from massilia.index.change import Change, Outcome
from massilia.index.encoder import Advance
from massilia.index.library import Library
from massilia.index.readings import KnownPlace
from massilia.ingest.confinement import run_confined
from massilia.ingest.document import Reading, Refusal
from massilia.ingest.job import Job, Result, Same, has_stamp, name_place
from massilia.ingest.places import STANDARD_INPUT, Place, PlaceList, list_places
from massilia.service.ingested import Ingested

if TYPE_CHECKING:
    from massilia.service.web_jobs import WebJobs

ShowProgress = Callable[[str, int], AbstractContextManager[Advance]]

FEW: Final = 20
"""So many places are read in a moment, with nothing to show."""
BATCH: Final = 64
"""How many places are put at a time: what a kill costs is reading so many again."""


@dataclass(frozen=True, slots=True)
class IngestOptions:
    """Say how documents are ingested.

    With `prune`, articles are removed whose files are gone from a folder. `max_articles` limits
    what is read of a feed or a sitemap. `workers` is how many processes read documents. `today` is
    the day beyond which no date of publication lies. With `keep_documents`, what was read is
    returned too, all of it in memory.
    """

    today: date
    prune: bool = False
    workers: int | None = None
    max_articles: int = 100
    allow_loopback: bool = False
    keep_documents: bool = False


def ingest_inputs(
    library: Library, inputs: Sequence[str], options: IngestOptions, show: ShowProgress
) -> Ingested:
    """Read what the inputs name and put it into the library, showing how far it has come.

    A place that holds what it held is left alone. What has been put stays when the rest is
    interrupted, and is unchanged the next time.
    """
    listed = list_places(inputs)
    shown = show if len(listed.places) > FEW else _show_nothing
    with shown("Reading", len(listed.places)) as advance:
        return _Ingestion(library, options, advance).ingest(listed)


@contextmanager
def _show_nothing(label: str, total: int) -> Iterator[Advance]:
    yield lambda count: None


class _Ingestion:
    def __init__(self, library: Library, options: IngestOptions, advance: Advance) -> None:
        self._library = library
        self._options = options
        self._advance = advance
        self._ingested = Ingested()
        self._unchanged: dict[str, list[Change]] = {}
        self._known: dict[str, KnownPlace] = {}
        # The places that were known before, and those that were put.
        self._kept: set[str] = set()
        self._wrote = False

    def ingest(self, listed: PlaceList) -> Ingested:
        changes = self._ingested.changes
        changes += [
            Change("", each.location, Outcome.REFUSED, each.reason) for each in listed.refused
        ]
        self._known = self._library.store.known_places()
        self._kept = set(self._known)
        self._read_all(listed.places)
        # All that was announced is done.
        self._advance = _ignore
        self._read_lost()
        gone = self._tell_gone(listed.folders, {each.name for each in listed.places})
        self._read_lost()
        for unchanged in self._unchanged.values():
            changes += unchanged
        changes += gone
        self._library.mark_near_duplicates()
        return self._ingested

    def _read_lost(self) -> None:
        """Read again the files that were copies of an article which isn't what it was.

        They are articles now, named among the inputs or not.
        """
        known = self._list_known()
        lost = sorted(
            place for place in self._kept - known.keys() if os.path.isabs(place) and is_there(place)
        )
        if not lost:
            return
        for place in lost:
            self._unchanged.pop(place, None)
            self._known.pop(place, None)
        changes = self._ingested.changes
        parts = tuple(f"{place}#" for place in lost)
        changes[:] = (
            change
            for change in changes
            if change.outcome is not Outcome.DUPLICATE
            or not (change.location in lost or change.location.startswith(parts))
        )
        told = {change.location for change in changes}
        before = len(changes)
        self._read_all([Place(place, False) for place in lost])
        # What else stands in the same files has been told.
        changes[before:] = (
            change
            for change in changes[before:]
            if change.outcome is not Outcome.UNCHANGED or change.location not in told
        )

    def _list_known(self) -> dict[str, KnownPlace]:
        """Return what the library knows by now."""
        return self._library.store.known_places() if self._wrote else self._known

    def _read_all(self, places: Sequence[Place]) -> None:
        readings: list[Reading] = []
        same: list[Same] = []
        for result in self._read_jobs(self._list_jobs(places)):
            if isinstance(result, Reading):
                readings.append(result)
            elif isinstance(result, Same):
                same.append(result)
                self._tell_unchanged(result.place)
            else:
                self._ingested.passed += 1
            if len(readings) >= BATCH:
                self._put(readings)
        self._put(readings)
        if same:
            self._library.stamp_places(same)

    def _read_jobs(self, jobs: Iterator[Job]) -> Iterator[Result]:
        first = next(jobs, None)
        if first is None:
            return
        # Imported where there is something to read: it takes half a second.
        from massilia.ingest.reader import read_job

        workers = self._options.workers or len(os.sched_getaffinity(0))
        for done in run_confined(read_job, chain((first,), jobs), workers):
            if not done.job.is_web:
                self._advance(1)
            yield done.result or _refuse(done.job, str(done.fault))

    def _put(self, readings: list[Reading]) -> None:
        if readings:
            self._wrote = True
            self._ingested.changes += self._library.put_readings(readings)
            for each in readings:
                if self._options.keep_documents:
                    self._ingested.documents += each.documents
                self._kept.add(each.place)
            readings.clear()

    def _list_jobs(self, places: Sequence[Place]) -> Iterator[Job]:
        """Yield what has to be read; what is known to be unchanged is told without."""
        with ExitStack() as stack:
            web: WebJobs | None = None
            for place in places:
                known = self._known.get(place.name)
                job = Job(
                    place.name,
                    place.named,
                    self._options.today,
                    path=place.path,
                    known_sha256=known.sha256 if known else None,
                )
                if place.path is not None:
                    if known and known.stamp and has_stamp(place.path, known.stamp):
                        self._tell_unchanged(place.name)
                        self._advance(1)
                        continue
                    yield job
                elif place.name == STANDARD_INPUT:
                    yield self._read_standard_input(job)
                else:
                    web = web or self._open_web(stack)
                    for each in web.list_jobs(job):
                        if isinstance(each, Job):
                            yield each
                        elif isinstance(each, Change):
                            self._ingested.changes.append(each)
                        else:
                            self._tell_unchanged(each)
                    self._advance(1)

    def _open_web(self, stack: ExitStack) -> "WebJobs":
        # Imported where there is an address: it takes a quarter of a second.
        from massilia.service.web_jobs import WebJobs

        options = self._options
        return stack.enter_context(
            WebJobs(self._known, options.today, options.max_articles, options.allow_loopback)
        )

    def _read_standard_input(self, job: Job) -> Job:
        data = sys.stdin.buffer.read(MAX_BYTES + 1)
        # Named by its bytes: what is read the next time is another document.
        place = f"{STANDARD_INPUT}{sha256(data).hexdigest()[:16]}"
        known = self._known.get(place)
        return replace(job, place=place, data=data, known_sha256=known.sha256 if known else None)

    def _tell_unchanged(self, place: str) -> None:
        known = self._known[place]
        self._unchanged[place] = [
            *(Change(each, place, Outcome.UNCHANGED) for each in known.articles),
            *(Change(each, place, Outcome.DUPLICATE) for each in known.copies),
            *(Change("", each.location, Outcome.REFUSED, each.reason) for each in known.refusals),
        ]

    def _tell_gone(self, folders: Sequence[str], listed: set[str]) -> list[Change]:
        """Tell which files of folders are gone, or remove what they held."""
        roots = tuple(os.path.join(folder, "") for folder in folders)
        known = self._list_known()
        gone = sorted(
            place
            for place in known
            if place.startswith(roots) and place not in listed and not is_there(place)
        )
        if self._options.prune and gone:
            self._wrote = True
            return self._library.forget_places(gone)
        return [
            Change(article_id, place, Outcome.GONE)
            for place in gone
            for article_id in known[place].articles or ("",)
        ]


def _ignore(count: int) -> None:
    pass


def _refuse(job: Job, reason: str) -> Reading:
    refusal = Refusal(job.place, f"{name_place(job.place)}: {reason}")
    return Reading(job.place, None, None, refusals=(refusal,))
