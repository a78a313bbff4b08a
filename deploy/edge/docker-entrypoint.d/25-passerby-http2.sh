#!/bin/sh
# From 1.25.1 on nginx reports `listen … http2` as old, at each start and reload, and has `http2 on;` in its place, which
# older ones do not know. Writes what the nginx here wants into the file that was filled in: the official image runs this
# after it has filled in the templates; fill.sh runs it, too. Without an nginx the file stays as it is.
set -eu

file=${1:-/etc/nginx/conf.d/passerby.conf}

PATH=$PATH:/usr/sbin:/sbin
version=$(nginx -v 2>&1 | sed -n 's|^nginx version: [^/]*/\([0-9.]*\).*|\1|p')
is_new=$(printf '%s\n' "$version" | awk -F. '{ print ($1 * 1000000 + $2 * 1000 + $3 >= 1025001) }')
[ "$is_new" = 1 ] || exit 0

# For the servers with TLS alone: on a port without it, it would let in HTTP/2 as well.
awk '
    /^server \{/ { is_on = 0 }
    / ssl http2/ {
        sub(/ ssl http2/, " ssl")
        if (!is_on) print "    http2 on;"
        is_on = 1
    }
    { print }
' "$file" >"$file.new"
mv "$file.new" "$file"
