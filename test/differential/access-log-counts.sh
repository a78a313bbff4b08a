#!/bin/sh
# Counts page views, visitors and pages of an access log in combined format with awk and sort alone, by the definition
# of docs/reference/imports.md and without a line of the import's code. Prints `pageviews N`, `visitors N`, then
# `page N PATH` for each page, most viewed first.
#
#   access-log-counts.sh LOG ROBOTS
#
# ROBOTS is a file of user agents, one a line, whose requests are left out; /dev/null leaves out none. The log's times
# must be in UTC.
set -eu
export LC_ALL=C
sed 's/\\"/%22/g' "$1" | awk -F'"' -v robots="$2" '
  BEGIN {
    while ((getline line < robots) > 0) is_robot[line] = 1
    list = "css js mjs cjs map json xml xsl xslt wasm webmanifest txt csv rss atom " \
      "png jpg jpeg gif svg svgz webp avif ico bmp tif tiff cur woff woff2 ttf otf eot swf class " \
      "mp3 mp4 m4a m4v ogg oga ogv webm wav flac aac avi mov mpg mpeg mkv wmv flv " \
      "pdf doc docx xls xlsx ppt pptx odt ods odp rtf epub mobi ics " \
      "zip gz tgz bz2 tbz xz 7z rar tar jar deb rpm dmg pkg exe msi apk iso bin torrent"
    count = split(list, endings, " ")
    for (i = 1; i <= count; i++) is_asset[endings[i]] = 1
  }
  {
    split($1, head, " "); split($2, request, " "); split($3, answer, " ")
    if (request[1] != "GET" || (answer[1] != 200 && answer[1] != 304) || ($6 in is_robot)) next
    path = request[2]; sub(/[?#].*/, "", path)
    ending = tolower(path); dots = sub(/.*\./, "", ending)
    if (dots && ending ~ /^[a-z0-9]+$/ && (ending in is_asset)) next
    views++; seen[substr(head[4], 2, 11) SUBSEP head[1] SUBSEP $6] = 1; pages[path]++
  }
  END {
    visitors = 0; for (visitor in seen) visitors++
    print "pageviews " (views + 0); print "visitors " visitors
    for (path in pages) print "page " pages[path] " " path | "sort -k2,2nr -k3"
  }'
