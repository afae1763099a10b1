# The servers of the verify lab. Sourced by `run`, after netns.sh, daemons.sh and zones.sh.
#
# | server     | host | who                                                        |
# |------------|------|------------------------------------------------------------|
# | root       | 30   | knot: the root, signed                                     |
# | com        | 31   | nsd: com, signed                                           |
# | ns1        | 40   | knot: example.com, signed.com, lame.com                    |
# | ns2        | 41   | nsd: example.com, signed.com                               |
# | ns3        | 42   | named: example.com, signed.com                             |
# | ses1       | 50   | knot: amazonses.com and dkim.amazonses.com                 |
# | ses2       | 51   | nsd: the same; lame.com is delegated to it, too, in error  |
# | resolver   | 60   | unbound                                                    |
# | validator  | 61   | unbound, which validates                                   |
#
# Each has 10.53.0.HOST and fd53::HOST.

declare -A host=([root]=30 [com]=31 [ns1]=40 [ns2]=41 [ns3]=42 [ses1]=50 [ses2]=51
    [resolver]=60 [validator]=61)
declare -A pid=()

start_servers() {
    local daemon
    add_link 0
    server_address 0 "${host[@]}"
    echo 0 >"$work/serial"
    mkdir "$work"/{root,com,ns1,ns2,ns3,ses1,ses2}
    make_keys
    publish_all
    start knot root .
    start nsd com com
    start knot ns1 example.com signed.com lame.com
    start nsd ns2 example.com signed.com
    start named ns3 example.com signed.com
    start knot ses1 amazonses.com dkim.amazonses.com
    start nsd ses2 amazonses.com dkim.amazonses.com
    cat >"$work/root.hints" <<END
. 3600 NS a.root-servers.
a.root-servers. 3600 A 10.53.0.${host[root]}
a.root-servers. 3600 AAAA fd53::${host[root]}
END
    start_unbound resolver iterator
    start_unbound validator "validator iterator"
    for daemon in ns1 ns2 ns3; do
        await "10.53.0.${host[$daemon]}" example.com
        await "fd53::${host[$daemon]}" signed.com
    done
    for daemon in ses1 ses2; do
        await "10.53.0.${host[$daemon]}" dkim.amazonses.com
    done
    for daemon in resolver validator; do
        await "10.53.0.${host[$daemon]}" signed.com
    done
    rm "$work/changed"
}

# start SOFTWARE SERVER ZONE...
start() {
    local software=$1 daemon=$2 listen=${host[$2]}
    shift 2
    [[ $software != knot ]] || listen="10.53.0.$listen@53, fd53::$listen@53"
    "start_$software" "$daemon" "$work/$daemon" "$listen" "$@"
    pid[$daemon]=$!
}

# reload SERVER: it reads the zones that have changed; nothing if it does not run yet.
reload() { [[ -z ${pid[$1]:-} ]] || kill -HUP "${pid[$1]}"; }

# await_serial SERVER ZONE SERIAL: waits until it serves that, if it runs.
await_serial() {
    local try found=
    [[ ${pid[$1]:-} ]] || return 0
    for try in {1..100}; do
        found=$(in_server kdig +short +time=1 +retry=0 "@10.53.0.${host[$1]}" "$2" SOA) || true
        [[ $found != *" $3 "* ]] || return 0
        sleep 0.05
    done
    cat "$work/$1.log" >&2
    die "$1 does not serve $2 with serial $3, but: $found"
}

# start_unbound SERVER MODULES
start_unbound() {
    cat >"$work/$1.conf" <<END
server:
    interface: 10.53.0.${host[$1]}
    interface: fd53::${host[$1]}
    access-control: 10.53.0.0/24 allow
    access-control: fd53::/64 allow
    module-config: "$2"
    root-hints: "$work/root.hints"
    trust-anchor-file: "$work/root.key"
    ede: yes
    username: ""
    chroot: ""
    directory: "$work"
    pidfile: ""
    use-syslog: no
    num-threads: 1
remote-control:
    control-enable: yes
    control-interface: "$work/$1.control"
    control-use-cert: no
END
    spawn "$work/$1.log" unbound -d -c "$work/$1.conf"
    pid[$1]=$!
}

# forget: the recursive servers have nothing in their caches any more.
forget() {
    local daemon
    for daemon in resolver validator; do
        in_server unbound-control -q -c "$work/$daemon.conf" flush_zone .
    done
}

# Before each case.
restore() {
    clear_faults
    if [[ -e $work/changed ]]; then
        publish_healthy
        rm "$work/changed"
    fi
    forget
}
