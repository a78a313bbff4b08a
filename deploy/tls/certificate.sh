#!/bin/sh
# Gets the certificate, or renews it when it is due, and puts it where the edge reads it. Arguments go to certbot, such as
# --force-renewal or --dry-run. The defaults are the container's.
set -eu
umask 077

host=${EDGE_DOMAIN:?is missing: see docs/guide/tls.md}
host=${host%% *}
domains=${CERTBOT_DOMAINS:-$EDGE_DOMAIN}
challenge=${CERTBOT_CHALLENGE:-http}
config=${CERTBOT_DIR:-/letsencrypt}
work=${CERTBOT_WORK_DIR:-/tmp/certbot}
file=${EDGE_CERTIFICATE:-/certificate/edge.pem}
acme=${EDGE_ACME_DIR:-/acme}
edge=${EDGE_URL:-http://edge}
credentials=${CLOUDFLARE_CREDENTIALS:-/run/secrets/cloudflare}

case ${CERTBOT_STAGING:-0} in
    0) server=${CERTBOT_SERVER:-https://acme-v02.api.letsencrypt.org/directory} ;;
    *) server=${CERTBOT_STAGING_SERVER:-https://acme-staging-v02.api.letsencrypt.org/directory} ;;
esac
# A certificate for each authority, by its host: whoever goes from staging to production gets another one at once, not when
# the first is due.
lineage=${server#*://}
lineage=$(printf %s "${lineage%%/*}" | tr : -)

fail() {
    echo "tls: $1" >&2
    exit 1
}

# The edge, asked as the authority will ask it: a fault on this side costs none of the tries that the authority allows.
check_webroot() {
    folder=$acme/.well-known/acme-challenge
    (umask 022 && mkdir -p "$folder" && echo passerby >"$folder/check")
    tries=0
    until python3 -c '
import sys, urllib.request
asked = urllib.request.Request(sys.argv[1], headers={"Host": sys.argv[2]})
sys.exit(urllib.request.urlopen(asked, timeout=5).read() != b"passerby\n")
' "$edge/.well-known/acme-challenge/check" "$host" 2>/dev/null; do
        tries=$((tries + 1))
        [ "$tries" -lt 6 ] || fail "the edge does not hand out the answer to a challenge: \
$edge/.well-known/acme-challenge/ is not $folder. Is the edge up, and is $host its name? Nothing was asked of $server"
        sleep 20
    done
    rm -f "$folder/check"
}

case $challenge in
    http)
        case $domains in *\**) fail "a wildcard ($domains) needs CERTBOT_CHALLENGE=cloudflare" ;; esac
        check_webroot
        method="--webroot --webroot-path $acme"
        advice="is there an A record that leads to this machine, and no AAAA record that leads elsewhere? is port 80 open \
from the internet, and is it the edge that answers there?"
        ;;
    cloudflare)
        grep -qs '^ *dns_cloudflare_api_token *=' "$credentials" || fail "$credentials has no line \
dns_cloudflare_api_token = …, or user $(id -u) cannot read it: see docs/guide/tls.md"
        method="--dns-cloudflare --dns-cloudflare-credentials $credentials \
--dns-cloudflare-propagation-seconds ${CLOUDFLARE_SECONDS:-30}"
        advice="does the token have Zone:DNS:Edit for this zone, and has it not expired? do Cloudflare's name servers answer \
for the zone?"
        ;;
    *) fail "CERTBOT_CHALLENGE=$challenge is neither http nor cloudflare" ;;
esac

status=0
set -f
named=
for domain in $domains; do
    named="$named --domain $domain"
done
# Words on purpose: none of them has a space.
# shellcheck disable=SC2086
certbot certonly --non-interactive --agree-tos --register-unsafely-without-email \
    --config-dir "$config" --work-dir "$work" --logs-dir "$work/logs" \
    --server "$server" --cert-name "$lineage" $named --renew-with-new-domains --keep-until-expiring \
    $method "$@" || status=$?

# Whatever certbot says, what there is gets to the edge; in one file, so that key and certificate always belong together.
live=$config/live/$lineage
if [ -e "$live/fullchain.pem" ] && ! cat "$live/fullchain.pem" "$live/privkey.pem" | cmp -s - "$file"; then
    new=$(mktemp "$file.XXXXXX")
    cat "$live/fullchain.pem" "$live/privkey.pem" >"$new"
    mv "$new" "$file"
    echo "tls: the edge has a new certificate from $server: $(openssl x509 -in "$file" -noout -enddate -serial | tr '\n' ' ')"
fi

if [ "$status" != 0 ]; then
    cat >&2 <<END
tls: no certificate for $domains from $server: see what it says above. Check:
  1. $advice
  2. is there a CAA record that forbids it? Then docs/guide/tls.md, "When it fails".
END
    exit 1
fi
[ "${CERTBOT_STAGING:-0}" = 0 ] || echo "tls: no browser trusts what staging signs: set CERTBOT_STAGING=0 now that it works"
