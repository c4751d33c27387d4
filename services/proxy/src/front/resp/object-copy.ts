/**
 * Copying an object to another key: its bytes, expiry, content type and the user's metadata. Large ones stream. Each of
 * the two keys is looked at and changed by itself: what is copied was the source's value at one moment, and is written at
 * a later one. Copying is done again while the source is replaced underneath.
 */
import { SionError } from '@sion/wire';
import type { CurrentObject, Decision, Key, ObjectInfo, ReadOutcome, StagedBytes } from '../../objects/objects.ts';
import type { Call } from './command.ts';
import { kept } from './value-change.ts';

/** Tries while others replace the source. */
export const maxCopyAttempts = 8;

export type CopyOutcome =
  | { readonly kind: 'no-source' }
  /** The destination may not be written over. */
  | { readonly kind: 'refused' }
  /** `written` is absent when another write followed at once, so that nobody can have seen the copy. */
  | { readonly kind: 'copied'; readonly source: ObjectInfo; readonly written: ObjectInfo | undefined };

export interface CopyRequest {
  readonly from: Key;
  readonly to: Key;
  /** Whether what is there may be written over. Pure; it is asked before the bytes are read, and again in the key's turn. */
  mayReplace(there: ObjectInfo | undefined): boolean;
}

type Hit = Extract<ReadOutcome, { kind: 'hit' }>;

export async function copyObject(call: Call, request: CopyRequest): Promise<CopyOutcome> {
  const { objects } = call.front;
  for (let attempt = 1; attempt <= maxCopyAttempts; attempt += 1) {
    const source = await objects.read(request.from, { signal: call.signal });
    if (source.kind !== 'hit') return { kind: 'no-source' };
    const outcome = await copyBody(call, request, source);
    if (outcome !== 'superseded') return outcome;
  }
  throw new SionError('unavailable', 'the source kept being replaced while it was copied; retry later');
}

async function copyBody(call: Call, request: CopyRequest, source: Hit): Promise<CopyOutcome | 'superseded'> {
  const { objects, settings } = call.front;
  const { body, info } = source;
  try {
    if (body.sizeBytes <= settings.streamThresholdBytes) return await write(call, request, info, await body.bytes());
    if (!request.mayReplace(await objects.info(request.to))) return { kind: 'refused' };
    const options = { durability: call.client.durability, signal: call.signal };
    const bytes = { kind: 'stream', sizeBytes: body.sizeBytes, pieces: body } as const;
    const staged = await objects.stage(request.to, bytes, options);
    try {
      return await write(call, request, info, staged);
    } finally {
      // Not awaited: it must not delay the reply, and after a write it does nothing.
      void staged.discard().catch(() => {});
    }
  } catch (error) {
    const mayBeSuperseded = error instanceof SionError && error.code === 'unavailable';
    if (mayBeSuperseded && (await objects.info(request.from))?.version !== info.version) return 'superseded';
    throw error;
  } finally {
    body.cancel();
  }
}

async function write(
  { front, client }: Call,
  request: CopyRequest,
  source: ObjectInfo,
  bytes: StagedBytes | Uint8Array,
): Promise<CopyOutcome> {
  let written: ObjectInfo | undefined;
  const decide = (current: CurrentObject | undefined, nowMs: number): Decision<'no-source' | 'refused' | 'copied'> => {
    if (source.expiresAtMs !== undefined && source.expiresAtMs <= nowMs) return { kind: 'keep', result: 'no-source' };
    if (!request.mayReplace(current?.info)) return { kind: 'keep', result: 'refused' };
    return { kind: 'write', bytes, ...kept({ info: source }), result: 'copied' };
  };
  const onWritten = (info: ObjectInfo) => {
    written = info;
  };
  const options = { durability: client.durability, onWritten };
  const kind = await front.objects.mutate(request.to, { needs: 'info', decide }, options);
  return kind === 'copied' ? { kind, source, written } : { kind };
}
