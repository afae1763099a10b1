# The lab's servers: configuration and start. Sourced by `run`, after netns.sh.
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
    start_knot knot lab.test "10.53.0.10@53, fd53::10@53, 10.53.0.13@53, fd53::13@53"
    start_knot refuser other.test "10.53.0.21@53, fd53::21@53, 10.53.0.13@$refusing_port"
    start_nsd nsd lab.test 11
    start_nsd root . 20
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

# start_knot NAME ZONE LISTEN
start_knot() {
    mkdir "$work/$1"
    cat >"$work/$1.conf" <<END
server:
    rundir: $work/$1
    user: root:root
    listen: [ $3 ]
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
log:
  - target: stderr
    any: warning
database:
    storage: $work/$1
template:
  - id: default
    storage: $work
    file: "%s.zone"
    zonefile-sync: -1
    journal-content: none
    semantic-checks: off
zone:
  - domain: $2
END
    spawn "$work/$1.log" knotd -c "$work/$1.conf"
}

# start_nsd NAME ZONE HOST
start_nsd() {
    local file=$2.zone
    [[ $2 != . ]] || file=root.zone
    # Debian's nsd limits what one client gets; a scan is one client.
    cat >"$work/$1.conf" <<END
server:
    ip-address: 10.53.0.$3
    ip-address: fd53::$3
    username: ""
    database: ""
    zonesdir: "$work"
    pidfile: ""
    xfrdfile: "$work/$1.xfrd"
    zonelistfile: "$work/$1.zones"
    logfile: "$work/$1.log"
    rrl-ratelimit: 0
    rrl-whitelist-ratelimit: 0
remote-control:
    control-enable: no
zone:
    name: "$2"
    zonefile: "$file"
END
    spawn "$work/$1.log" nsd -d -c "$work/$1.conf"
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
