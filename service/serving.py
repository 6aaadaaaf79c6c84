"""What a server is started with: who may ask, how often, for how long, and what is kept."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from massilia.corpus.errors import MassiliaError, show_value
from massilia.service.api_keys import read_hashes
from massilia.service.rate_limits import RateLimit, read_rate_limit
from massilia.service.shared_counts import CountsFile

KEYS_VARIABLE = "MASSILIA_API_KEYS"
KEYS_FILE_VARIABLE = "MASSILIA_API_KEYS_FILE"
RATE_VARIABLE = "MASSILIA_RATE_LIMIT"
ORIGINS_VARIABLE = "MASSILIA_ALLOW_ORIGINS"
FEEDBACK_VARIABLE = "MASSILIA_FEEDBACK"
SECONDS_VARIABLE = "MASSILIA_MAX_SECONDS"

OPEN_RATE = "120/minute"
"""How often one client may ask where others than this machine's can; on loopback there is no
limit. Reading an answer takes a person longer than half a second."""
MAX_SECONDS = 30.0
"""An answer takes some hundredths of a second, and ten earlier questions ten times as long: what
takes this long has gone wrong, or waits behind too many others."""


@dataclass(frozen=True, slots=True)
class ServingOptions:
    """Say who may ask, how often, for how long, and whether feedback is kept.

    `key_hashes` are those of the API keys, none where programs need no key; `allowed_origins` are
    the sites whose scripts may read what is answered. `max_seconds` is how long one answer may
    take. `counts` is where several processes count together how often each client asks.
    """

    key_hashes: frozenset[str] = frozenset()
    rate_limit: RateLimit | None = None
    allowed_origins: tuple[str, ...] = ()
    feedback: bool = False
    max_seconds: float = MAX_SECONDS
    counts: CountsFile | None = None

    @classmethod
    def read(
        cls,
        environ: Mapping[str, str],
        *,
        loopback: bool,
        keys_file: Path | None = None,
        rate_limit: str | None = None,
        allowed_origins: Iterable[str] = (),
        feedback: bool | None = None,
        max_seconds: float | None = None,
    ) -> "ServingOptions":
        """Return what `environ` says, unless the command line, here by name, says otherwise.

        `loopback` tells whether only this machine can ask. Raises `MassiliaError`, which names the
        setting and its value.
        """
        named = environ.get(KEYS_FILE_VARIABLE)
        keys_file = keys_file or (Path(named) if named else None)
        hashes = read_hashes(environ.get(KEYS_VARIABLE, ""), KEYS_VARIABLE)
        if keys_file is not None:
            hashes |= read_hashes(_read_file(keys_file), str(keys_file))
            if not hashes:
                # A file that was emptied by mistake must not open the doors.
                raise MassiliaError(f"{keys_file} holds no hash of an API key.")
        rate = rate_limit or environ.get(RATE_VARIABLE) or ("none" if loopback else OPEN_RATE)
        origins = tuple(allowed_origins) or tuple(environ.get(ORIGINS_VARIABLE, "").split())
        return cls(
            key_hashes=hashes,
            rate_limit=read_rate_limit(rate),
            allowed_origins=tuple(_check_origin(each) for each in origins),
            feedback=_read_switch(environ) if feedback is None else feedback,
            max_seconds=_read_seconds(environ) if max_seconds is None else max_seconds,
        )


DEFAULT_OPTIONS = ServingOptions()
"""Everyone may ask as often as they like, and no feedback is kept."""


def _read_file(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise MassiliaError(f"{path} is not UTF-8 text: {error.reason}.") from error
    except OSError as error:
        raise MassiliaError(f"{path} can't be read: {error.strerror}.") from error


def _check_origin(origin: str) -> str:
    scheme, separator, host = origin.partition("://")
    if origin != "*" and (scheme not in {"http", "https"} or not separator or "/" in host):
        raise MassiliaError(
            f"An origin is written https://HOST or https://HOST:PORT, or * for all of them, "
            f"not {show_value(origin)}."
        )
    return origin


def _read_switch(environ: Mapping[str, str]) -> bool:
    value = environ.get(FEEDBACK_VARIABLE, "").strip().lower()
    if value not in {"", "0", "1", "false", "true", "no", "yes"}:
        raise MassiliaError(f"{FEEDBACK_VARIABLE} is 1 or 0, not {show_value(value)}.")
    return value in {"1", "true", "yes"}


def _read_seconds(environ: Mapping[str, str]) -> float:
    value = environ.get(SECONDS_VARIABLE) or str(MAX_SECONDS)
    try:
        seconds = float(value)
    except ValueError:
        seconds = 0.0
    # Not "nan", nor "inf".
    if not 0 < seconds <= 3600:
        raise MassiliaError(
            f"{SECONDS_VARIABLE} is a number of seconds up to 3600, not {show_value(value)}."
        )
    return seconds
