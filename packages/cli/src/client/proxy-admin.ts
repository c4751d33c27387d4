/** The proxy's admin port, as far as the commands use it. */
import type { ObjectPlaces, ProxyStatus } from '@sion/proxy';
import { type Address, callHttp, readJson } from './http-call.ts';

/** What the proxy says of itself. */
export async function fetchStatus(admin: Address, signal?: AbortSignal): Promise<ProxyStatus> {
  const call = { method: 'GET', path: '/v1/status', ...(signal === undefined ? {} : { signal }) } as const;
  // The answer is the proxy's own, from this very release.
  return (await readJson(await callHttp(admin, call))) as ProxyStatus;
}

/** Where an object's chunks are; undefined when no function holds any. */
export async function fetchPlaces(admin: Address, key: string): Promise<ObjectPlaces | undefined> {
  const answer = await callHttp(admin, { method: 'GET', path: `/v1/status/objects/${encodeURIComponent(key)}` });
  if (answer.statusCode === 404) {
    answer.resume();
    return undefined;
  }
  return (await readJson(answer)) as ObjectPlaces;
}
