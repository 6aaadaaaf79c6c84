"""Where `massilia-eval` starts, before anything that it loads."""

from typing import NoReturn

from massilia.service.entry import limit_threads


def main() -> NoReturn:
    """Run `massilia-eval`."""
    limit_threads()
    from massilia.eval.cli import main as run

    run()
