# The cases, each a function `case_…` that fails when what its name says is not so. Sourced by `run`.

# scan LIST TYPE OPTION...: scans a list from the client's side, into $work/result.
scan() {
    local list=$1 type=$2
    shift 2
    rm -f "$work/result" "$work/stats"
    in_client timeout 180 "$dnsonde" scan "$work/$list" -t "$type" --format jsonl \
        --rate unlimited --rate-per-server unlimited \
        -o "$work/result" --stats "$work/stats" "$@" 2>"$work/stderr"
}

# check LIST TYPE OPTION...: judges $work/result; see check.py.
check() {
    local list=$1 type=$2
    shift 2
    python3 "$here/check.py" "$work/expected.json" "$work/$list" "$type" "$work/result" "$@"
}

query() { in_client timeout 60 "$dnsonde" query "$@" 2>"$work/stderr"; }

case_knot_answers_all() {
    scan names A -r 10.53.0.10
    check names A --attempts 1.02
}

case_nsd_answers_all() {
    scan names A -r 10.53.0.11
    check names A --attempts 1.02
}

case_unbound_recurses_for_all() {
    scan names A -r 10.53.0.12
    check names A --attempts 1.02
}

case_ipv6_answers_all() {
    scan names A -r '[fd53::10]:53' -r '[fd53::11]:53'
    check names A --attempts 1.02
}

# From the lab's root, nsd, to knot, at its addresses of both families.
iterate() {
    local list=$1 type=$2
    shift 2
    scan "$list" "$type" --iterative --root-hints "$work/root.hints" "$@"
}

case_iterative_from_the_root_answers_all() {
    iterate names A
    check names A --attempts 1.02
}

case_iterative_10_percent_of_answers_lost() {
    lose_answers 10
    iterate names A
    check names A --lost 1 --attempts 1.13
}

case_iterative_large_answers_come_over_tcp() {
    iterate large TXT
    check large TXT
}

# The questions that IPv6 swallows before it is given up are asked again over IPv4.
case_iterative_where_ipv6_is_dead() {
    on_queries "ip6 daddr fd53::/64 udp dport 53 drop"
    iterate names A --timeout 200
    check names A --attempts 1.3
    grep -q '"server":"10\.53\.0\.10:53"' "$work/result"
}

case_10_percent_of_answers_lost() {
    lose_answers 10
    scan names A -r 10.53.0.10
    check names A --lost 1 --attempts 1.13
}

case_30_percent_of_answers_lost() {
    lose_answers 30
    scan names A -r 10.53.0.10 --retries 9
    check names A --lost 1 --attempts 1.5
}

case_20_percent_refused_by_one_of_three() {
    refuse_some 20
    scan names A -r 10.53.0.10 -r 10.53.0.11 -r 10.53.0.13
    check names A --attempts 1.1
}

case_dead_refusing_and_lame_among_four() {
    kill_host 13
    scan names A -r 10.53.0.13 -r 10.53.0.20 -r 10.53.0.21 -r 10.53.0.10
    check names A
}

# As behind a broken link of a bundle: the path is chosen by a hash of the ports.
case_dead_path_for_some_source_ports() {
    local seed
    # Ports are random, so the dead path may be one that nobody takes: then there is no such case.
    for seed in {1..20}; do
        clear_faults
        on_queries "ip daddr 10.53.0.10 jhash udp sport mod 8 seed $seed == 3 counter drop"
        scan names A -r 10.53.0.10
        check names A
        (($(dropped) == 0)) || return 0
    done
    echo "    no port was on the dead path, in $seed runs"
    return 1
}

case_large_answers_come_over_tcp() {
    scan large TXT -r 10.53.0.10
    check large TXT
    scan large TXT -r 10.53.0.11 -r 10.53.0.12
    check large TXT
}

case_tcp_blocked_at_one_of_two() {
    on_queries "ip daddr 10.53.0.10 tcp dport 53 drop"
    scan large TXT -r 10.53.0.10 -r 10.53.0.11
    check large TXT
}

case_tcp_blocked_everywhere_is_no_empty_answer() {
    on_queries "tcp dport 53 drop"
    scan large TXT -r 10.53.0.10 --timeout 500 --retries 2 || true
    check large TXT --all-lost TRUNCATED
}

case_closed_port_is_unreachable_at_once() {
    local start=$SECONDS
    # The kernel rations these messages to a few a second.
    in_server sysctl -qw net.ipv4.icmp_ratelimit=0 net.ipv4.icmp_msgs_burst=10000 \
        net.ipv4.icmp_msgs_per_sec=100000
    # A timeout that would be felt: it is the ICMP message that ends an attempt.
    scan small A -r 10.53.0.30 --timeout 20000 --retries 1 || true
    check small A --all-lost UNREACHABLE
    ((SECONDS - start < 15)) || {
        echo "    took $((SECONDS - start)) s"
        return 1
    }
}

# during_a_scan MISHAP LIST TYPE OPTION...: something happens in the middle of a scan, after the first
# lines, and is over at its end.
during_a_scan() {
    local mishap=$1 list=$2 type=$3
    shift 3
    local status=0 scan
    rm -f "$work/result"
    in_client timeout 180 "$dnsonde" scan "$work/$list" -t "$type" --format jsonl --rate 2000 \
        -o "$work/result" "$@" 2>"$work/stderr" &
    scan=$!
    await_line "$work/result" .
    "$mishap"
    wait "$scan" || status=$?
    ip -n "$client" addr del 10.53.0.2/24 dev c0 2>/dev/null || true
    ip -n "$client" addr replace 10.53.0.1/24 dev c0
    return "$status"
}

# As when a lease ends: our address is replaced by another one.
renumber() {
    ip -n "$client" addr del 10.53.0.1/24 dev c0
    ip -n "$client" addr add 10.53.0.2/24 dev c0
}

# Until the scan has noticed.
reject_here() {
    in_client nft -f - <<'EOF'
add table inet wall
add chain inet wall out { type filter hook output priority 0; }
add rule inet wall out udp dport 53 reject
EOF
    await_line "$work/stderr" 'paused: this machine cannot send'
    in_client nft delete table inet wall
}

case_our_address_is_replaced_during_a_scan() {
    during_a_scan renumber names A -r 10.53.0.10
    check names A --lost 1 --attempts 1.02
}

case_our_address_is_replaced_during_a_scan_over_tcp() {
    during_a_scan renumber names A -r 10.53.0.10 --tcp
    check names A --attempts 1.02
}

case_our_own_firewall_rejects_for_a_while() {
    during_a_scan reject_here names A -r 10.53.0.10
    check names A --attempts 1.001
}

case_query_shows_an_exchange_with_each_server() {
    local host
    for host in 10.53.0.10 10.53.0.11 10.53.0.12 fd53::10; do
        query "@$host" ns1.lab.test A | expect 'ns1\.lab\.test\..*IN.*A.*10\.53\.0\.10'
        query "@$host" ns1.lab.test A +short | expect '^10\.53\.0\.10$'
        query "@$host" nothing.lab.test A | expect 'NXDOMAIN'
        query "@$host" large0.lab.test TXT +short | expect '^"0-0-y+"'
        query "@$host" ns1.lab.test AAAA +tcp +short | expect '^fd53::10$'
    done
}
