"""Run both fault matrices and write what they measured: `python -m tests.integration.fault_table`."""

import json
import os
from pathlib import Path
import sys
import tempfile

import pytest

PAGE = Path(__file__).parent.parent.parent / "docs" / "reliability.md"
MATRICES = {"fault": "test_fault_matrix.py", "plan's fault": "test_plan_fault_matrix.py"}
"""By what the page calls them between its marks."""


def table(lines: list[str]) -> str:
    """Return the rows as Markdown."""
    rows = sorted((json.loads(line) for line in lines), key=lambda row: (row["fault"], row["where"]))
    text = [
        "| fault | where | state, health and repairs | s until safe | s until back | warnings |",
        "|---|---|---|--:|--:|--:|",
    ]
    text += [
        f"| {row['fault'].replace('_', ' ')} | {row['where']} | {row['seen'].replace('_', ' ')} "
        f"| {row['safe_s']:.0f} | {row['back_s']:.0f} | {row['warnings']} |"
        for row in rows
    ]
    return "\n".join(text)


def main() -> int:
    """Play the matrices that are named (else both) with two workers; put their tables between the marks of the page."""
    return max(play(name, file) for name, file in MATRICES.items() if file in sys.argv[1:] or len(sys.argv) == 1)


def play(name: str, file: str) -> int:
    """Play one matrix, and return what pytest does."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.jsonl"
        os.environ["FAULT_TABLE"] = str(path)
        failed = pytest.main(["-q", "-n", "2", str(Path(__file__).parent / file)])
        lines = path.read_text(encoding="utf-8").splitlines()
    begin, end = f"<!-- {name} matrix -->", f"<!-- end of the {name} matrix -->"
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(begin)
    _, _, after = rest.partition(end)
    PAGE.write_text(f"{before}{begin}\n\n{table(lines)}\n\n{end}{after}", encoding="utf-8")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
