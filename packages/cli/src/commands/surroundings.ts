/**
 * What a command stands in: the streams of its process, time, and the wish that it end. Taken as a parameter, so that
 * tests bring their own.
 */
import type { Readable, Writable } from 'node:stream';
import type { Clock } from '@sion/components';
import type { Patience } from '../client/object-read.ts';
import type { ScreenOutput } from '../local/screen.ts';
import type { DisplayParts, ProgressMode } from '../progress/transfer-display.ts';

export interface Surroundings {
  readonly clock: Clock;
  readonly input: Readable & { readonly isTTY?: boolean };
  readonly output: Writable & { readonly isTTY?: boolean };
  /** Standard error: progress, notices. */
  readonly errors: ScreenOutput;
  /** Aborts with an `Interruption`. */
  readonly signal: AbortSignal;
  readonly patience: Patience;
}

/** How much is said on the way. */
export interface Loudness {
  readonly progress?: boolean;
  readonly quiet?: boolean;
}

/** A bar on a terminal, lines elsewhere when they are asked for; a bar would tear an output on the same terminal. */
export function displayParts(around: Surroundings, loudness: Loudness, toTerminal: boolean): DisplayParts {
  const quiet = loudness.quiet === true;
  const asked: ProgressMode = loudness.progress === true ? 'lines' : 'none';
  const mode = quiet ? 'none' : around.errors.isTTY === true && !toTerminal ? 'bar' : asked;
  return { clock: around.clock, output: around.errors, mode, quiet };
}

/** The reason without its remedies, for what is mended without anybody's doing. */
export function firstLine(reason: string): string {
  const [line = ''] = reason.split('\n');
  return /[.!?)]$/.test(line) ? line : `${line}.`;
}
