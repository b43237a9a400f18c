# shellcheck shell=bash
# Sourced by the scripts beside it: where things are kept, how a long step is shown, how a script gives up.
set -euo pipefail
umask 022
shopt -s inherit_errexit
export PATH=$PATH:/usr/sbin:/sbin

# shellcheck disable=SC2034 # for the scripts that source this
checkout=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
state=${MYELIN_STATE:-/var/lib/myelin}
cache=${MYELIN_CACHE:-/var/cache/myelin}
logs=$cache/logs

fail() { # <what is wrong> <what to do next>
  printf 'myelin: %s\n  next: %s\n' "$1" "$2" >&2
  exit 1
}

make_folders() {
  mkdir -p "$state" "$cache" "$logs" ||
    fail "cannot write to $state and $cache" "run as root, or set MYELIN_STATE and MYELIN_CACHE to folders of yours"
}

# Two runs at once would make the same things twice. Programs that outlive the script must close descriptor 9.
wait_for_turn() {
  make_folders
  exec 9>"$cache/setup.lock"
  flock --nonblock 9 || { echo "myelin: waiting for another setup on this machine to end"; flock 9; }
}

show_time() { # <what is done>, until the script ends or is told to stop
  local started=$SECONDS
  while sleep 1 && kill -0 $$ 2>/dev/null; do
    if [[ -t 1 ]]; then
      printf '\r  %s ... %d s' "$1" $((SECONDS - started))
    elif (((SECONDS - started) % 15 == 0)); then
      printf '  %s ... %d s\n' "$1" $((SECONDS - started))
    fi
  done
}

run_step() { # <what is done> <what to do when it fails> <command> [argument ...]
  local what=$1 advice=$2 log started=$SECONDS ticker code
  shift 2
  log=$logs/$1.log
  printf '  %s ...' "$what"
  [[ -t 1 ]] || echo
  show_time "$what" 9>&- &
  ticker=$!
  # Not `if "$@"`: bash ignores errexit inside a condition, and a step would go on after its first failure.
  set +e
  (set -e; "$@") >"$log" 2>&1 </dev/null
  code=$?
  set -e
  kill "$ticker"
  wait "$ticker" 2>/dev/null || true
  [[ -t 1 ]] && printf '\r'
  if ((code != 0)); then
    printf '  %s: failed after %d s; the end of %s:\n' "$what" $((SECONDS - started)) "$log"
    tail -n 20 "$log" | awk '{ print "    | " $0 }'
    fail "$what: failed" "$advice"
  fi
  printf '  %s: done (%d s)\n' "$what" $((SECONDS - started))
}

fingerprint() { # of the files named, in this order
  cat "$@" | sha256sum | cut -d ' ' -f 1
}

# A folder made from something else remembers what, so that it is made again only when that changes.
is_made_from() { # <folder> <fingerprint>
  [[ -f $1/.made-from && $(<"$1/.made-from") == "$2" ]]
}

remember_made_from() { # <folder> <fingerprint>
  printf '%s\n' "$2" >"$1/.made-from"
}
