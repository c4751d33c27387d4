/**
 * Any server that speaks RESP: Redis, Valkey, ElastiCache, and SION's own front. One connection of `ioredis` per lane, with its
 * queue, reconnecting and resending off. Sizes are asked for by STRLEN, ranges by GETRANGE.
 */
import { Redis } from 'ioredis';
import type { Lane, ReadRange, Target } from '../target.ts';
import { wholeBody } from '../target.ts';

export interface RedisTargetOptions {
  /** `redis://user:password@host:port/db`, or `rediss://`. */
  readonly url: string;
  readonly timeoutMs: number;
}

export function createRedisTarget(options: RedisTargetOptions): Target {
  return {
    async describe() {
      const redis = await connect(options);
      try {
        const info = String(await redis.call('INFO', 'server'));
        const fields = Object.fromEntries(
          info.split('\r\n').flatMap((line) => (line.includes(':') ? [line.split(/:(.*)/s).slice(0, 2)] : [])),
        );
        const versions = ['sion_version', 'valkey_version', 'redis_version'].flatMap((name) =>
          fields[name] === undefined ? [] : [[name, String(fields[name])] as const],
        );
        return { protocol: 'RESP, ioredis, one request per connection at a time', ...Object.fromEntries(versions) };
      } finally {
        redis.disconnect();
      }
    },
    openLane: async () => createLane(await connect(options)),
    close: async () => {},
  };
}

function createLane(redis: Redis): Lane {
  return {
    async put(key, body) {
      await redis.set(key, wholeBody(body));
    },
    async get(key, range, take) {
      const value = await (range === undefined ? redis.getBuffer(key) : readRange(redis, key, range));
      if (value === null) return false;
      take(value);
      return true;
    },
    async head(key) {
      const size = await redis.strlen(key);
      // STRLEN tells an empty value from none as little as GETRANGE does.
      return size > 0 || (await redis.exists(key)) > 0 ? size : undefined;
    },
    async delete(key) {
      await redis.del(key);
    },
    async close() {
      redis.disconnect();
    },
  };
}

/** Nothing at all, from a range within a value, means that there is no value. */
async function readRange(redis: Redis, key: string, { start, end }: ReadRange): Promise<Buffer | null> {
  const bytes = await redis.getrangeBuffer(key, start, end - 1);
  return bytes.length === 0 ? null : bytes;
}

async function connect({ url, timeoutMs }: RedisTargetOptions): Promise<Redis> {
  const redis = new Redis(url, {
    lazyConnect: true,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
    autoResendUnfulfilledCommands: false,
    connectTimeout: 10_000,
    commandTimeout: timeoutMs,
  });
  // Requests reject by themselves.
  redis.on('error', () => {});
  try {
    await redis.connect();
    return redis;
  } catch (error) {
    redis.disconnect();
    throw new Error(
      `No connection to ${new URL(url).host}: ${error instanceof Error ? error.message : String(error)}`,
      {
        cause: error,
      },
    );
  }
}
