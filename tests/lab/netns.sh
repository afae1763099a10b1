# Two network namespaces, joined by veth pairs, and the servers inside. Sourced, not run.
#
# Sets $client and $server (names of the namespaces) and $work (a temporary directory), and removes
# all of it, with every process started by `spawn`, when the shell ends, however it ends.

client=dnsonde-c-$$
server=dnsonde-s-$$
work=
pids=()

die() {
    echo "error: $*" >&2
    exit 1
}

# need_root_and_tools TOOL...: the lab is never skipped silently.
need_root_and_tools() {
    local tool missing=()
    ((EUID == 0)) || die "this needs root: it makes network namespaces"
    # Debian keeps servers where only root looks.
    PATH=$PATH:/usr/sbin:/sbin
    for tool in "$@"; do
        command -v "$tool" >/dev/null || missing+=("$tool")
    done
    ((${#missing[@]} == 0)) || die "these programs are missing: ${missing[*]} (on Debian 12:" \
        "apt-get install knot nsd unbound bind9 bind9-utils knot-dnsutils iproute2 ethtool" \
        "nftables procps python3)"
}

make_namespaces() {
    work=$(mktemp -d)
    trap remove_world EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    # As when the output goes to a pager that is left.
    trap 'exit 141' PIPE
    local ns
    for ns in "$client" "$server"; do
        ip netns add "$ns" || die "network namespaces are not to be had here"
        ip -n "$ns" link set lo up
    done
}

# add_link N: joins the namespaces by cN, with the addresses 10.53.N.1 and fd53:0:0:N::1, and sN.
add_link() {
    local c=c$1 s=s$1
    ip link add "$c" netns "$client" type veth peer name "$s" netns "$server"
    # Addresses may be used at once, without a search for duplicates.
    in_client sysctl -qw net.ipv6.conf.all.accept_dad=0 "net.ipv6.conf.$c.accept_dad=0"
    in_server sysctl -qw net.ipv6.conf.all.accept_dad=0 "net.ipv6.conf.$s.accept_dad=0"
    ip -n "$client" addr add "10.53.$1.1/24" dev "$c"
    ip -n "$client" addr add "fd53:0:0:$1::1/64" dev "$c"
    # A veth passes a train of UDP segments on as one packet, which a rule would lose as one; a
    # network card sends them one by one.
    in_client ethtool -K "$c" tx-udp-segmentation off
    ip -n "$client" link set "$c" up
    ip -n "$server" link set "$s" up
}

# server_address LINK HOST...: gives the servers 10.53.LINK.HOST and fd53:0:0:LINK::HOST.
server_address() {
    local link=$1 host
    shift
    for host in "$@"; do
        ip -n "$server" addr add "10.53.$link.$host/24" dev "s$link"
        ip -n "$server" addr add "fd53:0:0:$link::$host/64" dev "s$link"
    done
}

in_client() { ip netns exec "$client" "$@"; }
in_server() { ip netns exec "$server" "$@"; }

# spawn LOG COMMAND...: starts a server in its namespace; it ends with the shell.
spawn() {
    local log=$1
    shift
    # Without a subshell, so that $! is the server itself.
    ip netns exec "$server" "$@" >"$log" 2>&1 &
    pids+=($!)
}

# await ADDRESS NAME [PORT]: waits until a server answers for a name.
await() {
    local try
    for try in {1..100}; do
        if in_client kdig +short +time=1 +retry=0 -p "${3:-53}" "@$1" "$2" SOA 2>/dev/null |
            grep -qv '^;;'; then
            return 0
        fi
        sleep 0.1
    done
    cat "$work"/*.log >&2
    die "no answer from $1 for $2 after $try tries"
}

remove_world() {
    local status=$? pid
    trap - EXIT
    trap '' PIPE INT TERM
    for pid in "${pids[@]}"; do
        kill "$pid" 2>/dev/null || true
    done
    for pid in "${pids[@]}"; do
        timeout 5 tail --pid="$pid" -f /dev/null || kill -9 "$pid" 2>/dev/null || true
    done
    ip netns del "$client" 2>/dev/null || true
    ip netns del "$server" 2>/dev/null || true
    [[ -z $work ]] || rm -rf "$work"
    exit "$status"
}
