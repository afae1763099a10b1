# Starts authoritative servers of the lab. Sourced, after netns.sh.
#
# Each keeps its zones in a directory, a file ZONE.zone each (root.zone for the root), and reads what
# has changed there on SIGHUP. None transfers zones, none limits what one client gets.

# start_knot NAME DIRECTORY LISTEN ZONE...; LISTEN is knot's list of ADDRESS@PORT.
start_knot() {
    local name=$1 directory=$2 listen=$3 zone
    shift 3
    mkdir -p "$work/$name.run"
    cat >"$work/$name.conf" <<END
server:
    rundir: $work/$name.run
    user: root:root
    listen: [ $listen ]
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
log:
  - target: stderr
    any: warning
database:
    storage: $work/$name.run
template:
  - id: default
    storage: $directory
    file: "%s.zone"
    zonefile-sync: -1
    journal-content: none
    semantic-checks: off
zone:
END
    for zone in "$@"; do
        printf '  - domain: %s\n    file: %s\n' "$zone" "$(zone_file "$zone")"
    done >>"$work/$name.conf"
    spawn "$work/$name.log" knotd -c "$work/$name.conf"
}

# start_nsd NAME DIRECTORY HOST ZONE...
start_nsd() {
    local name=$1 directory=$2 host=$3 zone
    shift 3
    # Debian's nsd limits what one client gets; a scan is one client.
    cat >"$work/$name.conf" <<END
server:
    ip-address: 10.53.0.$host
    ip-address: fd53::$host
    username: ""
    database: ""
    zonesdir: "$directory"
    pidfile: ""
    xfrdfile: "$work/$name.xfrd"
    zonelistfile: "$work/$name.zones"
    logfile: "$work/$name.log"
    rrl-ratelimit: 0
    rrl-whitelist-ratelimit: 0
remote-control:
    control-enable: no
END
    for zone in "$@"; do
        printf 'zone:\n    name: "%s"\n    zonefile: "%s"\n' "$zone" "$(zone_file "$zone")"
    done >>"$work/$name.conf"
    spawn "$work/$name.log" nsd -d -c "$work/$name.conf"
}

# start_named NAME DIRECTORY HOST ZONE...
start_named() {
    local name=$1 directory=$2 host=$3 zone
    shift 3
    cat >"$work/$name.conf" <<END
options {
    directory "$directory";
    pid-file none;
    session-keyfile none;
    listen-on { 10.53.0.$host; };
    listen-on-v6 { fd53::$host; };
    recursion no;
    notify no;
    dnssec-validation no;
};
controls { };
END
    for zone in "$@"; do
        printf 'zone "%s" { type primary; file "%s"; };\n' "$zone" "$(zone_file "$zone")"
    done >>"$work/$name.conf"
    spawn "$work/$name.log" named -f -n 1 -g -c "$work/$name.conf"
}

# zone_file ZONE
zone_file() {
    local name=${1%.}
    printf '%s.zone' "${name:-root}"
}
