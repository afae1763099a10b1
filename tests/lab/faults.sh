# What nft does to the packets between client and servers. Sourced by `run`, after netns.sh.
#
# The rules sit where packets enter an interface, before any connection tracking: each packet is
# judged for itself, and nothing sees that it was ever there.

clear_faults() {
    in_client nft flush ruleset
    in_server nft flush ruleset
    in_client nft -f - <<END
table netdev faults {
    chain answers { type filter hook ingress device c0 priority 0; }
}
END
    in_server nft -f - <<END
table netdev faults {
    chain queries { type filter hook ingress device s0 priority 0; }
    chain replies { type filter hook egress device s0 priority 0; }
}
END
}

# on_answers RULE, on_queries RULE: one nft rule for what reaches the client, or the servers.
on_answers() { in_client nft add rule netdev faults answers "$1"; }
on_queries() { in_server nft add rule netdev faults queries "$1"; }

# lose_answers PERCENT
lose_answers() { on_answers "udp sport 53 numgen random mod 100 < $1 drop"; }

# kill_host HOST: nothing comes back from it, not even ICMP.
kill_host() {
    on_queries "ip daddr 10.53.0.$1 drop"
    on_queries "ip6 daddr fd53::$1 drop"
}

# refuse_some PERCENT: so many queries to host 13 are answered with REFUSED.
refuse_some() {
    on_queries "ip daddr 10.53.0.13 udp dport 53 numgen random mod 100 < $1 \
        udp dport set $refusing_port"
    in_server nft add rule netdev faults replies \
        "ip saddr 10.53.0.13 udp sport $refusing_port udp sport set 53"
}

# dropped: how many packets the rules with a counter have hit.
dropped() {
    { in_client nft list ruleset; in_server nft list ruleset; } |
        awk '/counter packets/ { for (i = 1; i < NF; i++) if ($i == "packets") n += $(i + 1) }
             END { print n + 0 }'
}
