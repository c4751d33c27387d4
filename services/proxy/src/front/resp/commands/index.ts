/** Every command, each from its own file. A new one is a file and a line here. */
import type { Command } from '../command.ts';
import { append } from './append.ts';
import { auth } from './auth.ts';
import { client } from './client.ts';
import { command } from './command.ts';
import { config } from './config.ts';
import { copy } from './copy.ts';
import { del, unlink } from './del.ts';
import { echo } from './echo.ts';
import { exists, touch } from './exists.ts';
import { expire, expireat, persist, pexpire, pexpireat } from './expire.ts';
import { flushall, flushdb } from './flush.ts';
import { get } from './get.ts';
import { getdel } from './getdel.ts';
import { getex } from './getex.ts';
import { getrange, substr } from './getrange.ts';
import { getset } from './getset.ts';
import { hello } from './hello.ts';
import { decr, decrby, incr, incrby } from './incr.ts';
import { incrbyfloat } from './incrbyfloat.ts';
import { info } from './info.ts';
import { dbsize, keys, randomkey } from './keys.ts';
import { memory } from './memory.ts';
import { mget } from './mget.ts';
import { mset } from './mset.ts';
import { object } from './object.ts';
import { ping } from './ping.ts';
import { quit } from './quit.ts';
import { rename, renamenx } from './rename.ts';
import { reset } from './reset.ts';
import { scan } from './scan.ts';
import { select } from './select.ts';
import { set } from './set.ts';
import { psetex, setex } from './setex.ts';
import { setnx } from './setnx.ts';
import { setrange } from './setrange.ts';
import { sion } from './sion.ts';
import { slowlog } from './slowlog.ts';
import { strlen } from './strlen.ts';
import { time } from './time.ts';
import { expiretime, pexpiretime, pttl, ttl } from './ttl.ts';
import { type } from './type.ts';
import { wait } from './wait.ts';

export const commands: readonly Command[] = [
  ...[get, set, mget, mset, strlen, incr, decr, incrby, decrby, incrbyfloat],
  ...[setex, psetex, setnx, getset, getdel, getex, append, setrange, getrange, substr],
  ...[del, unlink, exists, touch, type, ttl, pttl, expiretime, pexpiretime],
  ...[expire, pexpire, expireat, pexpireat, persist],
  ...[copy, rename, renamenx, object, memory],
  ...[scan, keys, randomkey, dbsize, flushall, flushdb],
  ...[ping, echo, auth, hello, quit, reset, select, client],
  ...[command, config, info, time, wait, slowlog, sion],
];
