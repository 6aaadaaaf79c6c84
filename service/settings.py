"""What the environment and the command line say about where things lie."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from platformdirs import user_cache_path, user_data_path

LIBRARY_VARIABLE = "MASSILIA_LIBRARY"
ENCODER_VARIABLE = "MASSILIA_ENCODER"
MILVUS_VARIABLE = "MASSILIA_MILVUS_URI"


@dataclass(frozen=True, slots=True)
class Settings:
    """Say where the library and the models lie, and which encoder and engine are used.

    A library that is `named` is the user's own and starts empty; the default one is filled from
    the embedded corpus. `encoder` is None for the packaged model. `milvus` is the address of what
    passages are searched in, or None for the files of the library.
    """

    library: Path
    named: bool
    cache: Path
    encoder: str | None
    milvus: str | None = None

    @classmethod
    def read(cls, environ: Mapping[str, str], library: Path | None = None) -> "Settings":
        """Return the settings that `environ` gives; `library`, from the command line, wins."""
        if library is None and environ.get(LIBRARY_VARIABLE):
            library = Path(environ[LIBRARY_VARIABLE])
        return cls(
            library=library or user_data_path("massilia") / "library",
            named=library is not None,
            cache=user_cache_path("massilia"),
            encoder=environ.get(ENCODER_VARIABLE) or None,
            milvus=environ.get(MILVUS_VARIABLE) or None,
        )
