/**
 * How often single requests of a simulated world go wrong, by the kind of what goes wrong: shares of requests, drawn per
 * seed, so that seeds differ in character. Some seeds have none of a kind.
 */
import type { SeededRandom } from '@sion/workload';

/** The greatest share of each kind. */
const mostOf = {
  storeRefused: 0.03,
  storeReadUnheard: 0.02,
  storeWriteUnheard: 0.03,
  storeWriteLate: 0.05,
  storeDeleteLate: 0.3,
  uploadStepRefused: 0.03,
  uploadStepUnheard: 0.02,
  uploadLeft: 0.15,
  bodyBreaks: 0.01,
  bodyCorrupt: 0.02,
  invocationUnheard: 0.02,
  invocationTwice: 0.02,
  invocationUnavailable: 0.03,
  invocationThrottled: 0.03,
  invocationLate: 0.02,
  invocationAnsweredLate: 0.02,
  dialRefused: 0.02,
  dialSilent: 0.02,
  diskFails: 0.03,
  silentDeaths: 0.5,
} as const;

export interface Climate extends Readonly<Record<keyof typeof mostOf, number>> {
  /** What the store's ETags tell apart, see `VirtualStoreOptions`. */
  readonly etags: 'version' | 'content';
  /** Whether some writes are for memory alone. */
  readonly isCache: boolean;
  /** True: one disk that goes with the proxy from machine to machine. False: each machine has its own. */
  readonly diskMoves: boolean;
}

export function drawClimate(random: SeededRandom): Climate {
  const climate: Record<string, number> = { ...mostOf };
  for (const [kind, most] of Object.entries(mostOf)) {
    climate[kind] = random.integer(4) === 0 ? 0 : random.double() * most;
  }
  const etags = random.integer(3) === 0 ? 'content' : 'version';
  const isCache = random.integer(3) === 0;
  // A condition that holds again after other versions lets in what lands late: a tag that comes back with its bytes, or a
  // name that is absent because its value is in memory alone. What has no remedy here is not tried.
  const late = etags === 'content' || isCache ? { storeWriteLate: 0, storeDeleteLate: 0 } : {};
  return { ...(climate as typeof mostOf), ...late, etags, isCache, diskMoves: random.integer(4) > 0 };
}
