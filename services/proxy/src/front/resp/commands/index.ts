/** Every command, each from its own file. A new one is a file and a line here. */
import type { Command } from '../command.ts';
import { client } from './client.ts';
import { command } from './command.ts';
import { config } from './config.ts';
import { del, unlink } from './del.ts';
import { echo } from './echo.ts';
import { exists, touch } from './exists.ts';
import { expire, expireat, persist, pexpire, pexpireat } from './expire.ts';
import { get } from './get.ts';
import { getdel } from './getdel.ts';
import { getex } from './getex.ts';
import { getset } from './getset.ts';
import { hello } from './hello.ts';
import { decr, decrby, incr, incrby } from './incr.ts';
import { incrbyfloat } from './incrbyfloat.ts';
import { info } from './info.ts';
import { mget } from './mget.ts';
import { mset } from './mset.ts';
import { ping } from './ping.ts';
import { quit } from './quit.ts';
import { reset } from './reset.ts';
import { select } from './select.ts';
import { set } from './set.ts';
import { psetex, setex } from './setex.ts';
import { setnx } from './setnx.ts';
import { sion } from './sion.ts';
import { strlen } from './strlen.ts';
import { expiretime, pexpiretime, pttl, ttl } from './ttl.ts';
import { type } from './type.ts';

export const commands: readonly Command[] = [
  ...[get, set, mget, mset, strlen, incr, decr, incrby, decrby, incrbyfloat],
  ...[setex, psetex, setnx, getset, getdel, getex],
  ...[del, unlink, exists, touch, type, ttl, pttl, expiretime, pexpiretime],
  ...[expire, pexpire, expireat, pexpireat, persist],
  ...[ping, echo, hello, quit, reset, select, client],
  ...[command, config, info, sion],
];
