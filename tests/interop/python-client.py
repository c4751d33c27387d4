"""Debian's python3-redis, unchanged, against the port that is given: what an application in Python does."""

import sys
import threading

import redis

port = int(sys.argv[1])
client = redis.Redis(host="127.0.0.1", port=port, client_name="python")
assert client.ping()

# Strings, bytes, conditions, expiry.
value = bytes(range(256)) * 1000
assert client.set("py:bytes", value)
assert client.get("py:bytes") == value
assert client.get("py:nothing") is None
assert client.set("py:once", "1", nx=True) is True
assert client.set("py:once", "2", nx=True) is None
assert client.set("py:once", "3", get=True) == b"1"
assert client.setex("py:soon", 100, "x") and 95 <= client.ttl("py:soon") <= 100
assert client.expire("py:soon", 1000) and client.persist("py:soon") and client.ttl("py:soon") == -1
assert client.getex("py:soon", ex=50) == b"x" and client.getdel("py:soon") == b"x"
assert client.append("py:text", "hello") == 5 and client.setrange("py:text", 5, " you") == 9
assert client.getrange("py:text", 0, 4) == b"hello" and client.strlen("py:text") == 9

# Several keys, counters, listing.
assert client.mset({f"py:many:{i}": str(i) for i in range(50)})
assert client.mget("py:many:1", "py:many:x", "py:many:49") == [b"1", None, b"49"]
assert sorted(client.scan_iter(match="py:many:*", count=7)) == sorted(f"py:many:{i}".encode() for i in range(50))
assert client.exists("py:many:1", "py:many:2", "py:none") == 2
assert client.rename("py:many:1", "py:renamed") and client.copy("py:renamed", "py:copied")
assert client.delete("py:many:2", "py:many:3") == 2 and client.unlink("py:many:4") == 1
assert client.incr("py:n", 41) == 41 and client.decr("py:n") == 40 and client.incrbyfloat("py:f", 1.5) == 1.5

# A pipeline without a transaction; one that fails in the middle.
pipe = client.pipeline(transaction=False)
for _ in range(500):
    pipe.incr("py:piped")
assert pipe.execute() == list(range(1, 501))
pipe.set("py:word", "x").incr("py:word").get("py:word")
results = pipe.execute(raise_on_error=False)
assert results[0] is True and isinstance(results[1], redis.ResponseError) and results[2] == b"x", results

# Several threads, one pool: no increment is lost.
threads = [threading.Thread(target=lambda: [client.incr("py:threads") for _ in range(50)]) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
assert client.get("py:threads") == b"400"

# What tools ask, in the shapes that this library parses.
assert client.info()["redis_version"].startswith("7.0.")
# Versions of the library differ in which of the two they send.
stats = client.info("commandstats")
assert sum(stats[name]["calls"] for name in ("cmdstat_incr", "cmdstat_incrby") if name in stats) > 900
assert client.config_get("maxmemory*")["maxmemory-policy"] == "noeviction"
assert client.command_count() > 50 and "get" in client.command()
assert client.time()[0] > 1_600_000_000 and client.client_getname() == "python"
assert any(each["name"] == "python" for each in client.client_list())
assert client.slowlog_len() >= 0 and isinstance(client.slowlog_get(), list)
assert client.dbsize() >= 0 and client.object("encoding", "py:n") == b"int"

# What is not there is refused in Redis's words, and the connection goes on.
for refused in (lambda: client.lpush("py:list", 1), lambda: client.publish("channel", "x"), lambda: client.eval("return 1", 0)):
    try:
        refused()
    except redis.ResponseError as error:
        assert str(error).startswith("unknown command"), error
    else:
        raise AssertionError("was not refused")
assert client.ping()
print(f"python3-redis {redis.__version__}: all is well")
