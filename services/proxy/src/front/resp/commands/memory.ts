/**
 * MEMORY: what an object takes, and what the functions' memory holds in all. Redis tells of one process's heap; here
 * objects lie in the functions and in the store, and only what is known of them is told.
 */
import { arrayReply, integerReply, mapReply, nullReply, type Reply, simpleReply } from '@sion/wire';
import type { Call, Command } from '../command.ts';
import { requireInteger } from '../numbers.ts';
import { syntaxError, wrongArity } from '../redis-errors.ts';

const machineTips = ['nondeterministic_output', 'request_policy:all_shards', 'response_policy:special'];

const usage: Command = {
  ...{ name: 'memory|usage', arity: -3, flags: ['readonly'], group: 'server', since: '4.0.0' },
  keys: { first: 2, last: 2, step: 1, flags: ['RO'] },
  summary: 'Estimate the memory usage of a key',
  complexity: 'O(N) where N is the number of samples.',
  run: tellUsage,
};

/** The bytes of key and value: what the object is, wherever it lies. */
async function tellUsage({ args, keys: [key = ''], front: { objects } }: Call): Promise<Reply> {
  for (let at = 3; at < args.length; at += 2) {
    if (args[at]?.toString('latin1').toLowerCase() !== 'samples' || at + 1 >= args.length) throw syntaxError();
    if (requireInteger(args[at + 1]) < 0n) throw syntaxError();
  }
  const info = await objects.info(key);
  return info === undefined ? nullReply : integerReply(key.length + info.sizeBytes);
}

const stats: Command = {
  ...{ name: 'memory|stats', arity: 2, flags: [], group: 'server', since: '4.0.0', complexity: 'O(1)' },
  summary: 'Show memory usage details',
  tips: machineTips,
  async run({ front: { objects, status } }) {
    const { memory } = status.status();
    const share = memory.capacityBytes === 0 ? 0 : (memory.usedBytes / memory.capacityBytes) * 100;
    return mapReply([
      ['keys.count', integerReply(await objects.estimateCount())],
      ['dataset.bytes', integerReply(memory.usedBytes)],
      ['sion.capacity.bytes', integerReply(memory.capacityBytes)],
      ['sion.used.percentage', { kind: 'double', value: share }],
    ]);
  },
};

const doctor: Command = {
  ...{ name: 'memory|doctor', arity: 2, flags: [], group: 'server', since: '4.0.0', complexity: 'O(1)' },
  summary: 'Outputs memory problems report',
  tips: machineTips,
  run({ front: { status } }) {
    const { memory, store } = status.status();
    const lines = [
      `The functions hold ${memory.usedBytes} of ${memory.capacityBytes} bytes.`,
      'What they lose is read from the store, which has every object; no memory of a single process grows with the data.',
      ...(store.reachable ? [] : ['The store does not answer: until it does, only what is in memory can be read.']),
      '`sion status` tells more.',
    ];
    return { kind: 'verbatim', text: `${lines.join('\n')}\n` };
  },
};

const helpLines = [
  'MEMORY <subcommand> [<arg> [value] [opt] ...]. Subcommands are:',
  'DOCTOR',
  '    Return memory problems reports.',
  'STATS',
  '    Return information about the memory usage of the server.',
  'USAGE <key> [SAMPLES <count>]',
  '    Return the bytes of <key> and its value. SAMPLES is accepted; a string',
  '    has nothing to sample.',
  'HELP',
  '    Prints this help.',
];

const help: Command = {
  ...{ name: 'memory|help', arity: 2, flags: ['loading', 'stale'], group: 'server', complexity: 'O(1)' },
  summary: 'Show helpful text about the different subcommands',
  since: '4.0.0',
  run: () => arrayReply(helpLines.map(simpleReply)),
};

/** MEMORY USAGE key [SAMPLES count] | STATS | DOCTOR | HELP */
export const memory: Command = {
  name: 'memory',
  arity: -2,
  flags: [],
  group: 'server',
  summary: 'A container for memory diagnostics commands',
  since: '4.0.0',
  complexity: 'Depends on subcommand.',
  subcommands: [doctor, usage, help, stats],
  run: () => {
    throw wrongArity('memory');
  },
};
