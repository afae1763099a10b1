"""Ratios of medians from the records of measure.py, beside the targets: summary.py RECORDS"""

import json
import statistics
import sys

runs = {}
with open(sys.argv[1]) as records:
    for record in map(json.loads, records):
        record["cpu_per_m"] = record["cpu"] / max(record["answered"], 1) * 1e6
        record["rate"] = record["names"] / record["wall"]
        record["whole_rate"] = record["answered"] / record["wall"]
        record["answer_rate"] = record["answered"] / max(record.get("last_answer", record["wall"]), 1e-9)
        record["lost"] = record["names"] - record["answered"]
        record["attempts_per_name"] = record.get("attempts", 0) / max(record["names"], 1)
        runs.setdefault((record["mode"], record["tool"]), []).append(record)


def median(mode, key, tool="dnsonde"):
    return statistics.median(run[key] for run in runs[mode, tool])


def worst(mode, key, tool="dnsonde"):
    return max(run[key] for run in runs[mode, tool])


def spread(mode, key, tool="dnsonde"):
    values = [run[key] for run in runs[mode, tool]]
    return f"{min(values):.2f} to {max(values):.2f}"


def row(what, value, relation=None, target=None):
    if target is None:
        print(f"| {what} | {value:.4g} | | |")
        return
    holds = value <= target if relation == "<=" else value >= target
    print(f"| {what} | {value:.4g} | {'at most' if relation == '<=' else 'at least'} {target:g} |"
          f" {'yes' if holds else '**no**'} |")


print("\n| tool, comparison | runs | names/s | cpu s / M answered | lost | attempts/name | MiB |")
print("|---|---|---|---|---|---|---|")
for (mode, tool), of_mode in runs.items():
    print(f"| {tool}, {mode} | {len(of_mode)} | {median(mode, 'rate', tool):,.0f}"
          f" | {median(mode, 'cpu_per_m', tool):.2f} ({spread(mode, 'cpu_per_m', tool)})"
          f" | {worst(mode, 'lost', tool)} | {median(mode, 'attempts_per_name', tool):.4f}"
          f" | {worst(mode, 'rss_mib', tool):.1f} |")

limited = [key for key in runs if "attempts_beyond_loss" in runs[key][0]]
if limited:
    print("\n| tool, resolvers | runs | s | answered/s | of the limits from second 10 on | unanswered"
          " | attempts/name | beyond loss |")
    print("|---|---|---|---|---|---|---|---|")
for mode, tool in limited:
    shares = [run["steady_share"] for run in runs[mode, tool] if "steady_share" in run]
    share = f"{statistics.median(shares):.3f}" if shares else ""
    print(f"| {tool}, {mode} | {len(runs[mode, tool])} | {median(mode, 'wall', tool):.1f}"
          f" | {median(mode, 'whole_rate', tool):,.0f} | {share} | {worst(mode, 'lost', tool)}"
          f" | {median(mode, 'attempts_per_name', tool):.3f}"
          f" | {median(mode, 'attempts_beyond_loss', tool):.3f} |")

print("\n| target | value | wanted | reached |")
print("|---|---|---|---|")
has = lambda mode, tool="dnsonde": (mode, tool) in runs
for outstanding, cpu, rate in ((1000, ("<=", 0.35), (">=", 1.7)), (100, (), ())):
    dnsperf = f"dnsperf-q{outstanding}"
    if has("clean") and has("clean", dnsperf):
        row(f"processor time per answer / dnsperf -q {outstanding}",
            median("clean", "cpu_per_m") / median("clean", "cpu_per_m", dnsperf), *cpu)
        row(f"names per second / dnsperf -q {outstanding}",
            median("clean", "rate") / median("clean", "rate", dnsperf), *rate)
if has("clean", "dnsonde-before"):
    row("processor time per answer / that of the earlier build",
        median("clean", "cpu_per_m") / median("clean", "cpu_per_m", "dnsonde-before"))
for mode in ("clean", "ten-million"):
    if has(mode):
        row(f"{mode}: peak memory, MiB", worst(mode, "rss_mib"), "<=", 64)
for mode in ("clean", "overload", "refused20", "mixed4"):
    if has(mode):
        row(f"{mode}: unanswered", worst(mode, "lost"), "<=", 0)
if has("overload"):
    row("overload: attempts a name", worst("overload", "attempts_per_name"), "<=", 1.02)
if has("loss10"):
    row("loss10: unanswered in 10,000", worst("loss10", "lost") / worst("loss10", "names") * 10_000, "<=", 1)
    row("loss10: attempts a name", worst("loss10", "attempts_per_name"), "<=", 1.13)
for mode, tool in limited:
    if tool != "dnsonde":
        continue
    row(f"{mode}: unanswered", worst(mode, "lost"), "<=", 0)
    if all("capacity" in run for run in runs[mode, tool]):
        row(f"{mode}: attempts a name beyond loss", worst(mode, "attempts_beyond_loss"), "<=", 1.05)
    if all("steady_share" in run for run in runs[mode, tool]):
        row(f"{mode}: of the limits from second 10 on", median(mode, "steady_share"), ">=", 0.9)
    if has(mode, "massdns"):
        row(f"{mode}: names answered per second / massdns",
            median(mode, "whole_rate") / median(mode, "whole_rate", "massdns"), ">=", 1)
    if mode.endswith("of-10000"):
        row(f"{mode}: seconds", worst(mode, "wall"), "<=", 60)
if has("clean"):
    if has("mixed4"):
        row("mixed4: names per second / clean",
            median("mixed4", "rate") / median("clean", "rate"), ">=", 0.5)
    if has("servers16"):
        row("servers16: processor time per answer / clean",
            median("servers16", "cpu_per_m") / median("clean", "cpu_per_m"), "<=", 1.6)
if has("silent"):
    for other, target in (("clean", (">=", 0.9)), ("filtered", ())):
        if not has(other):
            continue
        # Run by run in the order of the rounds: the machine's rate drifts.
        pairs = list(zip(runs["silent", "dnsonde"], runs[other, "dnsonde"]))
        ratio = lambda key: statistics.median(silent[key] / base[key] for silent, base in pairs)
        row(f"silent: answers per second until the last one / {other}", ratio("answer_rate"), *target)
        row(f"silent: names per second of the whole run / {other}", ratio("rate"))
