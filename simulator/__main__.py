"""`python -m simulator`, where the command itself is not on the path."""

import sys

from simulator.cli import main

if __name__ == "__main__":
    sys.exit(main())
