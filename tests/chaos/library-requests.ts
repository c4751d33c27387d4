/**
 * A client through `@sion/client` as people use it: small values over RESP, large ones over HTTP, and its own retries of
 * what it knows to have changed nothing. Its time-outs are the shorter ones of this run.
 */
import { createClient, isSionError } from '@sion/client';
import { type Addresses, type ChaosClient, type Durability, deadlineMs, RequestFailure } from './requests.ts';

export function createLibraryRequests({ respPort, httpPort }: Addresses, durability: Durability): ChaosClient {
  const options = { port: respPort, httpPort, durability, stallMs: 10_000, connectMs: 2_000 };
  const client = createClient(options);
  const told = (key: string) => ({ timeoutMs: deadlineMs(key) });
  return {
    protocol: 'library',
    ready: async () => {},
    get: async (key) => (await ask(client.get(key, told(key)))) ?? undefined,
    range: async (key, start, end) => {
      const bytes = await ask(client.getRange(key, start, end - 1, told(key)));
      return bytes ?? new Uint8Array();
    },
    set: async (key, bytes, expiresAtMs) => {
      const life = expiresAtMs === undefined ? {} : { expiresAt: new Date(expiresAtMs) };
      await ask(client.set(key, bytes, { ...told(key), ...life }));
    },
    delete: async (key) => (await ask(client.del(key, told(key)))) > 0,
    increment: (key) => ask(client.incr(key, told(key))),
    expire: (key, expiresAtMs) => ask(client.expire(key, { expiresAt: new Date(expiresAtMs) }, told(key))),
    close: () => void client.close().catch(() => {}),
  };
}

async function ask<T>(call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (thrown) {
    if (!isSionError(thrown)) throw thrown;
    throw new RequestFailure(thrown.code, thrown.effect === 'unknown', thrown.message);
  }
}
