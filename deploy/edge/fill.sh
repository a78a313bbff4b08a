#!/bin/sh
# Installs the edge into a folder (default: /etc/nginx) and fills in the domain; what is in passerby/on/ stays. For nginx
# without Docker: the official image does the same by itself. Everything it needs to know is in the environment.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
target=${1:-/etc/nginx}

. "$here/docker-entrypoint.d/16-passerby.envsh"

mkdir -p "$target/conf.d"
cp "$here/nginx.conf" "$target/nginx.conf"
cp -R "$here/passerby" "$target/"

# Puts the environment's value for each ${EDGE_…}; nginx's own variables have no such name.
awk '{
    rest = $0
    line = ""
    while (match(rest, /\$\{EDGE_[A-Z0-9_]+\}/)) {
        name = substr(rest, RSTART + 2, RLENGTH - 3)
        if (!(name in ENVIRON)) {
            print "edge: the template names " name ", which nobody sets" > "/dev/stderr"
            exit 1
        }
        line = line substr(rest, 1, RSTART - 1) ENVIRON[name]
        rest = substr(rest, RSTART + RLENGTH)
    }
    print line rest
}' "$here/templates/passerby.conf.template" >"$target/conf.d/passerby.conf.new"
"$here/docker-entrypoint.d/25-passerby-http2.sh" "$target/conf.d/passerby.conf.new"
mv "$target/conf.d/passerby.conf.new" "$target/conf.d/passerby.conf"
