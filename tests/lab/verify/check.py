"""Judges one report of `dnsonde verify`.

    check.py REPORT.json STATUS VERDICT [FINDING...]

The report must have this verdict, and the exit status must belong to it. Above `notice`, it must have
exactly the findings that are named. A finding is an id, or `id@PLACE,...`: then all findings with this
id together name exactly these servers. A place is a host (`41`: both its addresses), or `4:41` or
`6:41` for one of them.
"""

import argparse
import json
import sys

EXIT = {"verified": 0, "flaky": 1, "pending": 1, "inconclusive": 3}


def main():
    options = argparse.ArgumentParser()
    options.add_argument("report")
    options.add_argument("status", type=int)
    options.add_argument("verdict")
    options.add_argument("finding", nargs="*")
    options = options.parse_args()

    with open(options.report) as file:
        report = json.load(file)
    loud = [f for f in report["findings"] if f["severity"] in ("warning", "error")]
    wrong = []

    verdict = report["verdict"]
    if verdict != options.verdict:
        wrong.append(f"the verdict is {verdict}, not {options.verdict}")
    if options.status != EXIT.get(verdict):
        wrong.append(f"the exit status is {options.status} for {verdict}")

    expected = set()
    for text in options.finding:
        identity, _, places = text.partition("@")
        expected.add(identity)
        found = [f for f in loud if f["id"] == identity]
        if not found:
            wrong.append(f"no finding {identity}")
            continue
        named = {server for f in found for server in f["servers"]}
        wanted = {address for place in places.split(",") if place for address in addresses(place)}
        if places and named != wanted:
            wrong.append(f"{identity} names {sorted(named)}, not {sorted(wanted)}")
    for f in loud:
        if f["id"] not in expected:
            wrong.append(f"unexpected: {f['id']} ({f['severity']}): {f['summary']}")

    said = sorted({f["id"] for f in loud}) or ["nothing above notice"]
    print(f"    {verdict} in {report['duration_ms'] / 1000:.1f} s: {', '.join(said)}")
    for what in wrong[:10]:
        print("   ", what[:300])
    sys.exit(bool(wrong))


def addresses(place):
    family, _, host = place.rpartition(":")
    v4, v6 = f"10.53.0.{host}:53", f"[fd53::{host}]:53"
    return {"": [v4, v6], "4": [v4], "6": [v6]}[family]


if __name__ == "__main__":
    main()
