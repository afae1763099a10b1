# The zones of the verify lab, and how they get to its servers. Sourced by `run`.
#
# Each server keeps its own copies of its zones in $work/SERVER, so that one can be behind.

readonly tokens=(kq2tdyhv3d5ufx4o6zrn7wpsjc l6jkcnxm4eyb7uwtgopa5dsvrq hz3fvw7rmqyx2n4lsbk6utoecd)

# Public keys of 2048 and 4096 bits; nobody has the private ones any more.
readonly key_2048=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAkGWEg3wBvajsONas66shV31c4z/oTq67RntLQShgLq\
FhBIxm6DmKfS+WhV/cTLtieMebl7FQ4dcCpO7uavQOLcmBcItklevTOugu83t+UeTHQLW7K4bUX5ge0Wzk3p8Lc7DaEh47BrtfGX\
zpuf0NvIu80+tmXGAI/FILk9vM8l1UFB4sWfdMqYijXTuzn/CoS4hkZle33DTl9r5FVtXybQ5LfOTbfZwaopPe4xZFucrZksHwq3\
xhKuxibJgRsBV0cOK9EJLVCU47j6FKpe/eYpwewxrwVrFJNRqKY+TbqjTg5/RRC8nkKAETsuhZ7pHTyk4BHINLe3hv8yxYhrEBew\
IDAQAB
readonly key_4096=MIICIjANBgkqhkiG9w0BAQEFAAOCAg8AMIICCgKCAgEAteAPZsb1Z7O+wyM/E3m95oO2FmwJrj1ktR4RGoe4sZ\
N6AjIHljhJ5QeH1mGHkSdQHohyrV8Zqt9Sw0h74B6888mGfJfAQ7vybdmkPxOM+GQazA637Z0VxZuq8GNTbocHuLdbFZAV5Boh02\
TLuf3IC3lmUhMHPgrEQQlaNYIEnEabACQNd4Or3TetA1YsBzC2WNSBbPoDIB8LY2xO6KLIeFzeq4Vviob6LO6esVVjMUBXqa4WCL\
Ei4sBJVgVy1Rd3hZUqNWu0xOJnV8H2vhgG3yK6gkRKL8k6T5WYe0S/6OZmoNBYiRnWatQFuBftHi++G3YaMausdlrZpiLZsVmWau\
ClxDNNb8HGE4dI4F82f8y2azSfKZpl5d2O/sdUl0u+PmAdeR8NoJHyCQ3R2bxUHiuXPLotfR5xE8dVe8PLFYpNl+Y+QSY8HwzJPZ\
7sKMLzyH+NNmYAV868Far9JL5gBK5yPdcixvtSWF8/IvAfamFuEV8rtR2POpT/sebmvVpwzNMSOm2zvTexw0i6B3fcUKzWHzS8se\
/GLnLzDUGTkgpHhi+2vfryUM+jdc/NsDKoH2G8lnkvb3wv3jXSwfqvlC5dAEqcqti3XdEqsTJAMv6g1YFPo5DSUvV3HfZxH++WmT\
4uiChyzGDyFYbLf2akoF8AyZ5zxddrYKtaG/Yc3WECAwEAAQ==

# Children before their parents, which have their DS records. The root's key is the trust anchor.
readonly signed_zones=(signed.com com .)

make_keys() {
    local zone
    mkdir "$work/keys" "$work/dsset"
    for zone in "${signed_zones[@]}"; do
        dnssec-keygen -q -K "$work/keys" -a ECDSAP256SHA256 -f KSK "$zone" >/dev/null
    done
    cp "$work"/keys/K.+*.key "$work/root.key"
}

# publish ZONE SERVER...: what standard input says, below the SOA and NS records, is the content of
# the zone at these servers from now on, with a serial of its own. Returns when they serve it.
publish() {
    local zone=$1 file new=$work/new.zone serial daemon
    shift
    file=$(zone_file "$zone")
    serial=$(($(cat "$work/serial") + 1))
    echo "$serial" >"$work/serial"
    { zone_head "$zone" "$serial"; cat; } >"$new"
    if [[ " ${signed_zones[*]} " == *" $zone "* ]]; then
        sign "$zone" "$new"
    fi
    for daemon in "$@"; do
        cp "$new" "$work/$daemon/$file.new"
        mv "$work/$daemon/$file.new" "$work/$daemon/$file"
        reload "$daemon"
    done
    for daemon in "$@"; do
        await_serial "$daemon" "$zone" "$serial"
    done
    : >"$work/changed"
}

# sign ZONE FILE: with signatures that are valid from $valid_from to $valid_to, or now.
sign() {
    dnssec-signzone -q -S -z -g -P -K "$work/keys" -d "$work/dsset" -o "$1" -f "$2.signed" \
        -s "${valid_from:-$(days -1)}" -e "${valid_to:-$(days +30)}" "$2" >"$work/sign.log" 2>&1 ||
        die "$1 cannot be signed: $(cat "$work/sign.log")"
    mv "$2.signed" "$2"
}

# days N: the time so many days from now, as signatures have it.
days() { date -u -d "$1 days" +%Y%m%d%H%M%S; }

# zone_head ZONE SERIAL. Denials are cached for five minutes.
zone_head() {
    printf '$ORIGIN %s\n$TTL 300\n@ SOA ns hostmaster %s 3600 600 86400 300\n' "${1%.}." "$2"
    case $1 in
    .) printf '@ NS a.root-servers\n'; name_server a.root-servers root ;;
    com) printf '@ NS a.nic\n'; name_server a.nic com ;;
    example.com | signed.com) name_servers_of_example ;;
    amazonses.com | dkim.amazonses.com) name_servers_of_amazonses ;;
    lame.com) printf '@ NS ns1.example.com.\n@ NS ns2.amazonses.com.\n' ;;
    esac
    case $1 in
    example.com) name_server ns1 ns1; name_server ns2 ns2; name_server ns3 ns3 ;;
    amazonses.com) name_server ns1 ses1; name_server ns2 ses2 ;;
    esac
}

# name_servers_of_… [OWNER]
name_servers_of_example() { printf "${1:-@} NS ns%s.example.com.\n" 1 2 3; }
name_servers_of_amazonses() { printf "${1:-@} NS ns%s.amazonses.com.\n" 1 2; }

# name_server OWNER SERVER
name_server() { printf '%s A 10.53.0.%s\n%s AAAA fd53::%s\n' "$1" "${host[$2]}" "$1" "${host[$2]}"; }

publish_all() {
    {
        echo "@ A 192.0.2.80"
        printf "%s TXT \"p=$key_2048\"\n" "${tokens[0]}" | fold_strings
        printf '%s TXT ""\n' "${tokens[@]:1}"
    } | publish dkim.amazonses.com ses1 ses2
    name_servers_of_amazonses dkim | publish amazonses.com ses1 ses2
    publish_healthy
    ses_records | publish lame.com ns1
    {
        name_servers_of_example example
        name_server ns1.example ns1
        name_server ns2.example ns2
        name_server ns3.example ns3
        name_servers_of_example signed
        name_servers_of_amazonses amazonses
        name_server ns1.amazonses ses1
        name_server ns2.amazonses ses2
        printf 'lame NS ns1.example.com.\nlame NS ns2.amazonses.com.\n'
    } | publish com com
    printf 'com NS a.nic.com.\n' | { cat; name_server a.nic.com com; } | publish . root
}

# What cases change, as it should be.
publish_healthy() {
    { ses_records; large_key; } | publish example.com ns1 ns2 ns3
    ses_records | publish signed.com ns1 ns2 ns3
}

# ses_records: what SES asks for, at a domain.
ses_records() { aliases "" "${tokens[@]}"; }

# aliases SUFFIX TOKEN...: the records of some tokens, with something behind their owner.
aliases() {
    local suffix=$1 token
    shift
    for token in "$@"; do
        echo "$token._domainkey$suffix CNAME $token.dkim.amazonses.com."
    done
}

# A key whose answer is too large for what some networks let through.
large_key() { echo "large._domainkey TXT \"v=DKIM1; p=$key_4096\"" | fold_strings; }

# A string has at most 255 octets, so a key is written as several.
fold_strings() { sed -E 's/[^" ]{200}/&" "/g'; }
