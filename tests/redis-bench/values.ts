/** The keys of a row with their values, made beforehand, and the proof that a server has them all. */
import { Payload } from '@sion/workload';
import { Redis } from 'ioredis';
import { kilobyte, type Row } from './rows.ts';

export interface KeyValue {
  readonly key: string;
  readonly value: Buffer;
}

/** Bytes of all values of a row, about. */
const mostBytes = 400_000_000;

/** Small keys are as many as a cache has, others as there are connections. */
export function valuesOf({ sizeBytes, connections }: Row): readonly KeyValue[] {
  const wanted = sizeBytes <= kilobyte ? 1000 : connections;
  const count = Math.max(1, Math.min(wanted, Math.floor(mostBytes / sizeBytes)));
  return Array.from({ length: count }, (_, number) => {
    const key = `bench:${sizeBytes}:${number}`;
    return { key, value: Buffer.concat([...new Payload({ key, version: 1, sizeBytes }).pieces(1 << 20)]) };
  });
}

/** Sets them all, one after the other. */
export async function setAll(port: number, values: readonly KeyValue[]): Promise<void> {
  await withRedis(port, async (redis) => {
    for (const { key, value } of values) await redis.set(key, value);
  });
}

/** Gets them all back and compares every byte; throws at the first value that is another one. */
export async function verifyAll(port: number, values: readonly KeyValue[]): Promise<void> {
  await withRedis(port, async (redis) => {
    for (const { key, value } of values) {
      const got = await redis.getBuffer(key);
      if (got === null || !got.equals(value)) throw new Error(`${key} of port ${port}: a byte is wrong`);
    }
  });
}

async function withRedis(port: number, use: (redis: Redis) => Promise<void>): Promise<void> {
  const redis = new Redis({ port, host: '127.0.0.1', maxRetriesPerRequest: 0 });
  try {
    await use(redis);
  } finally {
    redis.disconnect();
  }
}
