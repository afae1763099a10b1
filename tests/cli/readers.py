"""Reads lines of JSON, or one table of CSV, from standard input with Python's own readers, strictly,
and writes what it has read as one line of JSON."""

import csv
import io
import json
import sys


def unique(pairs):
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError(f"two members of one name: {[name for name, _ in pairs]}")
    return members


def no_constant(text):
    raise ValueError(f"{text} is no JSON")


text = sys.stdin.buffer.read().decode("ascii")
if sys.argv[1] == "csv":
    values = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    widths = {len(row) for row in values}
    if len(widths) != 1:
        raise ValueError(f"rows of {widths} columns")
else:
    assert text.endswith("\n")
    values = [
        json.loads(line, object_pairs_hook=unique, parse_constant=no_constant)
        for line in text.splitlines()
    ]
json.dump(values, sys.stdout)
