"""Writes the addresses of a responder's specification, in random order: resolvers.py SPECIFICATION LIST"""

import ipaddress
import random
import sys

addresses = []
with open(sys.argv[1]) as specification:
    for line in filter(str.strip, specification):
        first, count, *_ = line.split()
        first = ipaddress.ip_address(first)
        addresses += [first + offset for offset in range(int(count))]
random.Random(4053).shuffle(addresses)
with open(sys.argv[2], "w") as resolvers:
    resolvers.writelines(f"{address}\n" for address in addresses)
