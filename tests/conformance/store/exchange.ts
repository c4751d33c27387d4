/** Putting and getting whole values, as the tests of the conformance suite need it. */
import { createHash } from 'node:crypto';
import type { ByteRange, GetOptions, Store, StoreBody, StoredMetadata } from '@sion/components';
import { expect } from 'vitest';

/** Bytes that differ at each place and for each seed, the same every time. */
export function pattern(length: number, seed = 0): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = (seed * 0x9e3779b9 + 1) >>> 0;
  for (let i = 0; i < length; i += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

export function text(value: string): Uint8Array {
  return Buffer.from(value);
}

export function sha256(...pieces: readonly Uint8Array[]): string {
  const hash = createHash('sha256');
  for (const piece of pieces) hash.update(piece);
  return hash.digest('hex');
}

/** Puts a new object; its ETag. */
export async function putNew(
  store: Store,
  name: string,
  bytes: Uint8Array,
  metadata: StoredMetadata = {},
): Promise<string> {
  return written(await store.put(name, bytes, metadata, { kind: 'absent' }));
}

/** Puts over the version with `etag`; the new ETag. */
export async function putOver(
  store: Store,
  name: string,
  etag: string,
  bytes: Uint8Array,
  metadata: StoredMetadata = {},
): Promise<string> {
  return written(await store.put(name, bytes, metadata, { kind: 'match', etag }));
}

/** The ETag of a write that must have happened. */
export function written(outcome: Awaited<ReturnType<Store['put']>>): string {
  if (outcome.kind !== 'written') throw new Error(`expected a write, but it was a ${outcome.kind}`);
  return outcome.etag;
}

export async function collect(body: StoreBody): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const piece of body) pieces.push(piece);
  return Buffer.concat(pieces);
}

/** What a hit gives, its bytes collected. */
export async function getHit(store: Store, name: string, options?: GetOptions) {
  const outcome = await store.get(name, options);
  if (outcome.kind !== 'hit') throw new Error(`expected a hit, but it was a ${outcome.kind}`);
  return { object: outcome.object, range: outcome.range, bytes: await collect(outcome.body) };
}

/** Expects the object to be there with these bytes and this metadata. */
export async function expectObject(
  store: Store,
  name: string,
  bytes: Uint8Array,
  metadata: StoredMetadata = {},
): Promise<void> {
  const hit = await getHit(store, name);
  expect(sha256(hit.bytes)).toBe(sha256(bytes));
  expect(hit.object).toMatchObject({ name, sizeBytes: bytes.length });
  expect(hit.object.metadata).toEqual(metadata);
  expect(hit.range).toEqual({ start: 0, end: bytes.length } satisfies ByteRange);
}
