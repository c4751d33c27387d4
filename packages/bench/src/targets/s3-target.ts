/**
 * S3, and servers that speak it: one PUT per write; a read is one GET, or ranged GETs of one object side by side, as fast
 * downloaders do it. The calls come from outside, since only `@sion/aws` knows the SDK.
 */
import type { Lane, ReadRange, Target } from '../target.ts';

/** The bytes of a GET. */
export interface ObjectBody {
  /** Of the whole object. */
  readonly totalBytes: number;
  readonly etag: string;
  readonly pieces: AsyncIterable<Uint8Array>;
}

/** What is asked of S3. */
export interface ObjectCalls {
  put(key: string, pieces: Iterable<Uint8Array>, sizeBytes: number): Promise<void>;
  /** With `ifMatch` of that version only; `replaced` = there is another one now. */
  get(
    key: string,
    options: { readonly range?: ReadRange; readonly ifMatch?: string },
  ): Promise<ObjectBody | 'replaced' | undefined>;
  head(key: string): Promise<number | undefined>;
  delete(key: string): Promise<void>;
  close(): void;
}

export interface S3TargetOptions {
  /** Ranged GETs of one object at a time; 1 = one GET of all of it. */
  readonly parallel: number;
  readonly partBytes: number;
}

export function createS3Target(calls: ObjectCalls, options: S3TargetOptions): Target {
  const { parallel, partBytes } = options;
  const way = parallel === 1 ? 'one GET per read' : `ranged GETs of ${partBytes} bytes, ${parallel} at a time`;
  const lane: Lane = {
    put: (key, { bytes, payload }) =>
      calls.put(key, bytes === undefined ? payload.pieces() : [bytes], payload.sizeBytes),
    async get(key, range, take) {
      if (parallel === 1) return readWhole(calls, key, range, take);
      for (;;) {
        const pieces = await readParts(calls, key, range, options);
        if (pieces === undefined) return false;
        if (pieces === 'replaced') continue;
        for (const piece of pieces) take(piece);
        return true;
      }
    },
    head: (key) => calls.head(key),
    delete: (key) => calls.delete(key),
    close: async () => {},
  };
  return {
    describe: async () => ({ protocol: `S3, AWS SDK, ${way}` }),
    openLane: async () => lane,
    close: async () => calls.close(),
  };
}

async function readWhole(
  calls: ObjectCalls,
  key: string,
  range: ReadRange | undefined,
  take: (piece: Uint8Array) => void,
): Promise<boolean> {
  const body = await calls.get(key, range === undefined ? {} : { range });
  if (body === undefined || body === 'replaced') return false;
  for await (const piece of body.pieces) take(piece);
  return true;
}

type Parts = readonly Uint8Array[] | 'replaced';

/**
 * The first part tells how large the object is and which version; the others, of that version, are asked for side by side.
 * Undefined = there is no such object. Nothing is handed on before all of it is there, since it may be replaced meanwhile.
 */
async function readParts(
  calls: ObjectCalls,
  key: string,
  range: ReadRange | undefined,
  { parallel, partBytes }: S3TargetOptions,
): Promise<Parts | undefined> {
  const start = range?.start ?? 0;
  const firstEnd = Math.min(range?.end ?? Number.POSITIVE_INFINITY, start + partBytes);
  const first = await calls.get(key, { range: { start, end: firstEnd } });
  if (first === undefined || first === 'replaced') return first;
  const end = Math.min(range?.end ?? first.totalBytes, first.totalBytes);
  const pieces: Uint8Array[][] = [await allOf(first)];
  let next = 1;
  let isReplaced = false;
  const oneAtATime = async () => {
    for (let part = next++; start + part * partBytes < end && !isReplaced; part = next++) {
      const from = start + part * partBytes;
      const body = await calls.get(key, {
        range: { start: from, end: Math.min(end, from + partBytes) },
        ifMatch: first.etag,
      });
      if (body === undefined || body === 'replaced') isReplaced = true;
      else pieces[part] = await allOf(body);
    }
  };
  await Promise.all(Array.from({ length: parallel }, oneAtATime));
  return isReplaced ? 'replaced' : pieces.flat();
}

async function allOf({ pieces }: ObjectBody): Promise<Uint8Array[]> {
  const all: Uint8Array[] = [];
  for await (const piece of pieces) all.push(piece);
  return all;
}
