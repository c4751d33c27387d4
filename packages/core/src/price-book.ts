/**
 * The price book: what the provider charges, as dated data with a source per row, and the few sums that are made of it.
 * Every dollar that SION shows or weighs comes from here, so that a change of price is a change of one row. On demand,
 * us-east-1, first tier, free tiers left out; it knows nothing of taxes, contracts or transfer.
 */

/** What a price is for. */
export type PriceItem =
  | 'lambda-gb-second-arm64'
  | 'lambda-gb-second-x86_64'
  | 'lambda-request'
  | 's3-write-request'
  | 's3-read-request'
  | 's3-delete-request'
  | 's3-gb-month';

/** A processor architecture that functions run on. */
export type FunctionArchitecture = 'arm64' | 'x86_64';

/** One row. */
export interface Price {
  /** Dollars for one of the item's unit: 1 GB = 1024 MB of function memory, one request, 10^9 bytes for a month. */
  readonly usd: number;
  readonly note: string;
  /** Month in which the source said so. */
  readonly asOf: string;
  readonly source: string;
}

/** Prices by item. */
export type PriceBook = Readonly<Record<PriceItem, Price>>;

const lambda = { asOf: '2026-11', source: 'https://aws.amazon.com/lambda/pricing/' };
const s3 = { asOf: '2026-11', source: 'https://aws.amazon.com/s3/pricing/' };

/** The prices that SION goes by. */
export const priceBook: PriceBook = {
  'lambda-gb-second-arm64': { usd: 0.0000133334, note: 'duration, by the millisecond, INIT included', ...lambda },
  'lambda-gb-second-x86_64': { usd: 0.0000166667, note: 'duration, by the millisecond, INIT included', ...lambda },
  'lambda-request': { usd: 0.0000002, note: '$0.20 per million', ...lambda },
  's3-write-request': { usd: 0.000005, note: 'PUT, COPY, POST, LIST: $0.005 per thousand', ...s3 },
  's3-read-request': { usd: 0.0000004, note: 'GET, HEAD and others: $0.0004 per thousand', ...s3 },
  's3-delete-request': { usd: 0, note: 'DELETE is free', ...s3 },
  's3-gb-month': { usd: 0.023, note: 'Standard, first 50 TB', ...s3 },
};

/** Dollars for a second of a function of this memory. */
export function functionUsdPerSecond(book: PriceBook, architecture: FunctionArchitecture, memoryMb: number): number {
  return book[`lambda-gb-second-${architecture}`].usd * (memoryMb / 1024);
}

/** Dollars for one invocation that was billed for `billedMs`. */
export function invocationUsd(
  book: PriceBook,
  architecture: FunctionArchitecture,
  memoryMb: number,
  billedMs: number,
): number {
  return book['lambda-request'].usd + (functionUsdPerSecond(book, architecture, memoryMb) * billedMs) / 1000;
}

/** A store operation, as the proxy counts them. */
export type PricedStoreOperation = 'head' | 'get' | 'put' | 'upload' | 'metadata' | 'delete' | 'list';

/**
 * Dollars per request to S3, by operation. `upload` is what begins a multipart upload; its parts are writes of their own,
 * and `put` completes it.
 */
export function s3RequestUsd(book: PriceBook): Readonly<Record<PricedStoreOperation, number>> {
  const write = book['s3-write-request'].usd;
  const read = book['s3-read-request'].usd;
  const remove = book['s3-delete-request'].usd;
  return { head: read, get: read, put: write, upload: write, metadata: write, delete: remove, list: write };
}
