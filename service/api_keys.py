"""API keys: made at random, known to the server by their hashes only.

The hash is SHA-256, once. A slow hash such as bcrypt protects passwords, which can be guessed one
by one from a list; of 2^256 random keys none can, however fast each guess is, and a slow hash would
only make every request slow.
"""

import hashlib
import hmac
import secrets
from collections.abc import Iterable

from massilia.corpus.errors import MassiliaError, show_value
from massilia.corpus.pattern import Pattern

PREFIX = "massilia_"
"""What a key begins with, so that people and scanners of leaked secrets can tell what it is."""
KEY_BYTES = 32

_HASH = Pattern("[0-9a-f]{64}")


def make_key() -> str:
    """Return a new key of 256 random bits."""
    return PREFIX + secrets.token_urlsafe(KEY_BYTES)


def hash_key(key: str) -> str:
    """Return the SHA-256 of a key, in hexadecimal."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def read_hashes(text: str, origin: str) -> frozenset[str]:
    """Return the hashes in a text: between white space or commas, with remarks after a #.

    Raises `MassiliaError`, naming `origin`, for what isn't a hash. A key is not shown: it may have
    been put there in place of its hash.
    """
    hashes = []
    for number, line in enumerate(text.splitlines(), start=1):
        for written in line.partition("#")[0].replace(",", " ").split():
            if not _HASH.fullmatch(written.lower()):
                shown = "a key itself" if written.startswith(PREFIX) else show_value(written)
                raise MassiliaError(
                    f"{origin}, line {number}: the hash of a key has 64 hexadecimal digits, as "
                    f"`massilia key` prints it; this is {shown}."
                )
            hashes.append(written.lower())
    return frozenset(hashes)


def find_hash(authorization: str | None, hashes: Iterable[str]) -> str | None:
    """Return the hash of the key in an Authorization header, if it is one of those known.

    Every hash is compared, in a time that doesn't tell how much of it is right.
    """
    scheme, _, key = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not key.strip():
        return None
    given = hash_key(key.strip())
    matches = [each for each in hashes if hmac.compare_digest(each, given)]
    return matches[0] if matches else None
