#!/bin/sh
# Installs what the tests run against, when it is missing. Needs root (or sudo) only then.
set -eu
list=$(dirname "$0")/debian-packages.txt
missing=
while read -r name; do
  dpkg-query -W -f '${Status}' "$name" 2>/dev/null | grep -q 'ok installed' || missing="$missing $name"
done <"$list"
[ -z "$missing" ] && exit 0
echo "Installing from Debian:$missing"
sudo=
[ "$(id -u)" -eq 0 ] || sudo=$(command -v sudo) || {
  echo "The tests need these Debian packages:$missing"
  echo "Install them as root (apt-get install$missing) and run make test again."
  exit 1
}
$sudo apt-get update -q
# shellcheck disable=SC2086 -- one word per package
DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -q --no-install-recommends $missing
