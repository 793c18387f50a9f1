#!/bin/sh
# shellcheck disable=SC1090  # sources files that tests write
# Mock of penguin-app and penguin-proxy. The harness links it under the name of the program and may add NAME.serve (run
# before it is healthy) and NAME.term (run on SIGTERM).
here=$(dirname "$0")
name=$(basename "$0")
name=${name#penguin-}

# The log file first, since stdout may be closed.
note() {
    echo "$name: $1" >> "$here/events"
    echo "$1"
}

case $1 in
health)
    test -e "$here/$name.up" || { echo "no response"; exit 1; } ;;
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
