"""Writes the lab's zone, its lists of names, and what each name must be answered with.

    zone.py DIRECTORY

- lab.test.zone   the zone
- names           10,000 names for type A: most have addresses, some are aliases, some are missing
- small           the first 500 of them
- large           200 names whose TXT record is too large for UDP
- expected.json   [name, type] -> [status, data of all records in the answer, sorted]
"""

import json
import pathlib
import random
import sys

NAMES = 10_000
LARGE = 200

HEAD = """\
$ORIGIN lab.test.
$TTL 300
@ SOA ns1 hostmaster 1 3600 600 86400 300
@ NS ns1
ns1 A 10.53.0.10
ns1 AAAA fd53::10
"""


def main(directory):
    dice = random.Random(53)
    zone, names, expected = [HEAD], [], {}

    def address():
        return ".".join(str(octet) for octet in (10, *(dice.randrange(256) for _ in range(3))))

    for i in range(NAMES):
        # Lengths vary as they do in real lists: equal ones are a special case for the sender.
        label = "n%d%s" % (i, "x" * dice.randrange(0, 24))
        name = label + ".lab.test."
        names.append(name)
        if i % 20 == 7:
            expected[name + " A"] = ["NXDOMAIN", []]
        elif i % 20 == 13:
            target, data = f"t-{label}.lab.test.", address()
            zone.append(f"{label} CNAME {target}\n{target} A {data}\n")
            expected[name + " A"] = ["NOERROR", sorted([target, data])]
        else:
            data = sorted({address() for _ in range(1 + i % 3)})
            zone.extend(f"{label} A {one}\n" for one in data)
            expected[name + " A"] = ["NOERROR", data]

    large = []
    for i in range(LARGE):
        name = f"large{i}.lab.test."
        large.append(name)
        strings = ['"%s"' % (f"{i}-{k}-" + "y" * 180) for k in range(20)]
        data = " ".join(strings)
        zone.append(f"large{i} TXT {data}\n")
        expected[name + " TXT"] = ["NOERROR", [data]]

    def write(file, lines):
        (directory / file).write_text("".join(lines))

    write("lab.test.zone", zone)
    write("names", (name + "\n" for name in names))
    write("small", (name + "\n" for name in names[:500]))
    write("large", (name + "\n" for name in large))
    write("expected.json", [json.dumps(expected)])


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
