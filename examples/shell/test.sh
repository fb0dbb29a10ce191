#!/usr/bin/env bash
# Tests against an emulator: that of UPTRENDS_EMULATOR, or else one that is started on a free port.
set -euo pipefail

work=$(mktemp -d)
process=
finish() {
    if [ -n "$process" ]; then
        kill "$process" 2> /dev/null && wait "$process"
    fi
    rm -rf "$work"
}
trap finish EXIT

# Prints a text field of a JSON object on stdin.
field() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"; }

emulator=${UPTRENDS_EMULATOR:-}
if [ -z "$emulator" ]; then
    program=${UPTRENDS_BINARY:-uptrends-emulator}
    # Variables rather than flags, so that `healthcheck` sees them as well.
    export UPTRENDS_EMULATOR_LISTEN=127.0.0.1:0 UPTRENDS_EMULATOR_READY_FILE=$work/ready.json
    "$program" --log warn > "$work/stdout" &
    process=$!
    "$program" healthcheck --wait 10s
    emulator=$(field url < "$work/ready.json")
fi

account=$(curl -sf -X POST "$emulator/_emulator/accounts")
authorization=$(field authorization <<< "$account")
api=$(field baseUrl <<< "$account")

# Sends a request with the account's credentials. Prints the response, and its status on a line of its own.
uptrends() {
    local path=$1
    shift
    curl -s -w '\n%{http_code}\n' -H "Authorization: $authorization" -H 'Content-Type: application/json' "$api$path" "$@"
}

# Compares the status of a response, which is its last line.
expect() {
    if [ "${2##*$'\n'}" != "$1" ]; then
        echo "expected $1: $2" >&2
        exit 1
    fi
}

operator='{"FullName": "Third Operator", "Email": "third@example.com"}'
expect 201 "$(uptrends /Operator -d "$operator")"
expect 200 "$(uptrends /Operator | tee "$work/operators.json")"
grep -q '"FullName":"Third Operator"' "$work/operators.json"

# An address is taken once.
expect 403 "$(uptrends /Operator -d "$operator")"

curl -sf -X DELETE "$emulator/_emulator/accounts/$(field accountId <<< "$account")"
echo "3 passed, 0 failed"
