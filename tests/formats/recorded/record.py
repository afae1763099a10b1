"""Records what massdns and zdns print for known messages.

    record.py NSD MASSDNS ZDNS

Starts nsd with example.org.zone on loopback and a relay in front of it that notes each answer. Asks
every question below through the relay with each tool, and writes massdns.tsv and zdns.tsv beside
this file: QUESTION, TYPE, the answer in hexadecimal (empty if there was none), the tool's line.

Recorded on 2026-11-24 with massdns 1.1.0-15-g70331f6, zdns 2.1.1 and NSD 4.6.1. massdns refuses to ask
for HINFO, CSYNC and EUI48.

The relay swallows what begins with `slow`, answers SERVFAIL to what begins with `blocked`, and gives
one NSEC3 record for `hashed`, one of an unknown type for `unknown` and EDNS options for `options`,
which nsd would not.
"""

import os
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
NSD_PORT, PORT = 53991, 53990
QUESTIONS = """
    www A / missing AAAA / empty AAAA / h AAAA / h A / @ MX / @ NS / @ SOA / t TXT / _sip._tcp SRV / @ CAA
    secure DS / signed RRSIG / chain NSEC / @ NSEC3PARAM
    hashed A / unknown A / options A / @ DNSKEY / ptr PTR / svc SVCB / alias HTTPS / web HTTPS / _25._tcp TLSA / smime SMIMEA / ssh SSHFP
    naptr NAPTR / host HINFO / afs AFSDB / kx KX / csync CSYNC / uri URI / dn DNAME / key OPENPGPKEY
    eui EUI48 / www CNAME / mx AAAA / mapped AAAA / a.child A / blocked A / slow A / outside.test A
""".replace("\n", "/").split("/")


def full(name):
    if name == "@":
        return "example.org"
    return name if name.endswith(".test") else name + ".example.org"


def made(query, flags, rtype=0, rdata=b""):
    counts = struct.pack("!HHHH", 1, 1 if rdata else 0, 0, 0)
    answer = query[:2] + struct.pack("!H", flags) + counts + query[12 : query.index(0, 12) + 5]
    if rdata:
        answer += struct.pack("!HHHIH", 0xC00C, rtype, 1, 60, len(rdata)) + rdata
    return answer


def relay(answers):
    upstream = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    upstream.settimeout(5)
    front = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    front.bind(("127.0.0.1", PORT))
    while True:
        query, client = front.recvfrom(4096)
        first = query[13 : 13 + query[12]].lower()
        if first == b"slow":
            continue
        if first == b"blocked":
            answer = made(query, 0x8182)
        elif first == b"hashed":
            rdata = bytes([1, 1, 0, 12, 4, 0xAA, 0xBB, 0xCC, 0xDD, 20, *range(20), 0, 1, 0x40])
            answer = made(query, 0x8180, 50, rdata)
        elif first == b"unknown":
            answer = made(query, 0x8180, 65280, b"\x01.\\\xab ~")
        elif first == b"options":
            nsid, subnet = b"\0\3\0\3ns1", b"\0\x08\0\x07\0\x01\x18\x10\xc0\0\2"
            cookie, error = b"\0\x0a\0\x10" + bytes(range(16)), b"\0\x0f\0\x06\0\x16gone"
            options = nsid + subnet + cookie + error
            opt = struct.pack("!BHHIH", 0, 41, 1232, 0x8000, len(options)) + options
            answer = made(query, 0x8180)
            answer = answer[:10] + b"\0\1" + answer[12:] + opt
        else:
            upstream.sendto(query, ("127.0.0.1", NSD_PORT))
            answer = upstream.recv(4096)
        answers.append(answer)
        front.sendto(answer, client)


def run(tool, path, name, rtype, work):
    if tool == "massdns":
        resolvers = os.path.join(work, "resolvers")
        with open(resolvers, "w") as file:
            file.write(f"127.0.0.1:{PORT}\n")
        command = [path, "--root", "-q", "-r", resolvers, "-t", rtype, "-o", "Je", "-c", "1",
                   # So that it takes SERVFAIL and REFUSED for answers and shows them.
                   "--retry", "NOTIMP"]
    else:
        command = [path, rtype, f"--name-servers=127.0.0.1:{PORT}", "--result-verbosity=long",
                   "--retries=0", "--threads=1", "--no-follow-cnames", "--quiet"]
    done = subprocess.run(command, input=name + "\n", capture_output=True, text=True, timeout=60)
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if len(lines) != 1:
        print(f"{tool} {rtype} {name}: no line ({done.stderr.strip()[-200:]})", file=sys.stderr)
        return None
    return lines[0]


def main():
    nsd, tools = sys.argv[1], {"massdns": sys.argv[2], "zdns": sys.argv[3]}
    with tempfile.TemporaryDirectory() as work:
        conf = os.path.join(work, "nsd.conf")
        with open(conf, "w") as file:
            file.write(f'server:\n ip-address: 127.0.0.1@{NSD_PORT}\n username: ""\n'
                       f' zonesdir: "{work}"\n pidfile: ""\n xfrdfile: ""\n zonelistfile: ""\n'
                       f' database: ""\n server-count: 1\nremote-control:\n control-enable: no\n'
                       f'zone:\n name: example.org\n zonefile: {HERE}/example.org.zone\n')
        server = subprocess.Popen([nsd, "-d", "-c", conf])
        try:
            time.sleep(2)
            answers = []
            threading.Thread(target=relay, args=(answers,), daemon=True).start()
            for tool, path in tools.items():
                with open(os.path.join(HERE, tool + ".tsv"), "w") as out:
                    for question in filter(None, map(str.split, QUESTIONS)):
                        name, rtype = full(question[0]), question[1]
                        # massdns asks without EDNS, so it never sees any.
                        if (tool, question[0]) == ("massdns", "options"):
                            continue
                        answers.clear()
                        line = run(tool, path, name, rtype, work)
                        if line is not None:
                            answer = answers[-1].hex() if answers else ""
                            out.write("\t".join([name, rtype, answer, line]) + "\n")
        finally:
            server.terminate()
            server.wait()


main()
