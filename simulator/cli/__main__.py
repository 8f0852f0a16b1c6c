"""`python -m simulator.cli`."""

import sys

from simulator.cli.group import main

if __name__ == "__main__":
    sys.exit(main())
