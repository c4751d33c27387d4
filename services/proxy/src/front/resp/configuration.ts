/**
 * The parameters that CONFIG GET knows: those of Redis whose meaning SION has too, with the values that are true here.
 */
import type { Front } from './command.ts';

/** Name and value of each parameter, in the order of their names. */
export function configuration({ settings, port }: Front): readonly (readonly [string, string])[] {
  return [
    // There is no append-only file: a write is acknowledged when the store has it.
    ['appendonly', 'no'],
    ['bind', settings.host],
    ['databases', '1'],
    ['maxclients', String(settings.maxRespConnections)],
    // Memory bounds where objects are read from, not which exist: nothing is evicted from the store for room.
    ['maxmemory', '0'],
    ['maxmemory-policy', 'noeviction'],
    ['port', String(port())],
    ['proto-max-bulk-len', String(settings.maxRespValueBytes)],
    // No snapshots by time.
    ['save', ''],
    ['timeout', '0'],
  ];
}
