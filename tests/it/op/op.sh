#!/bin/sh
# The part of `op`, 1Password's program, that cargo-credential-1password calls, as version 2 answers it. Beside this
# file: `signin` says how signing in goes, `calls` is written with the arguments of each call, and
# `items/ACCOUNT/ID/` has a file for each field of an item.
here=$(dirname "$0")
for argument; do printf '%s\037' "$argument"; done >>"$here/calls"
printf '\036' >>"$here/calls"

fail() {
    echo "[ERROR] 2026/01/01 00:00:00 $1" >&2
    exit 1
}

account=my.1password.com vault='' session='' title='' tags='' category='' password='' url='' words=''
while [ $# -gt 0 ]; do
    case $1 in
    --raw) shift && continue ;;
    --*=*) name=${1%%=*} value=${1#*=} && shift && set -- "$name" "$value" "$@" ;;
    esac
    case $1 in
    --account) account=$2 && shift ;;
    --vault) vault=$2 && shift ;;
    --session) session=$2 && shift ;;
    --title) title=$2 && shift ;;
    --tags) tags=$2 && shift ;;
    --category | --categories) category=$2 && shift ;;
    --format) shift ;;
    -*) fail "unknown flag: $1" ;;
    password=*) password=${1#*=} ;;
    url=*) url=${1#*=} ;;
    *) words="$words $1" ;;
    esac
    shift
done

signin=$(cat "$here/signin")
case "$signin$words" in
silent*) exec sleep 60 ;;
refused*) fail 'authorization prompt dismissed, please try again' ;;
'session signin') echo "session-of-$account" && exit ;;
'app signin') exit ;;
session*)
    if [ "$session" != "session-of-$account" ] && ! env | grep -q '^OP_SESSION_'; then
        fail 'You are not currently signed in. Please run `op signin --help` for instructions'
    fi
    ;;
esac

items=$here/items/$account
mkdir -p "$items"
tab=$(printf '\t')
json() { printf '"%s"' "$(sed "s/[\\\\\"]/\\\\&/g; s/$tab/\\\\t/g" "$1")"; }
is() { [ -z "$2" ] || [ "$(cat "$1")" = "$2" ]; }

# What the answers about an item begin with.
overview() {
    printf '{"id":"%s","title":%s,"version":1' "${1##*/}" "$(json "$1/title")"
    printf ',"vault":{"id":"v","name":%s},"category":"LOGIN"' "$(json "$1/vault")"
    if [ -s "$1/tags" ]; then printf ',"tags":[%s]' "$(json "$1/tags")"; fi
    if [ -s "$1/url" ]; then printf ',"urls":[{"label":"website","primary":true,"href":%s}]' "$(json "$1/url")"; fi
}

# The folder of the item with this id.
item() {
    if ! [ -d "$items/$1" ] || ! is "$items/$1/vault" "$vault"; then
        fail "\"$1\" isn't an item. Specify the item with its UUID, name, or domain."
    fi
    item=$items/$1
}

write() { printf '%s' "$2" >"$item/$1"; }

# The real one stores on a server: as long as that takes, its command line can be read.
ask_server() { sleep 0.3; }

set -- $words
case "$1 $2" in
'item list' | 'items list')
    separator=''
    printf '['
    for item in "$items"/*; do
        if [ -d "$item" ] && is "$item/vault" "$vault" && is "$item/tags" "$tags" && is "$item/category" "$category"; then
            printf '%s' "$separator" && overview "$item" && printf '}'
            separator=,
        fi
    done
    echo ']'
    ;;
'item get')
    item "$3"
    overview "$item"
    printf ',"fields":[{"id":"username","type":"STRING","purpose":"USERNAME","label":"username"}'
    printf ',{"id":"password","type":"CONCEALED","purpose":"PASSWORD","label":"password","value":%s}' \
        "$(json "$item/password")"
    echo ',{"id":"notesPlain","type":"STRING","purpose":"NOTES","label":"notesPlain"}]}'
    ;;
'item create')
    ask_server
    item=$items/item$(ls "$items" | wc -l | tr -d ' ')
    mkdir "$item" || exit 1
    write title "$title" && write tags "$tags" && write url "$url" && write password "$password"
    write vault "${vault:-Private}" && write category "$category"
    echo "ID:          ${item##*/}"
    ;;
'item edit')
    ask_server
    item "$3"
    write password "$password"
    echo "ID:          $3"
    ;;
'item delete')
    item "$3"
    rm -r "$item"
    ;;
*) fail "unknown command \"$*\" for \"op\"" ;;
esac
