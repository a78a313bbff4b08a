#!/bin/sh
# Runs in the edge's container before nginx, which does not start without a certificate: waits for the one that certbot's
# container makes first.
set -eu

tries=0
until [ -s "$EDGE_CERTIFICATE" ]; do
    tries=$((tries + 1))
    if [ "$tries" -gt 60 ]; then
        echo "edge: there is no certificate at $EDGE_CERTIFICATE: see the log of certbot" >&2
        exit 1
    fi
    sleep 1
done
