/** Every command, each from its own file. A new one is a file and a line here. */
import type { Command } from '../command.ts';
import { client } from './client.ts';
import { command } from './command.ts';
import { config } from './config.ts';
import { del, unlink } from './del.ts';
import { echo } from './echo.ts';
import { exists } from './exists.ts';
import { expire, persist, pexpire } from './expire.ts';
import { get } from './get.ts';
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
import { sion } from './sion.ts';
import { strlen } from './strlen.ts';
import { pttl, ttl } from './ttl.ts';
import { type } from './type.ts';

export const commands: readonly Command[] = [
  ...[get, set, mget, mset, strlen, incr, decr, incrby, decrby, incrbyfloat],
  ...[del, unlink, exists, type, ttl, pttl, expire, pexpire, persist],
  ...[ping, echo, hello, quit, reset, select, client],
  ...[command, config, info, sion],
];
