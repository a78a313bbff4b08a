#!/bin/sh
# A deploy hook for certbot without Docker: has nginx read the new certificate, unless it would refuse its configuration.
set -eu

if ! nginx -t -q; then
    echo "nginx would refuse its configuration, and goes on with the old certificate: mend it, then systemctl reload nginx" >&2
    exit 1
fi
nginx -s reload
