/**
 * The directory's snapshot: what the proxy believes, written to its own folder now and then and at an orderly stop, so
 * that a restarted proxy takes back what living nodes still hold. After an orderly stop it is believed, if nobody owned
 * the store in between; otherwise each entry is confirmed with the store before its first use.
 *
 * Two files: `snapshot.bin` (`snapshot-format.ts`), and `clean.json`, which only an orderly stop leaves behind and which
 * goes away before the next proxy serves its first request. Here is what writing (`write-snapshot.ts`) and loading
 * (`snapshot-loader.ts`) have in common.
 */
import type { Clock, Files, Log } from '@sion/components';
import type { Placement } from '@sion/core';
import type { Fleet } from '../fleet/fleet.ts';
import type { Engine } from '../objects/engine.ts';

export const snapshotFile = 'snapshot.bin';
export const cleanFile = 'clean.json';

/** What a slice has unless there is a reason for another length: a few milliseconds of work. */
export const defaultSliceBytes = 32 * 1024;

export interface SnapshotParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly files: Files;
  readonly engine: Engine;
  readonly fleet: Fleet;
  readonly placement: Placement;
  readonly epoch: number;
  /** Bytes that are written or read in one go; others have their turn in between. */
  readonly sliceBytes: number;
}

/** A snapshot that is being written; one that is left over is of a proxy that died at it. */
export function unfinishedFile(epoch: number): string {
  return `snapshot-${epoch}.new`;
}

/** The epoch of the proxy that writes a file of {@link unfinishedFile}; undefined for other files. */
export function epochOfUnfinished(name: string): number | undefined {
  const digits = /^snapshot-(\d+)\.new$/.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}
