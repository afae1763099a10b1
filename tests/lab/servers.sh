# The lab's servers: configuration and start. Sourced by `run`, after netns.sh and daemons.sh.
#
# | host | who                                                                   |
# |------|-----------------------------------------------------------------------|
# | 10   | knot, authoritative for lab.test                                      |
# | 11   | nsd, authoritative for lab.test                                       |
# | 12   | unbound, recursive from the lab's own root                            |
# | 13   | knot again; the faults that are meant for one server are put here     |
# | 20   | nsd with the lab's root zone; who asks it for more is shown downwards |
# | 21   | knot without the zone: REFUSED                                        |
# | 30   | an address that nothing listens at: ICMP port unreachable             |

# Where the one of host 13 listens that refuses; `refuse_some` leads queries there.
readonly refusing_port=5399

start_servers() {
    add_link 0
    server_address 0 10 11 12 13 20 21 30
    python3 "$here/zone.py" "$work"
    configure_root
    start_knot knot "$work" "10.53.0.10@53, fd53::10@53, 10.53.0.13@53, fd53::13@53" lab.test
    start_knot refuser "$work" "10.53.0.21@53, fd53::21@53, 10.53.0.13@$refusing_port" other.test
    start_nsd nsd "$work" 11 lab.test
    start_nsd root "$work" 20 .
    start_unbound
    await 10.53.0.10 lab.test
    await 10.53.0.21 other.test
    await 10.53.0.11 lab.test
    await 10.53.0.20 .
    await 10.53.0.12 lab.test
}

configure_root() {
    cat >"$work/root.zone" <<END
\$TTL 3600
. SOA a.root-servers.test. hostmaster.root-servers.test. 1 3600 600 86400 300
. NS a.root-servers.test.
a.root-servers.test. A 10.53.0.20
a.root-servers.test. AAAA fd53::20
lab.test. NS ns1.lab.test.
ns1.lab.test. A 10.53.0.10
ns1.lab.test. AAAA fd53::10
END
    cat >"$work/root.hints" <<END
. 3600 NS a.root-servers.test.
a.root-servers.test. 3600 A 10.53.0.20
a.root-servers.test. 3600 AAAA fd53::20
END
    cat >"$work/other.test.zone" <<END
\$TTL 300
other.test. SOA ns1.other.test. hostmaster.other.test. 1 3600 600 86400 300
other.test. NS ns1.other.test.
ns1.other.test. A 10.53.0.21
END
}

# test. is a name that unbound answers by itself unless it is told not to.
start_unbound() {
    cat >"$work/unbound.conf" <<END
server:
    interface: 10.53.0.12
    interface: fd53::12
    access-control: 10.53.0.0/24 allow
    access-control: fd53::/64 allow
    module-config: "iterator"
    root-hints: "$work/root.hints"
    local-zone: "test." nodefault
    username: ""
    chroot: ""
    directory: "$work"
    pidfile: ""
    use-syslog: no
    num-threads: 1
    so-rcvbuf: 1m
remote-control:
    control-enable: no
END
    spawn "$work/unbound.log" unbound -d -c "$work/unbound.conf"
}
