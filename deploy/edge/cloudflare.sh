#!/bin/sh
# Cloudflare's addresses, which edge and firewall believe: compares those in passerby/available/cdn-cloudflare.conf with what
# Cloudflare publishes, and writes a firewall of them. docs/guide/behind-cloudflare.md tells when to run it.
#   cloudflare.sh compare [FILE…]   the published lists, as files or (without any) fetched; ends with 1 when they differ
#   cloudflare.sh firewall          rules for nft: nobody else reaches ports 80 and 443 of this machine
set -eu
export LC_ALL=C

here=$(cd "$(dirname "$0")" && pwd)
ranges() {
    sed -n 's/^set_real_ip_from \(.*\);$/\1/p' "$here/passerby/available/cdn-cloudflare.conf" | sort
}
# Only what is written like a range counts, so that an error page is no list.
read_lists() {
    if [ $# -gt 0 ]; then
        cat -- "$@"
    else
        for list in ips-v4 ips-v6; do
            curl --fail --silent --show-error --max-time 20 "https://www.cloudflare.com/$list"
            echo
        done
    fi
}
commas() {
    sed 's/^/            /; $!s/$/,/'
}

case ${1-} in
    compare)
        shift
        work=$(mktemp -d)
        trap 'rm -r "$work"' EXIT
        ranges >"$work/ours"
        read_lists "$@" >"$work/read" || exit 2
        tr -d '\r' <"$work/read" | grep -E '^[0-9a-f.:]+/[0-9]+$' | sort -u >"$work/published" || true
        for kind in '\.' ':'; do
            grep -q "$kind" "$work/published" && continue
            echo "cloudflare: what was read is not the whole list: both IPv4 and IPv6 ranges are needed" >&2
            exit 2
        done
        comm -13 "$work/ours" "$work/published" | sed 's/^/new, to be added:   /'
        comm -23 "$work/ours" "$work/published" | sed 's/^/gone, to be removed: /'
        cmp -s "$work/ours" "$work/published" || exit 1
        echo "the $(wc -l <"$work/ours" | tr -d ' ') ranges are those that Cloudflare publishes"
        ;;
    firewall)
        # Before Docker's port mapping (dstnat, -100), which other firewalls on the machine come after.
        cat <<RULES
table inet passerby_cloudflare
delete table inet passerby_cloudflare
table inet passerby_cloudflare {
    set ipv4 {
        type ipv4_addr
        flags interval
        elements = {
$(ranges | grep '\.' | commas)
        }
    }
    set ipv6 {
        type ipv6_addr
        flags interval
        elements = {
$(ranges | grep ':' | commas)
        }
    }
    chain incoming {
        type filter hook prerouting priority -150; policy accept;
        iifname "lo" accept
        fib daddr type local meta l4proto { tcp, udp } th dport { 80, 443 } jump web
    }
    chain web {
        ip saddr @ipv4 accept
        ip6 saddr @ipv6 accept
        drop
    }
}
RULES
        ;;
    *)
        sed -n '2,5s/^# \{0,1\}//p' "$0" >&2
        exit 2
        ;;
esac
