"""Run the fault matrix and write what it measured: `python -m tests.integration.fault_table`."""

import json
import os
from pathlib import Path
import sys
import tempfile

import pytest

PAGE = Path(__file__).parent.parent.parent / "docs" / "reliability.md"
BEGIN, END = "<!-- fault matrix -->", "<!-- end of the fault matrix -->"


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
    """Play the matrix with two workers and put its table between the marks of the page."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.jsonl"
        os.environ["FAULT_TABLE"] = str(path)
        failed = pytest.main(["-q", "-n", "2", str(Path(__file__).parent / "test_fault_matrix.py")])
        lines = path.read_text(encoding="utf-8").splitlines()
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n\n{table(lines)}\n\n{END}{after}", encoding="utf-8")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
