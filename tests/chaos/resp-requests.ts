/** A client over RESP: ioredis with everything off that would send a command twice or keep it for later. */
import { Redis } from 'ioredis';
import { type Addresses, type ChaosClient, type Durability, deadlineMs, RequestFailure } from './requests.ts';

const codes: Readonly<Record<string, string>> = {
  UNAVAILABLE: 'unavailable',
  INDETERMINATE: 'indeterminate',
  CAPACITY: 'capacity',
};

/** Connects, and connects anew whenever its connection breaks. */
export function createRespRequests({ respPort }: Addresses, durability: Durability): ChaosClient {
  const redis = new Redis({
    ...{ host: '127.0.0.1', port: respPort },
    ...{ enableOfflineQueue: false, autoResendUnfulfilledCommands: false, maxRetriesPerRequest: 0 },
    retryStrategy: () => 100,
    connectTimeout: 2_000,
  });
  redis.on('error', () => {});
  redis.on('ready', () => {
    if (durability !== 'store') redis.call('SION', 'DURABILITY', durability).catch(() => redis.disconnect(true));
  });
  const ask = async <T>(key: string, writes: boolean, send: () => Promise<T>): Promise<T> => {
    if (redis.status !== 'ready') throw new RequestFailure('no-connection', false, `the connection is ${redis.status}`);
    const deadline = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      deadline.reject(new RequestFailure('timeout', writes, 'no answer in time'));
      redis.disconnect(true);
    }, deadlineMs(key));
    try {
      const answer = send();
      // Whatever comes of it after the deadline is nobody's any more.
      answer.catch(() => {});
      return await Promise.race([answer, deadline.promise]);
    } catch (thrown) {
      throw asFailure(thrown, writes);
    } finally {
      clearTimeout(timer);
    }
  };
  return {
    protocol: 'resp',
    ready: async () => {
      while (redis.status !== 'ready') await new Promise((resolve) => setTimeout(resolve, 10));
    },
    get: async (key) => (await ask(key, false, () => redis.getBuffer(key))) ?? undefined,
    range: (key, start, end) => ask(key, false, () => redis.getrangeBuffer(key, start, end - 1)),
    set: async (key, bytes, expiresAtMs) => {
      await ask(key, true, () =>
        expiresAtMs === undefined ? redis.set(key, bytes) : redis.set(key, bytes, 'PXAT', expiresAtMs),
      );
    },
    delete: async (key) => (await ask(key, true, () => redis.del(key))) > 0,
    increment: (key) => ask(key, true, () => redis.incr(key)),
    expire: async (key, expiresAtMs) => (await ask(key, true, () => redis.pexpireat(key, expiresAtMs))) === 1,
    close: () => redis.disconnect(),
  };
}

function asFailure(thrown: unknown, writes: boolean): RequestFailure {
  if (thrown instanceof RequestFailure) return thrown;
  const { name, message } = thrown instanceof Error ? thrown : new Error(String(thrown));
  if (name !== 'ReplyError') return new RequestFailure('lost', writes, message);
  const prefix = message.split(' ', 1)[0] ?? '';
  const code = codes[prefix] ?? (message.startsWith('ERR internal:') ? 'internal' : prefix);
  return new RequestFailure(code, writes && code === 'indeterminate', message);
}
