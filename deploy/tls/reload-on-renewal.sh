#!/bin/sh
# Runs in the edge's container, beside nginx: has it read its certificate anew when the file has changed, unless nginx would
# refuse its configuration. It looks by itself, so that no container needs power over another.
set -eu

watch() {
    loaded=$1
    refused=
    while sleep "${EDGE_RELOAD_SECONDS:-10}"; do
        [ -r "$EDGE_CERTIFICATE" ] || continue
        now=$(sha256sum <"$EDGE_CERTIFICATE")
        [ "$now" != "$loaded" ] || continue
        if said=$(nginx -t -q 2>&1 && nginx -s reload 2>&1); then
            loaded=$now
            echo "edge: nginx reads its new certificate"
        elif [ "$now" != "$refused" ]; then
            refused=$now
            echo "edge: the new certificate has to wait, nginx would refuse its configuration: $said" >&2
        fi
    done
}

watch "$(sha256sum <"$EDGE_CERTIFICATE")" </dev/null &
