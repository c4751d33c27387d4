/** Every conversation, each from its own file. A new one is a file and a line here. */
import { absoluteExpiry } from './absolute-expiry.ts';
import { appendRange } from './append-range.ts';
import { client } from './client.ts';
import { clients, newerClients, oldKill, sion, tracking } from './clients.ts';
import { configuration } from './configuration.ts';
import { connection } from './connection.ts';
import { copyRename } from './copy-rename.ts';
import { descriptions } from './descriptions.ts';
import { expiry } from './expiry.ts';
import { floats } from './floats.ts';
import { flush } from './flush.ts';
import { getVariants } from './get-variants.ts';
import { hello } from './hello.ts';
import { integers } from './integers.ts';
import { keys } from './keys.ts';
import type { Conversation } from './line.ts';
import { objectMemory } from './object-memory.ts';
import { replies } from './replies.ts';
import { scanning } from './scanning.ts';
import { server } from './server.ts';
import { set } from './set.ts';
import { setVariants } from './set-variants.ts';
import { slowLog } from './slow-log.ts';
import { unknown } from './unknown.ts';

/** By name, which is also what its keys begin with, where it has any. */
export const conversations: Readonly<Record<string, Conversation>> = {
  ...{ descriptions, connection, hello, client, unknown, server },
  ...{ clients, 'old kill': oldKill, tracking, 'newer clients': newerClients, sion, replies },
  ...{ configuration, 'slow log': slowLog },
  ...{ set, keys, integers, floats, expiry },
  ...{ setvariants: setVariants, getvariants: getVariants, absolute: absoluteExpiry },
  ...{ range: appendRange, copy: copyRename, scanning, objects: objectMemory, flush },
};
