#!/bin/sh
# self-signed.sh "NAMES" FILE [DAYS]: a certificate that nobody trusts, and its key, in one file: for a first start, and for
# tests. nginx takes the file for both.
set -eu
umask 077

[ $# -ge 2 ] || { echo "usage: self-signed.sh \"NAMES\" FILE [DAYS]" >&2; exit 2; }
set -f
names=
for name in $1; do
    names=$names${names:+,}DNS:$name
done
# Written beside it and moved, so that nobody reads half of it.
trap 'rm -f "$2.new"' EXIT
if ! said=$(openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days "${3:-7}" \
    -subj "/CN=self-signed by Passerby" -addext "subjectAltName=$names" -keyout "$2.new" -out "$2.new" 2>&1); then
    echo "tls: no certificate for '$1' could be made: $said" >&2
    exit 1
fi
mv "$2.new" "$2"
