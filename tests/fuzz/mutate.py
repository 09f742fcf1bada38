"""Damage done to real replies, the same for the same seed."""

from collections.abc import Sequence
import json
import os
from random import Random
from typing import Any

FULL = bool(os.environ.get("FUZZ_FULL"))
"""The full numbers of the acceptance, by scripts/fuzz; CI damages a tenth of them."""

ODD: Sequence[Any] = (
    None,
    True,
    "",
    "NaN",
    "1e999",
    "9" * 400,
    "ture",
    -1,
    -(10**9),
    0.5,
    10**30,
    1e308,
    [],
    [1],
    {},
    {"a": 1},
    "\x00\x1b[31m\n",
    "é" * 90,
    "x" * 3000,
)
BYTES: Sequence[bytes] = (
    b"{", b"}", b"[", b"]", b'"', b",", b":", b"NaN", b"Infinity", b"-", b"1e999", b"\xff", b"\x00", b"\\ud800"
)  # fmt: skip


def mutated(random: Random, seed: bytes) -> bytes:
    """Return a seed with something wrong: in its values, its names or its bytes."""
    for _ in range(random.choice((1, 1, 1, 2, 5))):
        kind = random.randrange(7)
        if kind < 3:
            seed = _odd_value(random, seed)
        elif kind == 3:
            seed = seed[: random.randrange(len(seed) + 1)]
        elif kind == 4:
            at = random.randrange(len(seed) + 1)
            seed = seed[:at] + random.choice(BYTES) * random.choice((1, 1, 40, 4000)) + seed[at:]
        elif kind == 5:
            at = random.randrange(len(seed) + 1)
            seed = seed[:at] + seed[at + random.randrange(1, 20) :]
        elif seed:
            at = random.randrange(len(seed))
            seed = seed[:at] + bytes([random.randrange(256)]) + seed[at + 1 :]
    return seed


def _odd_value(random: Random, seed: bytes) -> bytes:
    """Return JSON in which one value, wherever it is, is another one; what is no JSON any more stays as it is."""
    try:
        tree = json.loads(seed)
    except ValueError, RecursionError:
        return seed
    level = tree
    while isinstance(level, dict) and level:
        key = random.choice(list(level))
        if not isinstance(level[key], dict) or random.random() < 0.2:
            if random.random() < 0.2:
                del level[key]
            else:
                level[key] = random.choice(ODD)
            break
        level = level[key]
    return json.dumps(tree).encode()
