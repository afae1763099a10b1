"""Runs one client and records what it cost.

    measure.py RECORDS MODE TOOL NAMES LIMIT LOG RESULT [--responder PID SUMMARY] COMMAND...

Appends a line of JSON to RECORDS: wall and processor seconds (user and system, all threads), peak
memory in MiB, names, names answered, attempts. Kills the command after LIMIT seconds. Peak memory
is never below that of the Python interpreter that starts the command (some 10 MiB).

With --responder that process is ended, and what it counted is recorded too. Then the attempts are
the queries that reached the servers' side, whoever sent them.

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
    line = re.compile(rb'"status": ?"(\w+)".*?"attempts": ?(\d+)')
    with open(result, "rb") as lines:
        # The last line of a run that was killed may be cut off.
        for status, tries in (match.groups() for match in map(line.search, lines) if match):
            answered += status in (b"NOERROR", b"NXDOMAIN")
            attempts += int(tries)
    found = {"answered": answered, "attempts": attempts}
    with open(result + ".stats") as stats:
        text = stats.read()
    if text:
        found["last_answer"] = json.loads(text)["last_answer_ms"] / 1000
    return found


def massdns(_log, result):
    with open(result, "rb") as lines:
        answered = sum(b'"status":"NOERROR"' in line for line in lines)
    return {"answered": answered}


# Learning is over by then.
STEADY_SECOND = 10


def responder(pid, summary, names):
    os.kill(pid, signal.SIGTERM)
    for _ in range(100):
        if os.path.exists(summary):
            break
        time.sleep(0.05)
    with open(summary) as file:
        report = json.load(file)
    if report["overflow"] or report["not_sent"]:
        print(f"the responder was too slow: {report['overflow']} queries and"
              f" {report['not_sent']} responses are lost that should not be", flush=True)
    seconds = report["seconds"]
    # Until the list is over: what is left then has to wait for timeouts.
    asked = [second["second"] for second in seconds if second["names_asked"]]
    steady = seconds[STEADY_SECOND : asked[-1]] if asked else []
    capacity = lambda some: sum(second["capacity"] for second in some)
    answered = lambda some: sum(second["names_answered"] for second in some)
    total = lambda key: sum(second[key] for second in seconds)
    found = {
        "attempts": total("queries"),
        "over_limit": total("over_limit"),
        # Attempts that the network did not lose, and that cost no more than a name's one.
        "attempts_beyond_loss": (total("queries") - total("lost")) / names,
        "overflow": report["overflow"],
        "seconds": seconds,
    }
    if all(second["capacity"] is not None for second in seconds):
        found["capacity"] = seconds[0]["capacity"] if seconds else 0
        if len(steady) >= 2:
            found["steady_share"] = answered(steady) / capacity(steady)
            found["steady_rate"] = answered(steady) / len(steady)
    return found


def limits(record):
    if "attempts_beyond_loss" not in record:
        return ""
    share = record.get("steady_share")
    steady = f", {share:.3f} of the limits from second {STEADY_SECOND} on" if share else ""
    return (f", {record['wall']:.1f} s, {record['attempts'] / record['names']:.3f} attempts a name"
            f" ({record['attempts_beyond_loss']:.3f} beyond loss){steady}")


def main():
    records, mode, tool, names, limit, log, result, *command = sys.argv[1:]
    servers = None
    if command[0] == "--responder":
        servers, command = (int(command[1]), command[2]), command[3:]
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
    if servers:
        record.update(responder(*servers, record["names"]))
    with open(records, "a") as file:
        file.write(json.dumps(record) + "\n")
    print(f"{mode:24} {tool:13} {record['answered']:>9} of {record['names']:>9} answered,"
          f" {record['names'] / record['wall']:>9.0f} names/s,"
          f" {record['cpu'] / max(record['answered'], 1) * 1e6:>6.2f} cpu s/M,"
          f" {record['rss_mib']:>6.1f} MiB" + limits(record), flush=True)
    if record["failed"]:
        sys.exit(f"{mode}: {tool} failed after {wall:.1f} s (wait status {status}):\n{text[-2000:]}")


main()
