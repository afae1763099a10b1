"""A link between two network namespaces on which every packet takes its time.

    slow_link.py NAMESPACE NAMESPACE MILLISECONDS

Makes the interface `slow` in both, without addresses, and carries packets from one to the other, each
that much later, until it is ended; then both are gone. For kernels that cannot delay packets
themselves (netem). Prints one line when the interfaces are there.
"""

import collections
import ctypes
import fcntl
import os
import select
import struct
import sys
import time

CLONE_NEWNET = 0x40000000
TUNSETIFF = 0x400454CA
IFF_TUN, IFF_NO_PI = 0x0001, 0x1000
PACKET = 65_536


def main():
    names, delay = sys.argv[1:3], float(sys.argv[3]) / 1000
    ends = [interface(name) for name in names]
    print("there", flush=True)
    # Packets on their way to each end, the oldest first.
    waiting = [collections.deque(), collections.deque()]
    poller = select.epoll()
    for end in ends:
        poller.register(end, select.EPOLLIN)
    while True:
        due = [queue[0][0] for queue in waiting if queue]
        poller.poll(max(0.0, min(due) - time.monotonic()) if due else None)
        for end, queue in zip(ends, reversed(waiting)):
            take(end, queue, delay)
        now = time.monotonic()
        for end, queue in zip(ends, waiting):
            while queue and queue[0][0] <= now:
                try:
                    os.write(end, queue.popleft()[1])
                except OSError:
                    pass  # The interface is down: the packet is lost.


def interface(namespace):
    with open(f"/run/netns/{namespace}") as file:
        if ctypes.CDLL(None, use_errno=True).setns(file.fileno(), CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), f"cannot enter {namespace}")
    end = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(end, TUNSETIFF, struct.pack("16sH22x", b"slow", IFF_TUN | IFF_NO_PI))
    return end


def take(end, queue, delay):
    while True:
        try:
            packet = os.read(end, PACKET)
        except OSError:
            return  # Nothing more, or the interface is down.
        queue.append((time.monotonic() + delay, packet))


if __name__ == "__main__":
    main()
