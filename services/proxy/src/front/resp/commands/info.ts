import type { Command } from '../command.ts';
import { writeInfo } from '../server-info.ts';

/** INFO [section ...] */
export const info: Command = {
  name: 'info',
  arity: -1,
  flags: ['loading', 'stale'],
  group: 'server',
  summary: 'Get information and statistics about the server',
  since: '1.0.0',
  complexity: 'O(1)',
  categories: ['dangerous'],
  tips: ['nondeterministic_output', 'request_policy:all_shards', 'response_policy:special'],
  run({ args, front }) {
    const names = args.slice(1).map((argument) => argument.toString('latin1').toLowerCase());
    return { kind: 'verbatim', text: writeInfo(front, names) };
  },
};
