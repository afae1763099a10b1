"""Writes distinct names of varied length: names.py COUNT NAMES [DNSPERF-QUERIES]

One name in forty begins with `z`: those that stay silent in the comparison `silent`. Nothing is
kept in memory, so any count will do.
"""

import random
import sys

dice = random.Random(4053)
letters = "abcdefghijklmnopqrstuvwxy"
with open(sys.argv[2], "w") as names, open((sys.argv[3:] or ["/dev/null"])[0], "w") as queries:
    for i in range(int(sys.argv[1])):
        first = "z" if dice.random() < 1 / 40 else dice.choice(letters)
        # The number makes it distinct, the letters give it a length as names in lists have it.
        name = f"{first}{i}{letters[: dice.randrange(22)]}.bench.test"
        names.write(name + "\n")
        queries.write(name + " A\n")
