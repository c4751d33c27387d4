/**
 * What AWS charges for Lambda, as a dated table with a source per row; on-demand, us-east-1, first tier, without the
 * free tier. The meter counts in whole MB·ms; dollars are computed from this table alone.
 */

/** A processor architecture that Lambda offers. */
export type Architecture = 'arm64' | 'x86_64';

export interface PriceRow {
  readonly what: string;
  readonly architecture: Architecture | 'any';
  readonly usd: number;
  readonly unit: string;
  readonly asOf: string;
  readonly source: string;
}

const source = 'https://aws.amazon.com/lambda/pricing/';

/** The table. */
export const lambdaPrices = [
  { what: 'duration', architecture: 'arm64', usd: 0.0000133334, unit: 'GB-second', asOf: '2026-11', source },
  { what: 'duration', architecture: 'x86_64', usd: 0.0000166667, unit: 'GB-second', asOf: '2026-11', source },
  { what: 'request', architecture: 'any', usd: 0.0000002, unit: 'request', asOf: '2026-11', source },
] as const satisfies readonly PriceRow[];

/** Dollars for so many requests and GB-seconds. */
export function lambdaUsd(architecture: Architecture, requests: number, gbSeconds: number): number {
  let usd = 0;
  for (const row of lambdaPrices) {
    if (row.what === 'request') usd += requests * row.usd;
    else if (row.architecture === architecture) usd += gbSeconds * row.usd;
  }
  return usd;
}
