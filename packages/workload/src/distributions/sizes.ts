/**
 * How large objects are: one size, a list of sizes with weights, log-normal, or empirical (a quantile table, or sizes that
 * were seen). Each draw takes its chance from the stream that it is given and remembers nothing.
 *
 * As text: `1KB` · `1KB:9,1MB:1` · `lognormal:median=42MB,sigma=0.9,min=10MB,max=9GB` · `quantiles:0=10MB,0.5=42MB,1=9GB`.
 */
import type { SeededRandom } from '../seeded-random.ts';
import { parseBytes } from './quantities.ts';

export interface SizeDistribution {
  /** Bytes, whole, from 0. */
  draw(random: SeededRandom): number;
}

/** A point of a quantile table: this share of all objects is at most so large. */
export interface SizeQuantile {
  readonly share: number;
  readonly sizeBytes: number;
}

export function fixedSize(sizeBytes: number): SizeDistribution {
  return { draw: () => sizeBytes };
}

/** Each size as often as its weight says. */
export function listedSizes(
  entries: readonly { readonly sizeBytes: number; readonly weight: number }[],
): SizeDistribution {
  const total = entries.reduce((sum, { weight }) => sum + weight, 0);
  if (!(total > 0) || entries.some(({ weight }) => !(weight >= 0))) {
    throw new RangeError('the weights of sizes must be 0 or above, and one of them above');
  }
  return {
    draw(random) {
      let left = random.double() * total;
      for (const { sizeBytes, weight } of entries) {
        left -= weight;
        if (left < 0) return sizeBytes;
      }
      return entries.at(-1)?.sizeBytes ?? 0;
    },
  };
}

export interface LogNormalSize {
  readonly medianBytes: number;
  /** Of the natural logarithm. */
  readonly sigma: number;
  readonly minBytes?: number;
  readonly maxBytes?: number;
}

/** Sizes outside the bounds are drawn again, so that none piles up at a bound. */
export function logNormalSize({
  medianBytes,
  sigma,
  minBytes = 0,
  maxBytes = 2 ** 40,
}: LogNormalSize): SizeDistribution {
  if (!(medianBytes > 0 && sigma >= 0 && minBytes <= medianBytes && medianBytes <= maxBytes)) {
    throw new RangeError('a log-normal size needs a median above 0 within its bounds and a sigma of 0 or above');
  }
  return {
    draw(random) {
      for (;;) {
        const sizeBytes = Math.round(medianBytes * Math.exp(sigma * drawNormal(random)));
        if (sizeBytes >= minBytes && sizeBytes <= maxBytes) return sizeBytes;
      }
    },
  };
}

/** Between the points of the table, which begins with share 0 and ends with 1, logarithms of sizes are interpolated. */
export function empiricalSize(quantiles: readonly SizeQuantile[]): SizeDistribution {
  const isRising = quantiles.every(({ share, sizeBytes }, at) => {
    const before = quantiles[at - 1];
    return sizeBytes >= 1 && (before === undefined || (share > before.share && sizeBytes >= before.sizeBytes));
  });
  if (!isRising || quantiles[0]?.share !== 0 || quantiles.at(-1)?.share !== 1) {
    throw new RangeError('a table of sizes must rise from share 0 to share 1, with sizes of at least 1 byte');
  }
  return { draw: (random) => Math.round(quantileAt(quantiles, random.double())) };
}

/** Sizes as they were seen, each as likely as it was frequent. */
export function seenSizes(sizes: readonly number[]): SizeDistribution {
  if (sizes.length === 0) throw new RangeError('there must be at least one size that was seen');
  return { draw: (random) => sizes[random.integer(sizes.length)] ?? 0 };
}

/** The size at a share of the table. */
export function quantileAt(quantiles: readonly SizeQuantile[], share: number): number {
  const above = Math.max(
    1,
    quantiles.findIndex((point) => point.share >= share),
  );
  const [low, high] = [quantiles[above - 1], quantiles[above]];
  if (low === undefined || high === undefined) return low?.sizeBytes ?? 0;
  const part = (share - low.share) / (high.share - low.share);
  return low.sizeBytes * (high.sizeBytes / low.sizeBytes) ** part;
}

/** Mean 0, deviation 1 (Box and Muller). */
export function drawNormal(random: SeededRandom): number {
  return Math.sqrt(-2 * Math.log(1 - random.double())) * Math.cos(2 * Math.PI * random.double());
}

/** Reads the text form; throws `RangeError` with what was expected. */
export function parseSizes(text: string): SizeDistribution {
  const [, kind, rest = ''] = /^(lognormal|quantiles):(.*)$/.exec(text) ?? [];
  if (kind === 'lognormal') return parseLogNormal(rest);
  if (kind === 'quantiles') {
    const pairs = pairsOf(rest).map(([share, size]) => ({ share: Number(share), sizeBytes: parseBytes(size) }));
    return empiricalSize(pairs);
  }
  return listedSizes(
    text.split(',').map((entry) => {
      const [size = '', weight = '1'] = entry.split(':');
      return { sizeBytes: parseBytes(size), weight: Number(weight) };
    }),
  );
}

function parseLogNormal(text: string): SizeDistribution {
  const given = new Map(pairsOf(text));
  const unknown = [...given.keys()].find((name) => !['median', 'sigma', 'min', 'max'].includes(name));
  if (unknown !== undefined) throw new RangeError(`lognormal has median, sigma, min and max, not ${unknown}`);
  const [min, max] = [given.get('min'), given.get('max')];
  return logNormalSize({
    medianBytes: parseBytes(given.get('median') ?? ''),
    sigma: Number(given.get('sigma')),
    ...(min === undefined ? {} : { minBytes: parseBytes(min) }),
    ...(max === undefined ? {} : { maxBytes: parseBytes(max) }),
  });
}

function pairsOf(text: string): [string, string][] {
  return text.split(',').map((pair) => {
    const at = pair.indexOf('=');
    if (at < 1) throw new RangeError(`${JSON.stringify(pair)} is no name=value`);
    return [pair.slice(0, at).trim(), pair.slice(at + 1).trim()];
  });
}
