"""Play every lie and write what became of it: `python -m tests.integration.lie_table`."""

import json
import os
from pathlib import Path
import sys
import tempfile

import pytest

from .fault_table import PAGE

BEGIN, END = "<!-- what if it lies -->", "<!-- end of what if it lies -->"


def table(lines: list[str]) -> str:
    """Return the rows as Markdown."""
    text = ["| what | how it lies | home | longest, s | energy, Wh | shown |", "|---|---|---|--:|--:|---|"]
    for row in map(json.loads, lines):
        name: str = row["name"]
        what, _, rest = name.partition(", ")
        how, _, home = rest.rpartition(", ")
        text.append(f"| {what} | {how} | {home} | {row['longest_s']:.0f} | {row['energy_wh']:.0f} | {row['shown']} |")
    return "\n".join(text)


def main() -> int:
    """Play all rows with two workers and put their table between the marks of the page."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.jsonl"
        os.environ["LIE_TABLE"] = str(path)
        failed = pytest.main(["-q", "-n", "2", str(Path(__file__).parent / "test_lies.py"), *sys.argv[1:]])
        lines = sorted(path.read_text(encoding="utf-8").splitlines())
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n\n{table(lines)}\n\n{END}{after}", encoding="utf-8")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
