#!/bin/sh
# is-healthy.sh DAYS: says in one line whether an authority that browsers trust has signed the certificate, whether it is good
# for DAYS more, and whether the edge serves it; ends with 1 where one of them is not so.
set -eu

file=${EDGE_CERTIFICATE:-/certificate/edge.pem}
edge=${EDGE_TLS:-edge:443}
days=$1

unhealthy() {
    echo "$1"
    exit 1
}

[ -r "$file" ] || unhealthy "there is no certificate at $file"
read_fact() { openssl x509 -noout "$@"; }
[ "$(read_fact -subject_hash <"$file")" != "$(read_fact -issuer_hash <"$file")" ] ||
    unhealthy "the certificate is self-signed: none could be had yet, see the log of certbot"
[ "${CERTBOT_STAGING:-0}" = 0 ] || unhealthy "the certificate is one of staging: set CERTBOT_STAGING=0 now that it works"
read_fact -checkend $((days * 86400)) <"$file" >/dev/null ||
    unhealthy "the certificate ends in fewer than $days days ($(read_fact -enddate <"$file")): see the log of certbot"

served=$(openssl s_client -connect "$edge" -servername "${EDGE_DOMAIN%% *}" </dev/null 2>/dev/null |
    read_fact -fingerprint 2>/dev/null) ||
    unhealthy "the edge does not answer at $edge"
[ "$served" = "$(read_fact -fingerprint <"$file")" ] ||
    unhealthy "the edge serves an older certificate than it was given: see the log of edge"
echo "good until $(read_fact -enddate <"$file" | cut -d= -f2), from $(read_fact -issuer <"$file")"
