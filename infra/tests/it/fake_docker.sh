#!/bin/sh
# Fake `docker`, linked into a folder on PATH. Appends each call, and what `login` reads from standard input, to the file
# `calls` in that folder. Fails at calls that begin with the text in the file `fails`; waits for ever at those in `hangs`.
here=$(dirname "$0")
echo "$*" >>"$here/calls"
case $1 in
login) echo "standard input: $(cat)" >>"$here/calls" ;;
version) echo 29.0.0 ;;
*) echo "output of docker $1" ;;
esac
begins_with() {
    test -e "$here/$1" || return 1
    case $2 in "$(cat "$here/$1")"*) return 0 ;; *) return 1 ;; esac
}
if begins_with hangs "$*"; then exec sleep 1000; fi
if begins_with fails "$*"; then
    echo "WARNING: noise" >&2
    echo "reason that docker gives" >&2
    exit 1
fi
