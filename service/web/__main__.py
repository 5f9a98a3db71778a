"""`python -m service.web`: the settings of the environment go in; the running service comes out.

`ladders serve` becomes this process. What is wrong with settings or policies is said on the standard error,
and then the exit code is 2.
"""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime

from service.errors import LaddersError
from service.settings import read_settings
from service.web.runtime import runtime_in

CANNOT = 2


def main() -> int:
    """Serve until told to stop."""
    # gunicorn starts itself anew with these words when it is told to (SIGUSR2); run as a script, the module
    # `gunicorn.py` beside this one would stand in for gunicorn itself
    sys.argv = ["-P", "-m", "service.web"]
    master = os.getpid()
    try:
        settings = read_settings(os.environ)
        with runtime_in(settings.runtime, datetime.now(UTC)) as runtime:
            os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(runtime.metrics)  # read when its library is imported
            from service.web.gunicorn import Server

            Server(settings, runtime).run()
    except LaddersError as wrong:
        print(f"ladders: {wrong}", file=sys.stderr)
        return CANNOT
    except SystemExit as ended:
        if os.getpid() != master:  # a worker: gunicorn understands its exit code
            raise
        return CANNOT if ended.code else 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
