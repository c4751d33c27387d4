import { arrayReply, bulkReply } from '@sion/wire';
import type { Command } from '../command.ts';

/** TIME: seconds since the Unix epoch, and microseconds; the clock that expiry goes by, which counts milliseconds. */
export const time: Command = {
  name: 'time',
  arity: 1,
  flags: ['loading', 'stale', 'fast'],
  group: 'server',
  summary: 'Return the current server time',
  since: '2.6.0',
  complexity: 'O(1)',
  tips: ['nondeterministic_output'],
  run({ front }) {
    const nowMs = front.objects.nowMs();
    return arrayReply(
      [Math.floor(nowMs / 1000), (nowMs % 1000) * 1000].map((part) => bulkReply(String(Math.floor(part)))),
    );
  },
};
