/** How CLIENT's subcommands are written: all of one group, most with the same flags. */
import type { Command } from '../command.ts';

export const connectionFlags = ['noscript', 'loading', 'stale'] as const;
export const adminFlags = ['admin', ...connectionFlags] as const;

/** One subcommand; `arity` counts CLIENT itself. */
export function clientSubcommand(
  name: string,
  arity: number,
  summary: string,
  since: string,
  run: Command['run'],
  more: Partial<Command> = {},
): Command {
  const fixed = { flags: connectionFlags, group: 'connection', complexity: 'O(1)' } as const;
  return { name: `client|${name}`, arity, summary, since, run, ...fixed, ...more };
}
