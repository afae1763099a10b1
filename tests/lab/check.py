"""Judges the result of one scan of the lab's zone.

    check.py EXPECTED.json NAMES TYPE RESULT.jsonl [--lost N] [--attempts X] [--all-lost STATUS]

Each name must have exactly one line. A line with an answer must have the right one: there is no
number of wrong answers that is allowed. `--lost` is how many may have no answer (default 0),
`--attempts` the most attempts a name on average, and with `--all-lost` every name must have this
status instead of an answer.
"""

import argparse
import collections
import json
import sys

# Statuses that are no response code, each of which has an error that says why.
NO_RCODE = {"TIMEOUT", "UNREACHABLE", "TRUNCATED", "MALFORMED", "INVALID"}
NO_ANSWER = NO_RCODE | {"REFUSED", "SERVFAIL", "FORMERR"}


def main():
    options = argparse.ArgumentParser()
    options.add_argument("expected")
    options.add_argument("names")
    options.add_argument("type")
    options.add_argument("result")
    options.add_argument("--lost", type=int, default=0)
    options.add_argument("--attempts", type=float)
    options.add_argument("--all-lost")
    options = options.parse_args()

    with open(options.expected) as file:
        expected = json.load(file)
    with open(options.names) as file:
        awaited = collections.Counter(file.read().split())
    wrong, lost, attempts, statuses = [], 0, 0, collections.Counter()
    with open(options.result) as file:
        for number, text in enumerate(file, 1):
            try:
                line = json.loads(text)
            except ValueError as error:
                wrong.append(f"line {number} is not JSON: {error}")
                continue
            awaited[line["name"]] -= 1
            attempts += line["attempts"]
            statuses[line["status"]] += 1
            if line["status"] in NO_RCODE and not line.get("error"):
                wrong.append(f"{line['name']}: {line['status']} without an error")
            if line["status"] in NO_ANSWER:
                lost += 1
                continue
            status, data = expected[f"{line['name']} {options.type}"]
            answer = sorted(record["data"] for record in line["answers"])
            if line["type"] != options.type or [line["status"], answer] != [status, data]:
                wrong.append(f"{line['name']}: {line['status']} {answer}, expected {status} {data}")

    wrong += [f"{name}: {-n} lines too many" for name, n in awaited.items() if n < 0]
    wrong += [f"{name}: no line" for name, n in awaited.items() if n > 0]
    total = len(awaited)
    if options.all_lost:
        if statuses != {options.all_lost: total}:
            wrong.append(f"not every name ended as {options.all_lost}")
    elif lost > options.lost:
        wrong.append(f"{lost} of {total} names unanswered, {options.lost} allowed")
    if options.attempts and attempts > options.attempts * total:
        wrong.append(f"{attempts / total:.4f} attempts a name, {options.attempts} allowed")

    print(f"    {total} names, {lost} unanswered, {attempts / max(total, 1):.4f} attempts a name,",
          ", ".join(f"{n} {status}" for status, n in statuses.most_common()))
    for what in wrong[:10]:
        print("   ", what[:300])
    if len(wrong) > 10:
        print(f"    and {len(wrong) - 10} more")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
