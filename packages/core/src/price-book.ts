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
  | 's3-gb-month'
  | 'fargate-vcpu-hour-arm64'
  | 'fargate-gb-hour-arm64'
  | 'ec2-m7g.large-hour'
  | 'ebs-gp3-gb-month'
  | 'endpoint-hour'
  | 'private-zone-month'
  | 'alarm-month'
  | 'log-gb';

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
const fargate = { asOf: '2026-11', source: 'https://aws.amazon.com/fargate/pricing/' };
const ec2 = { asOf: '2025-06', source: 'https://aws.amazon.com/ec2/pricing/on-demand/' };
const ebs = { asOf: '2025-06', source: 'https://aws.amazon.com/ebs/pricing/' };
const privateLink = { asOf: '2026-11', source: 'https://aws.amazon.com/privatelink/pricing/' };
const route53 = { asOf: '2025-06', source: 'https://aws.amazon.com/route53/pricing/' };
const cloudWatch = { asOf: '2025-06', source: 'https://aws.amazon.com/cloudwatch/pricing/' };
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
  'fargate-vcpu-hour-arm64': { usd: 0.03238, note: 'by the second, a minute at least', ...fargate },
  'fargate-gb-hour-arm64': { usd: 0.00356, note: 'by the second, a minute at least', ...fargate },
  'ec2-m7g.large-hour': { usd: 0.0816, note: 'Linux, 2 vCPU, 8 GiB, arm64', ...ec2 },
  'ebs-gp3-gb-month': { usd: 0.08, note: 'with its 3,000 IOPS and 125 MB/s', ...ebs },
  'endpoint-hour': { usd: 0.01, note: 'an interface endpoint in one zone; 1 cent per GB beside it', ...privateLink },
  'private-zone-month': { usd: 0.5, note: 'a hosted zone, of the first 25', ...route53 },
  'alarm-month': { usd: 0.1, note: 'of standard resolution', ...cloudWatch },
  'log-gb': { usd: 0.5, note: 'taken in, standard class', ...cloudWatch },
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
