/**
 * Whether and when a part that died is started again, as a pure decision. One death is an accident and is mended almost
 * at once; quick deaths in a row are a defect that no restart mends: the wait doubles, and after a few it gives up.
 */
import type { PartEnd } from './part-process.ts';

export interface RestartSettings {
  /** A life shorter than this counts as a quick failure; a longer one clears the count. */
  readonly quickMs: number;
  /** Before the first restart; doubled with each quick failure in a row. */
  readonly firstDelayMs: number;
  readonly maxDelayMs: number;
  /** As many quick failures in a row are the last. */
  readonly maxQuickFailures: number;
}

export const restartDefaults: RestartSettings = {
  quickMs: 10_000,
  firstDelayMs: 100,
  maxDelayMs: 5_000,
  maxQuickFailures: 5,
};

export type RestartDecision =
  | { readonly kind: 'restart'; readonly delayMs: number; readonly quickFailures: number }
  | { readonly kind: 'give-up'; readonly quickFailures: number; readonly because: 'repeated' | 'settings' | 'refused' };

/** Exit codes of a part's main that no restart can mend, the second when it has never served. */
export const settingsExitCode = 2;
export const refusedExitCode = 3;

/** A life that is over. */
export interface EndedLife {
  readonly end: PartEnd;
  readonly livedMs: number;
  /** Whether it came to serve: a proxy that lost its lease is refused later, and may well get it anew. */
  readonly served: boolean;
}

/** `quickFailures` is the count so far, from the last decision. */
export function decideRestart(
  { end, livedMs, served }: EndedLife,
  quickFailures: number,
  settings: RestartSettings = restartDefaults,
): RestartDecision {
  const count = livedMs < settings.quickMs ? quickFailures + 1 : 1;
  if (end.code === settingsExitCode) return { kind: 'give-up', quickFailures: count, because: 'settings' };
  if (end.code === refusedExitCode && !served) return { kind: 'give-up', quickFailures: count, because: 'refused' };
  if (count >= settings.maxQuickFailures) return { kind: 'give-up', quickFailures: count, because: 'repeated' };
  const delayMs = Math.min(settings.firstDelayMs * 2 ** (count - 1), settings.maxDelayMs);
  return { kind: 'restart', delayMs, quickFailures: count };
}
