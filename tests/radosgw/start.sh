#!/usr/bin/env bash
# Starts a real S3 server to hold the S3 store against: Debian's radosgw over one monitor, one manager and one OSD whose
# objects live in memory. All of it lies in the folder that is given and ends with stop.sh. As root, after
#
#     apt-get install -y --no-install-recommends radosgw ceph-mon ceph-osd ceph-mgr
#
#     tests/radosgw/start.sh FOLDER [PORT [MONITOR_PORT]]
#
# prints the endpoint; the bucket is sion-test, the keys are key and secret. Everything listens on this machine alone. What
# was started is ended again when the rest does not start. tests/radosgw/radosgw.ts does all this for tests.
set -eu -o pipefail
mkdir -p "$1"
dir=$(cd "$1" && pwd)
port=${2:-7480}
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$dir"/{mon,mgr,osd,run,log}
fsid=$(cat /proc/sys/kernel/random/uuid)
mon="[v2:127.0.0.1:${3:-$((port + 1))}/0]"

cat >"$dir/ceph.conf" <<CONF
[global]
fsid = $fsid
mon host = $mon
keyring = $dir/keyring
pid file = $dir/run/\$name.pid
log file = $dir/log/\$name.log
run dir = $dir/run
admin socket = $dir/run/\$name-\$pid.asok
ms bind ipv6 = false
public addr = 127.0.0.1
cluster addr = 127.0.0.1
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 8
osd crush chooseleaf type = 0
mon allow pool size one = true
[mon.a]
mon data = $dir/mon
[mgr.a]
mgr data = $dir/mgr
[osd.0]
osd data = $dir/osd
osd objectstore = memstore
memstore device bytes = 4294967296
[client.rgw.a]
rgw frontends = beast endpoint=127.0.0.1:$port
CONF

ring() { ceph-authtool "$dir/keyring" --gen-key "$@" >/dev/null; }
ceph-authtool --create-keyring "$dir/keyring" >/dev/null
ring -n mon. --cap mon 'allow *'
ring -n client.admin --cap mon 'allow *' --cap osd 'allow *' --cap mgr 'allow *'
ring -n mgr.a --cap mon 'allow profile mgr' --cap osd 'allow *'
ring -n osd.0 --cap mon 'allow profile osd' --cap osd 'allow *' --cap mgr 'allow profile osd'
ring -n client.rgw.a --cap mon 'allow rw' --cap osd 'allow rwx'

{
  conf=(-c "$dir/ceph.conf")
  monmaptool --create --fsid "$fsid" --addv a "$mon" "$dir/monmap"
  ceph-mon "${conf[@]}" -i a --mkfs --monmap "$dir/monmap" --keyring "$dir/keyring"
  ceph-mon "${conf[@]}" -i a --setuser root --setgroup root
  osd=$(cat /proc/sys/kernel/random/uuid)
  ceph "${conf[@]}" --connect-timeout 30 osd new "$osd"
  ceph-mgr "${conf[@]}" -i a
  ceph-osd "${conf[@]}" -i 0 --mkfs --osd-uuid "$osd" --keyring "$dir/keyring"
  ceph-osd "${conf[@]}" -i 0
  timeout 90 radosgw "${conf[@]}" -n client.rgw.a
  timeout 60 radosgw-admin "${conf[@]}" user create --uid sion --display-name sion --access-key key --secret-key secret
  node "$here/make-bucket.ts" "http://127.0.0.1:$port" sion-test
} >"$dir/log/start.log" 2>&1 || {
  cat "$dir/log/start.log" >&2
  "$here/stop.sh" "$dir"
  exit 1
}
echo "http://127.0.0.1:$port"
