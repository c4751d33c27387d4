/** What is compared: sizes, connections, operations, clients, durability; and the goals that some of it has. */

export type Operation = 'GET' | 'SET';
export type ClientKind = 'raw' | 'ioredis';
/** `memory` beside Redis without persistence, `journal` beside `appendfsync always`. */
export type Mode = 'memory' | 'journal';

export interface Row {
  readonly mode: Mode;
  readonly client: ClientKind;
  readonly operation: Operation;
  readonly sizeBytes: number;
  readonly connections: number;
  /** Commands that a connection sends at once. */
  readonly pipeline: number;
}

export const kilobyte = 1000;
export const megabyte = 1_000_000;

export const sizes = [kilobyte, 100 * kilobyte, megabyte, 10 * megabyte, 100 * megabyte] as const;
export const connectionCounts = [1, 16, 50] as const;

/** From here on the hot tier has no part, and every chunk comes from a function. */
export const chunkedBytes = megabyte;

export interface Wish {
  readonly modes: readonly Mode[];
  readonly clients: readonly ClientKind[];
  readonly operations: readonly Operation[];
  readonly sizes: readonly number[];
  readonly connections: readonly number[];
}

/** The rows of a wish, those of one mode together. */
export function rowsOf(wish: Wish): readonly Row[] {
  const rows: Row[] = [];
  for (const mode of wish.modes)
    for (const sizeBytes of wish.sizes)
      for (const client of wish.clients)
        for (const operation of wish.operations) {
          if (mode === 'journal' && operation === 'GET') continue;
          for (const connections of wish.connections) {
            const row = { mode, client, operation, sizeBytes, connections };
            rows.push({ ...row, pipeline: 1 });
            if (isPipelined(row)) rows.push({ ...row, pipeline: 16 });
          }
        }
  return rows;
}

function isPipelined({ mode, client, operation, sizeBytes, connections }: Omit<Row, 'pipeline'>): boolean {
  return mode === 'memory' && client === 'raw' && operation === 'GET' && sizeBytes === kilobyte && connections === 50;
}

/** The share of Redis's throughput that the row is to reach; undefined where there is no goal. */
export function goalOf({ mode, client, operation, sizeBytes, connections, pipeline }: Row): number | undefined {
  if (client !== 'raw') return undefined;
  const isGet = operation === 'GET';
  if (mode === 'journal') return sizeBytes === 10 * megabyte && connections === 1 ? 0.8 : undefined;
  if (sizeBytes >= 10 * megabyte) return isGet ? 1.3 : 0.75;
  if (sizeBytes === megabyte) return isGet ? 0.8 : 0.6;
  if (sizeBytes !== kilobyte || connections !== 50) return undefined;
  if (!isGet) return 0.5;
  return pipeline === 1 ? 0.9 : 0.6;
}

export function nameOf({ mode, client, operation, sizeBytes, connections, pipeline }: Row): string {
  const by = pipeline === 1 ? '' : `, ${pipeline} at once`;
  const beside = mode === 'journal' ? ', journaled' : '';
  return `${operation} ${formatSize(sizeBytes)} × ${connections}${by}, ${client}${beside}`;
}

export function formatSize(sizeBytes: number): string {
  return sizeBytes < megabyte ? `${sizeBytes / kilobyte} KB` : `${sizeBytes / megabyte} MB`;
}
