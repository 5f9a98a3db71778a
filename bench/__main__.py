"""All benches, one after the other: `make bench`."""

from __future__ import annotations

import os
import subprocess
import sys

BENCHES = (
    ["bench.engine"],
    ["bench.floor"],
    ["bench.http", "100000"],
    ["bench.log"],
    ["bench.policies"],
    ["bench.reload"],
    ["bench.tree", "200000"],
)


def main() -> None:
    """Run each in a process of its own, with the memory settings that the service runs with."""
    from service.cli.serve import service_environment

    environment = service_environment(os.environ)
    for bench in BENCHES:
        print(f"\n── {' '.join(bench)} " + "─" * 60, flush=True)
        subprocess.run([sys.executable, "-m", *bench], env=environment, check=True)


if __name__ == "__main__":
    main()
