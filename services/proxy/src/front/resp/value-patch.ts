/**
 * Changing a part of a value: APPEND, SETRANGE. The store holds whole objects, so the value is put together anew, out of
 * the old bytes and the new ones, and keeps the object's expiry and metadata. A short value is changed in the key's turn,
 * where several changes fold into one write. A longer one streams from the old object into the new, and is written only
 * if the object is still the version that was read; otherwise it is done again. Such work goes one by one per key, since
 * of several at a time all but one would be in vain. No value is ever held whole for it.
 *
 * A large argument is held until it has arrived, within the bound on arguments, so that the work can be done again. One
 * over `maxOldValueBytes` streams as well; when the object changes meanwhile it cannot be had again, and the client is told.
 */
import { integerReply, type Reply, SionError } from '@sion/wire';
import type { CurrentObject, Decision, ObjectInfo } from '../../objects/objects.ts';
import type { Call } from './command.ts';
import type { IncomingValue } from './incoming-value.ts';
import { stringTooLong, syntaxError } from './redis-errors.ts';
import { kept } from './value-change.ts';

/** Values that are changed in the key's turn; each change that folds with others makes a copy. */
const shortBytes = 256 * 1024;

const maxAttempts = 8;

/** Where the new bytes go; beyond the end, zeros come first. */
export type PatchPlace = 'end' | number;

/** The new bytes; `pieces` may be called again unless they arrive only once. */
interface NewPart {
  readonly sizeBytes: number;
  readonly isOnce: boolean;
  pieces(): AsyncIterable<Uint8Array>;
}

/** Puts the call's argument `valueAt` into the value of its one key; the reply is the length that the value has then. */
export async function patchValue(call: Call, place: PatchPlace, valueAt: number): Promise<Reply> {
  const { value, front } = call;
  if (value === undefined) return patchHeld(call, place, call.args[valueAt] ?? Buffer.alloc(0));
  const { sizeBytes } = value;
  if (sizeBytes > front.settings.maxOldValueBytes || !front.argumentMemory.admit(sizeBytes)) {
    return patchArriving(call, place, value);
  }
  try {
    return await patchHeld(call, place, await gather(value));
  } finally {
    front.argumentMemory.release(sizeBytes);
  }
}

async function gather(value: IncomingValue): Promise<Uint8Array> {
  const bytes = Buffer.allocUnsafeSlow(value.sizeBytes);
  let filled = 0;
  for await (const piece of value.pieces()) {
    bytes.set(piece, filled);
    filled += piece.byteLength;
  }
  await complete(value);
  return bytes;
}

/** Waits for the end of the command; nothing may follow that did not fit. */
async function complete(value: IncomingValue): Promise<void> {
  const { skippedBytes } = await value.rest;
  if (skippedBytes > 0) throw syntaxError();
}

async function patchHeld(call: Call, place: PatchPlace, bytes: Uint8Array): Promise<Reply> {
  const reply = await patchShort(call, place, bytes);
  if (reply !== 'too-large') return reply;
  const part: NewPart = {
    ...{ sizeBytes: bytes.byteLength, isOnce: false },
    async *pieces() {
      yield bytes;
    },
  };
  return call.front.patches.run(call.keys[0] ?? '', () => patchLarge(call, place, part));
}

async function patchArriving(call: Call, place: PatchPlace, value: IncomingValue): Promise<Reply> {
  const part: NewPart = { sizeBytes: value.sizeBytes, isOnce: true, pieces: () => value.pieces() };
  try {
    const reply = await patchLarge(call, place, part);
    await complete(value);
    return reply;
  } catch (error) {
    value.discard();
    await value.rest;
    throw error;
  }
}

function patchShort(call: Call, place: PatchPlace, bytes: Uint8Array): Promise<Reply | 'too-large'> {
  const { keys, client, front } = call;
  const decide = (current: CurrentObject | undefined): Decision<Reply | 'too-large'> => {
    const sizeBytes = current?.info.sizeBytes ?? 0;
    if (keepsAsIs(place, bytes.byteLength, current?.info)) return { kind: 'keep', result: integerReply(sizeBytes) };
    const shape = shapeOf(call, place, bytes.byteLength, sizeBytes);
    if (shape === 'too-long') return { kind: 'keep', result: stringTooLong().reply };
    const isShort = shape.totalBytes <= shortBytes + bytes.byteLength;
    if (!isShort || (current !== undefined && current.value === undefined))
      return { kind: 'keep', result: 'too-large' };
    const patched = Buffer.alloc(shape.totalBytes);
    if (current?.value !== undefined) patched.set(current.value);
    patched.set(bytes, shape.offset);
    return { kind: 'write', bytes: patched, ...kept(current), result: integerReply(shape.totalBytes) };
  };
  const needs = { value: true, maxValueBytes: shortBytes } as const;
  return front.objects.mutate(keys[0] ?? '', { needs, decide }, { durability: client.durability });
}

/** Nothing is written for no bytes, except that APPEND makes an empty value where there is none. */
function keepsAsIs(place: PatchPlace, bytes: number, info: ObjectInfo | undefined): boolean {
  return bytes === 0 && (info !== undefined || place !== 'end');
}

interface Shape {
  readonly offset: number;
  readonly totalBytes: number;
}

function shapeOf(call: Call, place: PatchPlace, bytes: number, sizeBytes: number): Shape | 'too-long' {
  const offset = place === 'end' ? sizeBytes : place;
  const end = offset + bytes;
  return end > call.front.settings.maxRespValueBytes ? 'too-long' : { offset, totalBytes: Math.max(sizeBytes, end) };
}

async function patchLarge(call: Call, place: PatchPlace, part: NewPart): Promise<Reply> {
  const { front, keys } = call;
  for (let attempt = 1; attempt <= (part.isOnce ? 1 : maxAttempts); attempt += 1) {
    const info = await front.objects.info(keys[0] ?? '');
    const sizeBytes = info?.sizeBytes ?? 0;
    if (keepsAsIs(place, part.sizeBytes, info)) return integerReply(sizeBytes);
    const shape = shapeOf(call, place, part.sizeBytes, sizeBytes);
    if (shape === 'too-long') throw stringTooLong();
    if (await replace(call, info, part, shape)) return integerReply(shape.totalBytes);
  }
  const remedy = part.isOnce ? 'nothing was written; send it again' : 'retry later';
  throw new SionError('unavailable', `the value was changed by others while it was put together; ${remedy}`);
}

/** Writes the new value in place of exactly this version; false, leaving no trace, when another one is there. */
async function replace(call: Call, info: ObjectInfo | undefined, part: NewPart, shape: Shape): Promise<boolean> {
  const { keys, client, signal, front } = call;
  const [key = ''] = keys;
  const { objects } = front;
  const options = { durability: client.durability, signal };
  const pieces = patchedPieces(call, info, part, shape);
  try {
    const staged = await objects.stage(key, { kind: 'stream', sizeBytes: shape.totalBytes, pieces }, options);
    try {
      const decide = (current: CurrentObject | undefined): Decision<boolean> =>
        current?.info.version === info?.version
          ? { kind: 'write', bytes: staged, ...kept(current), result: true }
          : { kind: 'keep', result: false };
      return await objects.mutate(key, { needs: 'info', decide }, { durability: client.durability });
    } finally {
      // Not awaited: it must not delay the reply, and after a write it does nothing.
      void staged.discard().catch(() => {});
    }
  } catch (error) {
    if (error instanceof SionError && error.code === 'unavailable' && (await isAnother(call, info))) return false;
    throw error;
  }
}

/** Whether the failure of a read is explained by another version's being there. */
async function isAnother({ keys, front }: Call, info: ObjectInfo | undefined): Promise<boolean> {
  return (await front.objects.info(keys[0] ?? ''))?.version !== info?.version;
}

async function* patchedPieces(
  call: Call,
  info: ObjectInfo | undefined,
  part: NewPart,
  { offset }: Shape,
): AsyncGenerator<Uint8Array, void, undefined> {
  const sizeBytes = info?.sizeBytes ?? 0;
  if (info !== undefined) yield* oldPieces(call, info, 0, Math.min(offset, sizeBytes));
  const { pieceBytes } = call.front.settings;
  for (let at = sizeBytes; at < offset; at += pieceBytes) yield Buffer.alloc(Math.min(pieceBytes, offset - at));
  yield* part.pieces();
  if (info !== undefined) yield* oldPieces(call, info, offset + part.sizeBytes, sizeBytes);
}

/** Bytes [start, end) of exactly this version. */
async function* oldPieces(
  call: Call,
  info: ObjectInfo,
  start: number,
  end: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (start >= end) return;
  const { keys, front, signal } = call;
  const outcome = await front.objects.read(keys[0] ?? '', { range: { start, end }, signal });
  if (outcome.kind !== 'hit') throw superseded();
  try {
    if (outcome.info.version !== info.version) throw superseded();
    yield* outcome.body;
  } finally {
    outcome.body.cancel();
  }
}

const superseded = () => new SionError('unavailable', 'the value was replaced while it was read');
