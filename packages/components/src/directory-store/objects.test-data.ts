/** Whole objects, as the directory store's tests put and read them. */
import type { Store, StoreBody, StoredMetadata } from '../store.ts';

/** Puts an object, whatever is there; its ETag. */
export async function putAny(
  store: Store,
  name: string,
  bytes: Uint8Array,
  metadata: StoredMetadata = {},
): Promise<string> {
  const current = await store.head(name);
  const condition =
    current === undefined ? { kind: 'absent' as const } : { kind: 'match' as const, etag: current.etag };
  const outcome = await store.put(name, bytes, metadata, condition);
  if (outcome.kind !== 'written') throw new Error(`${name} was changed meanwhile`);
  return outcome.etag;
}

/** The object's bytes and metadata; undefined = there is none. */
export async function readAll(
  store: Store,
  name: string,
): Promise<readonly [bytes: Buffer, metadata: StoredMetadata] | undefined> {
  const outcome = await store.get(name);
  return outcome.kind === 'hit' ? [await collect(outcome.body), outcome.object.metadata] : undefined;
}

export async function collect(body: StoreBody): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of body) pieces.push(piece);
  return Buffer.concat(pieces);
}
