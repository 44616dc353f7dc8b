"""`python -m tpp.demo`: see bin/demo --help."""

import sys

from tpp.demo.launcher import main

if __name__ == "__main__":
    sys.exit(main())
