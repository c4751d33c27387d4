#!/usr/bin/env bash
# Ends what start.sh started in the folder that is given, by its process ids, and waits for it.
set -u
for name in client.rgw.a osd.0 mgr.a mon.a; do
  file="$1/run/$name.pid"
  [ -f "$file" ] || continue
  pid=$(cat "$file")
  kill "$pid" 2>/dev/null
  for _ in $(seq 100); do
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.1
  done
  kill -KILL "$pid" 2>/dev/null
done
exit 0
