"""Runs one client and records what it cost.

    measure.py RECORDS MODE TOOL NAMES LIMIT LOG RESULT COMMAND...

Appends a line of JSON to RECORDS: wall and processor seconds (user and system, all threads), peak
memory in MiB, names, names answered, attempts. Kills the command after LIMIT seconds. Peak memory
is never below that of the Python interpreter that starts the command (some 10 MiB).

A command that fails is recorded with what it achieved until then, and ends this with status 1.
"""

import json
import os
import re
import signal
import sys
import time


def dnsperf(log, _result):
    number = lambda pattern: int(re.search(pattern, log)[1])
    return {
        "answered": number(r"Queries completed:\s+(\d+)"),
        "attempts": number(r"Queries sent:\s+(\d+)"),
        # Its own figure: without the time it takes to read the queries.
        "wall": float(re.search(r"Run time \(s\):\s+([\d.]+)", log)[1]),
    }


def dnsonde(_log, result):
    answered = attempts = 0
    status, tries = re.compile(rb'"status": ?"(\w+)"'), re.compile(rb'"attempts": ?(\d+)')
    with open(result, "rb") as lines:
        for line in lines:
            answered += status.search(line)[1] in (b"NOERROR", b"NXDOMAIN")
            attempts += int(tries.search(line)[1])
    with open(result + ".stats") as stats:
        last_answer = json.load(stats)["last_answer_ms"] / 1000
    return {"answered": answered, "attempts": attempts, "last_answer": last_answer}


def massdns(_log, result):
    with open(result, "rb") as lines:
        answered = sum(b'"status":"NOERROR"' in line for line in lines)
    return {"answered": answered}


def main():
    records, mode, tool, names, limit, log, result, *command = sys.argv[1:]
    with open(log, "wb") as output:
        start = time.monotonic()
        child = os.posix_spawnp(command[0], command, os.environ, file_actions=[
            (os.POSIX_SPAWN_DUP2, output.fileno(), 1), (os.POSIX_SPAWN_DUP2, output.fileno(), 2)])
    signal.signal(signal.SIGALRM, lambda *_: os.kill(child, signal.SIGKILL))
    signal.alarm(int(limit))
    _, status, usage = os.wait4(child, 0)
    wall = time.monotonic() - start
    signal.alarm(0)
    with open(log, errors="replace") as file:
        text = file.read()
    record = {
        "mode": mode,
        "tool": tool,
        "names": int(names),
        "failed": status != 0,
        "wall": wall,
        "cpu": usage.ru_utime + usage.ru_stime,
        "rss_mib": usage.ru_maxrss / 1024,
    }
    read = {"dnsperf": dnsperf, "massdns": massdns, "dnsonde": dnsonde}[tool.split("-")[0]]
    try:
        record.update(read(text, result))
    except (OSError, TypeError) as error:
        sys.exit(f"{mode}: {tool} left nothing to read ({error}):\n{text[-2000:]}")
    with open(records, "a") as file:
        file.write(json.dumps(record) + "\n")
    print(f"{mode:11} {tool:13} {record['answered']:>9} of {record['names']:>9} answered,"
          f" {record['names'] / record['wall']:>9.0f} names/s,"
          f" {record['cpu'] / max(record['answered'], 1) * 1e6:>6.2f} cpu s/M,"
          f" {record['rss_mib']:>6.1f} MiB", flush=True)
    if record["failed"]:
        sys.exit(f"{mode}: {tool} failed after {wall:.1f} s (wait status {status}):\n{text[-2000:]}")


main()
