"""`python -m tests.soak MINUTES`: the soak run."""

import sys

from tests.soak.run import main

sys.exit(main())
