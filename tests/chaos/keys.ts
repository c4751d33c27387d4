/**
 * Which keys are asked for. A few are asked for far more often than the rest, and every so often all are replaced by new
 * ones: the history of a key stays short enough for the checker, while those of before are still read now and then.
 */
import type { SeededRandom } from '@sion/workload';

/** For so long the same keys are written. */
const generationMs = 30_000;

/** `plain`: values of all sizes; `fleeting`: small ones that expire; `counter`: numbers; `huge`: tens of megabytes. */
export type KeyFamily = 'plain' | 'fleeting' | 'counter' | 'huge';

const counts: Readonly<Record<KeyFamily, number>> = { plain: 40, fleeting: 10, counter: 6, huge: 1 };

export function familyOf(key: string): KeyFamily {
  const family = key.split('-', 1)[0];
  return family === 'fleeting' || family === 'counter' || family === 'huge' ? family : 'plain';
}

export function generationAt(elapsedMs: number): number {
  return Math.floor(elapsedMs / generationMs);
}

/** One of the family's keys of a generation; the first is drawn most, as in Zipf's law. */
export function drawKey(family: KeyFamily, generation: number, random: SeededRandom): string {
  const count = counts[family];
  return `${family}-${generation}-${Math.floor(random.double() ** 2.5 * count)}`;
}

export function drawFamily(random: SeededRandom): KeyFamily {
  const drawn = random.integer(1000);
  if (drawn < 3) return 'huge';
  if (drawn < 120) return 'counter';
  return drawn < 300 ? 'fleeting' : 'plain';
}

const kib = 1024;

/** Most objects are small; some are large enough for every kind of stripe. */
export function drawSizeBytes(family: KeyFamily, random: SeededRandom): number {
  const between = (least: number, below: number) => least + random.integer(below - least);
  if (family === 'huge') return between(20_000, 50_000) * 1000;
  const drawn = random.integer(100);
  if (drawn < 3) return 0;
  if (drawn < 10) return between(1, 16);
  if (drawn < 60 || family === 'fleeting') return between(16, 4 * kib);
  if (drawn < 85) return between(4 * kib, 128 * kib);
  if (drawn < 96) return between(128 * kib, kib * kib);
  return between(kib * kib, 4 * kib * kib);
}
