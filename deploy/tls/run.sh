#!/bin/sh
# What the container of certbot does: a certificate for the first start, then twice a day a look at whether a new one is
# due. After a failure it tries again ever more slowly: Let's Encrypt refuses a name for an hour after five of them.
set -eu

first_pause=900
last_pause=43200

here=$(cd "$(dirname "$0")" && pwd)
file=${EDGE_CERTIFICATE:-/certificate/edge.pem}

if [ ! -e "$file" ]; then
    "$here/self-signed.sh" "${EDGE_DOMAIN:?is missing: see docs/guide/tls.md}" "$file"
    echo "tls: a self-signed certificate stands in until there is one that browsers trust"
fi

pause=$first_pause
while :; do
    if "$here/certificate.sh"; then
        pause=$first_pause
        # Between 11 and 13 hours, so that not everybody asks at the same time.
        wait=$((39600 + $(python3 -c 'import random; print(random.randrange(7200))')))
        echo "tls: looks again in $((wait / 60)) minutes"
    else
        wait=$pause
        pause=$((pause * 2 < last_pause ? pause * 2 : last_pause))
        echo "tls: FAILED; the edge goes on with the certificate that it has; tries again in $((wait / 60)) minutes" >&2
    fi
    sleep "$wait"
done
