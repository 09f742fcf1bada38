"""The long runs: `python -m tests.soak day`, `recorder`, `sums`, `sum` or `kills`; each prints its figures as JSON."""

import argparse
import asyncio
import json
import sys

from demo.console import put

from . import day, kills, recorder, sums

SHORT = day.Plan(hours=0.5, settled_at_h=0.2, outage_every_s=1050.0, outage_s=(30.0, 120.0), drops_per_h=6.0)


def main() -> int:
    """Run what was asked for; the exit code tells whether it missed anything."""
    parser = argparse.ArgumentParser(prog="scripts/soak", description=__doc__)
    parser.add_argument("part", choices=("day", "recorder", "sums", "sum", "kills"))
    parser.add_argument(
        "--short", action="store_true", help="as the tests run it: minutes instead of hours, three kills"
    )
    options = parser.parse_args()
    match options.part:
        case "day":
            result = day.run(SHORT if options.short else day.Plan())
        case "recorder":
            result = recorder.run(1.0 if options.short else 24.0)
        case "sums" | "sum":
            result = sums.run(3 if options.part == "sums" else 1, 1.0 if options.short else 24.0)
        case _:
            result = asyncio.run(kills.run(3, busy_s=4.0) if options.short else kills.run())
    put(json.dumps(result, indent=2))
    return 1 if result["missed"] else 0


if __name__ == "__main__":
    sys.exit(main())
