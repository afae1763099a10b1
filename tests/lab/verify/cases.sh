# The cases, each a function `case_…` that fails when verify does not find what its name says, or
# finds something else. Sourced by `run`.

# More than is polite to strangers; the servers are ours.
readonly fast=(--rate 200)

# verify DOMAIN OPTION...: into $work/report, and its exit status into $work/status.
verify() {
    local status=0
    in_client timeout 60 "$dnsonde" verify --root-hints "$work/root.hints" --format json "$@" \
        >"$work/report" 2>"$work/stderr" || status=$?
    echo "$status" >"$work/status"
}

# verify_ses DOMAIN OPTION...: for the tokens of SES.
verify_ses() { verify "$1" --ses "$(IFS=,; echo "${tokens[*]}")" "${@:2}"; }

# found VERDICT [FINDING...]: see check.py.
found() { python3 "$here/check.py" "$work/report" "$(cat "$work/status")" "$@"; }

# Rules for one server, over both families: `from SERVER RULE` for its answers, `to SERVER RULE`.
from() {
    on_answers "ip saddr 10.53.0.${host[$1]} $2"
    on_answers "ip6 saddr fd53::${host[$1]} $2"
}
to() {
    on_queries "ip daddr 10.53.0.${host[$1]} $2"
    on_queries "ip6 daddr fd53::${host[$1]} $2"
}

case_healthy_as_polite_as_by_default() {
    verify_ses example.com -r 10.53.0.60,10.53.0.61
    found verified
}

case_healthy_signed_and_validated() {
    verify_ses signed.com "${fast[@]}" -r 10.53.0.61
    found verified
}

case_healthy_with_a_large_answer() {
    verify_ses example.com "${fast[@]}" --dkim large
    found verified
}

# Each packet takes 10 ms to the servers, and 10 ms back; the line says how long all of it took.
case_healthy_with_20_ms_to_each_server() {
    timeout 100 python3 "$here/slow_link.py" "$client" "$server" 10 >"$work/slow.log" 2>&1 &
    # The routes go with the interfaces.
    trap "kill $! && wait" EXIT
    await_line "$work/slow.log" there
    ip -n "$client" link set slow up
    ip -n "$server" link set slow up
    # More specific than those over the veth pair.
    ip -n "$client" route add 10.53.0.0/25 dev slow src 10.53.0.1
    ip -n "$client" route add fd53::/112 dev slow src fd53::1
    ip -n "$server" route add 10.53.0.1 dev slow
    ip -n "$server" route add fd53::1 dev slow
    in_client kdig @fd53::42 example.com SOA | expect ' in ([2-9][0-9]|[0-9]{3,})\.[0-9] ms'
    verify_ses example.com -r 10.53.0.60
    found verified
}

case_40_percent_of_answers_lost_at_one_server() {
    from ns3 "udp sport 53 numgen random mod 100 < 40 drop"
    verify_ses example.com "${fast[@]}"
    found flaky loss@42
}

# As behind a broken link of a bundle: the path is chosen by a hash of the ports.
case_dead_path_for_some_source_ports() {
    local seed
    # Ports are random, so the dead path may be one that nobody takes: then there is no such case.
    for seed in {1..5}; do
        clear_faults
        to ns2 "jhash udp sport mod 8 seed $seed == 3 counter drop"
        verify_ses example.com "${fast[@]}"
        (($(dropped) < 10)) || break
    done
    found flaky loss-path-dependent@41
}

case_large_answers_dropped_by_one_server() {
    from ns2 "udp sport 53 meta length > 700 drop"
    verify_ses example.com "${fast[@]}" --dkim large
    found flaky large-answer-lost@41
}

case_tcp_dropped_at_one_server() {
    to ns2 "tcp dport 53 drop"
    verify_ses example.com "${fast[@]}"
    found flaky tcp-unavailable@41
}

case_tcp_rejected_at_one_server() {
    to ns3 "tcp dport 53 reject with tcp reset"
    verify_ses example.com "${fast[@]}"
    found flaky tcp-unavailable@42
}

case_tcp_dropped_everywhere() {
    on_queries "tcp dport 53 drop"
    verify_ses example.com "${fast[@]}"
    found flaky tcp-unavailable@40,41,42
}

case_secondary_is_stale() {
    large_key | publish example.com ns1 ns2 ns3
    { ses_records; large_key; } | publish example.com ns1 ns3
    verify_ses example.com "${fast[@]}"
    found pending server-stale@41 record-missing-on-some@41
}

# Waits while a secondary gets the records, after the first look has seen that it lacks them.
case_secondary_catches_up() {
    large_key | publish example.com ns1 ns2 ns3
    { ses_records; large_key; } | publish example.com ns1 ns3
    verify_ses example.com "${fast[@]}" --wait 20s --every 1s &
    # Whatever comes, it must not write into the next case's report.
    trap wait EXIT
    # A line for each change of state.
    await_line "$work/stderr" '^[0-9T:-]+Z '
    ses_records | publish example.com ns2 ns1 ns3
    wait $!
    found verified
    tail -n 1 "$work/stderr" | expect '^[0-9T:-]+Z .*was pending and is verified'
    (($(wc -l <"$work/stderr") >= 2))
}

case_denial_cached_by_unbound() {
    local token
    large_key | publish example.com ns1 ns2 ns3
    for token in "${tokens[@]}"; do
        in_client kdig +short "@10.53.0.${host[resolver]}" "$token._domainkey.example.com" CNAME
        in_client kdig +short "@10.53.0.${host[resolver]}" "$token._domainkey.example.com" TXT
    done
    ses_records | publish example.com ns1 ns2 ns3
    verify_ses example.com "${fast[@]}" -r 10.53.0.60,10.53.0.61
    found pending negative-cached@4:60
}

case_signatures_expired() {
    valid_from=$(days -60) valid_to=$(days -30)
    ses_records | publish signed.com ns1 ns2 ns3
    verify_ses signed.com "${fast[@]}" -r 10.53.0.60,10.53.0.61
    found pending dnssec-bogus@4:61
}

case_ipv6_dead_at_one_server() {
    on_queries "ip6 daddr fd53::${host[ns2]} meta l4proto { tcp, udp } drop"
    verify_ses example.com "${fast[@]}"
    found flaky address-family-fails@6:41
}

case_udp_dropped_over_ipv6_at_one_server() {
    on_queries "ip6 daddr fd53::${host[ns2]} udp dport 53 drop"
    verify_ses example.com "${fast[@]}"
    found flaky address-family-fails@6:41
}

case_udp_dropped_over_ipv6_at_every_server_of_the_domain() {
    local name
    for name in ns1 ns2 ns3; do
        on_queries "ip6 daddr fd53::${host[$name]} udp dport 53 drop"
    done
    verify_ses example.com "${fast[@]}"
    found flaky address-family-fails@6:40,6:41,6:42
}

# Then it is our own network that has no IPv6, and nobody else's fault.
case_ipv6_dead_everywhere() {
    on_queries "meta protocol ip6 meta l4proto { tcp, udp } drop"
    verify_ses example.com "${fast[@]}"
    found verified
}

case_server_silent() {
    to ns2 "drop"
    verify_ses example.com "${fast[@]}"
    found flaky server-unreachable@41
}

# As a host does that no server runs on any more.
case_server_not_running() {
    to ns3 "udp dport 53 reject"
    to ns3 "tcp dport 53 reject with tcp reset"
    verify_ses example.com "${fast[@]}"
    found flaky unreachable-icmp@42
}

case_server_lame() {
    verify_ses lame.com "${fast[@]}"
    found flaky server-lame@51
}

case_records_missing_everywhere() {
    large_key | publish example.com ns1 ns2 ns3
    verify_ses example.com "${fast[@]}"
    found pending record-missing@40,41,42
}

case_one_record_missing_everywhere() {
    aliases "" "${tokens[@]:1}" | publish example.com ns1 ns2 ns3
    verify_ses example.com "${fast[@]}"
    found pending record-missing@40,41,42
}

case_owner_doubled() {
    aliases .example.com "${tokens[@]}" | publish example.com ns1 ns2 ns3
    verify_ses example.com "${fast[@]}"
    found pending owner-doubled@40,41,42
}
