# shellcheck shell=bash
# Sourced by the scripts about the notebook image: what it is made from, and the tag that says so.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

base_image=${MYELIN_BASE_IMAGE:-myelin/base:bookworm}

image_id() { # <image>
  docker image inspect --format '{{.Id}}' "$1" 2>/dev/null
}

image_sources() { # the files the image is made from, as paths below the checkout
  cd "$checkout" || return
  echo requirements/image.lock
  find images/notebook -type f -not -path '*/__pycache__/*' | LC_ALL=C sort
}

image_tag() {
  local base files
  base=$(image_id "$base_image") ||
    fail "there is no base image $base_image" "start Docker and run: make image"
  files=$(image_sources | (cd "$checkout" && xargs -d '\n' sha256sum))
  printf 'myelin/notebook:%s\n' "$(printf '%s\n%s\n' "$base" "$files" | sha256sum | cut -c 1-12)"
}
