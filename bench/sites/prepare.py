"""python -m bench.sites.prepare MODULE SESSIONS ACCESSES: fill a site's database, print its tokens.

Each site runs in the environment of its own packages, so this is a program and not a function.
"""

from __future__ import annotations

import json
import sys
from importlib import import_module


def main() -> None:
    """Print the tokens as JSON."""
    module, sessions, accesses = sys.argv[1:]
    print(json.dumps(import_module(module).prepare(int(sessions), int(accesses))))


if __name__ == "__main__":
    main()
