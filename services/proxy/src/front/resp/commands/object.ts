/** OBJECT: what Redis tells of how it keeps a value, as far as it means something for an object that lies elsewhere. */
import { arrayReply, bulkReply, integerReply, nullReply, type Reply, simpleReply } from '@sion/wire';
import type { Key, ObjectInfo } from '../../../objects/objects.ts';
import type { Call, Command } from '../command.ts';
import { readInteger } from '../numbers.ts';
import { ReplyError, wrongArity } from '../redis-errors.ts';

/** As Redis keeps strings: whole numbers as such, up to 44 bytes beside their header, longer ones apart. */
const [longestInteger, longestEmbedded] = [20, 44];

function subcommand(name: string, summary: string, since: string, run: Command['run']): Command {
  return {
    ...{ name: `object|${name}`, arity: 3, flags: ['readonly'], group: 'generic', summary, since, complexity: 'O(1)' },
    keys: { first: 2, last: 2, step: 1, flags: ['RO'] },
    tips: ['nondeterministic_output'],
    run,
  };
}

/** Null without an object, as in Redis. */
async function ofObject(call: Call, tell: (info: ObjectInfo, key: Key) => Reply | Promise<Reply>): Promise<Reply> {
  const [key = ''] = call.keys;
  const info = await call.front.objects.info(key);
  return info === undefined ? nullReply : tell(info, key);
}

const encoding = subcommand('encoding', 'Inspect the internal encoding of a Redis object', '2.2.3', (call) =>
  ofObject(call, async ({ sizeBytes }, key) => {
    if (sizeBytes > longestEmbedded) return bulkReply('raw');
    if (sizeBytes > longestInteger) return bulkReply('embstr');
    const outcome = await call.front.objects.read(key, { signal: call.signal });
    if (outcome.kind !== 'hit') return nullReply;
    return bulkReply(readInteger(await outcome.body.bytes()) === undefined ? 'embstr' : 'int');
  }),
);

const freq = subcommand('freq', 'Get the logarithmic access frequency counter of a Redis object', '4.0.0', (call) =>
  ofObject(call, () => {
    throw new ReplyError(
      'ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust.',
    );
  }),
);

const idletime = subcommand('idletime', 'Get the time since a Redis object was last accessed', '2.2.3', (call) =>
  ofObject(call, () => {
    throw new ReplyError('ERR idle times of single keys are not kept; sion status tells what lies in memory');
  }),
);

const refcount = subcommand('refcount', 'Get the number of references to the value of the key', '2.2.3', (call) =>
  ofObject(call, () => integerReply(1)),
);

const helpLines = [
  'OBJECT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:',
  'ENCODING <key>',
  '    Return the kind of internal representation used in order to store the value',
  '    associated with a <key>.',
  'FREQ <key>',
  '    Return the access frequency index of the <key>. The returned integer is',
  '    proportional to the logarithm of the recent access frequency of the key.',
  'IDLETIME <key>',
  '    Return the idle time of the <key>, that is the approximated number of',
  '    seconds elapsed since the last access to the key.',
  'REFCOUNT <key>',
  '    Return the number of references of the value associated with the specified',
  '    <key>.',
  'HELP',
  '    Prints this help.',
];

const help: Command = {
  ...{ name: 'object|help', arity: 2, flags: ['loading', 'stale'], group: 'generic', complexity: 'O(1)' },
  summary: 'Show helpful text about the different subcommands',
  since: '6.2.0',
  run: () => arrayReply(helpLines.map(simpleReply)),
};

/** OBJECT ENCODING | FREQ | IDLETIME | REFCOUNT key, OBJECT HELP */
export const object: Command = {
  name: 'object',
  arity: -2,
  flags: [],
  group: 'generic',
  summary: 'A container for object introspection commands',
  since: '2.2.3',
  complexity: 'Depends on subcommand.',
  subcommands: [encoding, refcount, freq, idletime, help],
  run: () => {
    throw wrongArity('object');
  },
};
