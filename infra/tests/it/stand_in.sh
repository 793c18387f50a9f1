#!/bin/sh
# shellcheck disable=SC1090  # what to do is read from files that each test writes
# A server like penguin-app and penguin-proxy, as far as their runner can tell. A stage links it under the name of the
# program and may lay NAME.serve (what it does before it is healthy) and NAME.term (what it does on SIGTERM) beside it.
here=$(dirname "$0")
name=$(basename "$0")
name=${name#penguin-}

# Into the diary first: stdout may be gone.
note() {
    echo "$name: $1" >> "$here/diary"
    echo "$1"
}

case $1 in
health)
    test -e "$here/$name.up" || { echo "nobody answers"; exit 1; } ;;
serve)
    echo $$ > "$here/$name.pid"
    if test -e "$here/$name.term"; then
        trap '. "$here/$name.term"' TERM
    else
        trap 'note drained; exit 0' TERM
    fi
    note serves
    if test -e "$here/$name.serve"; then . "$here/$name.serve"; fi
    touch "$here/$name.up"
    while :; do sleep 1000 & wait $!; done ;;
esac
