/** Small changes to the edge's files after which everything that is promised still holds, each with the reason. */

type Harmless = { readonly is: RegExp; readonly because: string };

const MAPS = String.raw`passerby/maps\.conf:\d+ `;
const LIMITS = String.raw`passerby/limits\.conf:\d+ `;
const PROXY = String.raw`passerby/proxy\.conf:\d+ `;
const TLS = String.raw`passerby/tls\.conf:\d+ `;
const LOG = String.raw`passerby/access-log\.conf:\d+ `;
const TEMPLATE = String.raw`templates/passerby\.conf\.template:\d+ `;

const of = (file: string, rest: string, because: string): Harmless => ({
  is: new RegExp(`^${file}(?:${rest})`),
  because,
});

export const HARMLESS: readonly Harmless[] = [
  of(
    String.raw`(?:passerby/maps|templates/passerby)\.conf\S*:\d+ `,
    'drop default +"";|default +""; with defaultx',
    "without a default a map gives nothing, which is what this default gives",
  ),
  of(
    MAPS,
    String.raw`(?:429|50[234]) +\d+; (?:with \d+$|swapped)`,
    "any whole number of seconds within the bounds is the owner's choice",
  ),
  of(
    MAPS,
    'drop ""  +"";|"" +""; with "x"|default "Retry-After, ETag, Passerby-Config"; with',
    "a page that may not read the answer is told which headers it could read; errors of nginx bear neither ETag nor Passerby-Config",
  ),
  of(
    MAPS,
    "(?:drop )?map_hash_bucket_size",
    "nginx's own size is enough for these keys, and a larger one costs some bytes",
  ),
  of(
    MAPS,
    String.raw`(?:drop )?default +\$http_accept_encoding`,
    "the collector packs only scripts, which the other entry is for",
  ),
  of(
    LIMITS,
    String.raw`limit_conn_zone \S+ zone=\w+:1?1m; with zone=\w+:10m|limit_conn_zone \S+ zone=edge_connections:10m; with zone=edge_connections:1m`,
    "either size has room for a busy minute",
  ),
  of(
    LIMITS,
    "drop (?:send_timeout|keepalive_timeout|lingering_time|lingering_timeout|client_header_buffer_size|large_client_header_buffers|http2_max_concurrent_streams)",
    "nginx's own value lies within the bounds",
  ),
  of(LIMITS, "lingering_time 10s; with 1s", "still within the bounds"),
  of(
    LIMITS,
    "drop client_max_body_size|client_max_body_size 64k; with 640k",
    "events have a cap of their own, and the other routes may have nginx's 1m",
  ),
  of(
    LIMITS,
    "drop reset_timedout_connection",
    "the memory of a connection that ran out of time is freed a little later",
  ),
  of(
    PROXY,
    "(?:drop )?proxy_set_header (?:Forwarded|X-Real-IP|X-Forwarded-Host|X-Forwarded-Port) ",
    "the collector reads X-Forwarded-For alone",
  ),
  of(
    PROXY,
    "drop proxy_set_header Cookie|proxy_set_header Cookie .* with Cookiex",
    "the collector reads no cookie under /api/metrics/",
  ),
  of(PROXY, "drop proxy_(?:send|read)_timeout", "nginx's own 60s lies within the bounds"),
  of(PROXY, "drop proxy_next_upstream", "with one collector there is no next one"),
  of(PROXY, "(?:drop )?proxy_hide_header", "the collector sends neither of these headers"),
  of(TLS, "(?:drop )?ssl_prefer_server_ciphers", "all ciphers offered are strong: it does not matter who chooses"),
  of(
    TLS,
    "drop ssl_(?:ecdh_curve|session_timeout)|ssl_session_timeout 1d; with 1m",
    "nginx's own value is as good, or sessions end sooner",
  ),
  of(
    LOG,
    String.raw`drop default +(?:"";|\(other\))|default +(?:""|\(other\)); with`,
    "a path or address that is none of ours is nobody's, whatever it is called",
  ),
  of(
    String.raw`passerby/headers\.conf:\d+ `,
    "drop add_header X-XSS-Protection|add_header X-XSS-Protection 0 always; with X-XSS-Protectionx",
    "browsers have removed what it turns off: it may be left out",
  ),
  of(
    String.raw`nginx\.conf:\d+ `,
    "drop worker_|worker_rlimit_nofile 16384; with 163840",
    "one worker, or the limit of the machine or container, serves as well",
  ),
  of(String.raw`nginx\.conf:\d+ `, "(?:error|access)_log .*logx", "another file name"),
  of(String.raw`nginx\.conf:\d+ `, "(?:drop )?include passerby/on/cdn", "nothing is turned on there"),
  of(
    TEMPLATE,
    "keepalive 32; with|(?:drop )?keepalive_requests|drop keepalive_timeout|keepalive_timeout 60s; with 6s|drop server_name _|server_name _; with",
    "any number within the bounds; a default server takes what has no name, whatever it is called",
  ),
  of(
    TEMPLATE,
    "proxy_cache_path .* with (?:\\S*passerbyx|keys_zone=edge_scripts:10m|max_size=\\d+m|inactive=70d)",
    "name, room and time of the cache are the owner's choice",
  ),
  of(TEMPLATE, "drop access_log off", "the log of the health check holds nobody's address"),
  of(TEMPLATE, "(?:drop )?default_type text/plain", "certificate authorities do not read the type"),
  of(
    TEMPLATE,
    String.raw`drop (?:return 405;|if \(\$request_method)`,
    "the collector refuses these methods itself, in the same words",
  ),
  of(TEMPLATE, "drop client_max_body_size", "the same cap is inherited"),
  of(
    TEMPLATE,
    "(?:drop )?proxy_cache_(?:lock|revalidate|background_update)",
    "a script is fetched once more, or a moment later",
  ),
  of(TEMPLATE, "drop proxy_ignore_headers", "the cache heeds what the collector says of its scripts"),
  of(
    TEMPLATE,
    String.raw`gzip_types .* with (?:application/javascriptx|image/svg\+xmlx)`,
    "the collector sends text/javascript and no drawings",
  ),
];
