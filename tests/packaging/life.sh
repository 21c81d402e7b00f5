#!/bin/sh
# The life of the Debian package inside a clean root, in a network of its own: sh life.sh FIRST.deb SECOND.deb
# One line "ok …" for each thing that holds; the first that does not ends it.
set -eu
export LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive PATH=/usr/sbin:/usr/bin:/sbin:/bin

dpkg -i "$1" >/dev/null
[ "$(dpkg-query -W -f '${Status}' camagent)" = "install ok installed" ] && echo "ok installed"
cd /tmp
version=$(camagent --version | cut -d" " -f2)
camagent --version | grep -q "/opt/camagent/lib" && echo "ok version"
id camagent >/dev/null && echo "ok user"
dpkg --verify camagent && echo "ok sums"
gzip -dc /usr/share/man/man1/camagent.1.gz | grep -q "^\.SH NAME" &&
  gzip -dc /usr/share/man/vi/man1/camagent.1.gz | grep -q "^\.SH TÊN" && echo "ok manual"
camagent doctor --subnet 127.10.1.0/28 --lang en >doctor.txt || [ $? -eq 1 ]
grep -q "find cameras" doctor.txt && echo "ok doctor"
camagent demo --cameras 3 --output demo >demo.txt 2>demo.err || { cat demo.err; exit 1; }
[ -s demo/camagent.xlsx ] && echo "ok demo"

serve() { # as the unit does: its user, its environment, its command
  unit=/lib/systemd/system/camagent.service
  command=$(sed -n 's/^ExecStart=//p' $unit)
  # shellcheck disable=SC2046,SC2086  # words of the unit
  env -i $(sed -n 's/^Environment=//p' $unit) setpriv --reuid camagent --regid camagent --clear-groups \
    --no-new-privs $command >>/tmp/serve.log 2>&1 &
  service=$!
  for _ in $(seq 120); do
    python3 -c "import urllib.request as u; print(u.urlopen('http://127.0.0.1:9797/metrics').read().decode())" \
      >metrics.txt 2>/dev/null && break
    kill -0 $service || { cat /tmp/serve.log; exit 1; }
    sleep 1
  done
  grep -q "^camagent_build_info{.*$1" metrics.txt || return 1 # set -e does not hold inside a condition
  kill -TERM $service
  wait $service
}

install -d -o camagent -g camagent -m 700 /var/lib/camagent
printf '\n[discovery]\nsubnets = ["127.10.9.0/30"]\n' >>/etc/camagent/camagent.toml
chgrp camagent /etc/camagent/camagent.toml
serve "$version" && echo "ok serves"
[ -s /var/lib/camagent/camagent.sqlite ] && echo "ok record"

dpkg -i "$2" >/dev/null
dpkg-query -W -f '${Version}' camagent | grep -q "^9:" && echo "ok upgraded"
grep -q 127.10.9.0 /etc/camagent/camagent.toml && echo "ok configuration kept"
serve "$version" && echo "ok serves again"

dpkg -r camagent >/dev/null
[ ! -e /opt/camagent ] && [ ! -e /usr/bin/camagent ] && echo "ok removed"
[ -s /etc/camagent/camagent.toml ] && [ -s /var/lib/camagent/camagent.sqlite ] && echo "ok what was made is kept"
dpkg -P camagent >/dev/null
[ ! -e /etc/camagent ] && [ ! -e /var/lib/camagent ] && echo "ok purged"
