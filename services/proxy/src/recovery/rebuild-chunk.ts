/**
 * Puts back a lost chunk of an object that the store does not hold: the proxy reads the fragment, from what memory still has
 * of it, makes the chunk anew and sends it to its node. It takes memory that nobody waits for, or tries again later.
 */
import { chunkLength, fragmentShape } from '@sion/core';
import { readFragment } from '../memory/fragment-read.ts';
import { failureOf } from './load-chunk.ts';
import type { ChunkOutcome, ChunkRecovery, RecoveryParts } from './recovery.ts';

/** Rejects when the fragment cannot be read. */
export async function rebuildChunk(
  parts: Pick<RecoveryParts, 'memory' | 'fleet' | 'hedgeMs' | 'fetchTimeoutMs' | 'readStore'>,
  recovery: ChunkRecovery,
): Promise<ChunkOutcome> {
  const { object, fragment, id, node, signal } = recovery;
  const { layout } = object;
  const checksum = fragment.checksums[id.index];
  if (checksum === undefined) return 'final';
  const { budget } = parts.memory.parts;
  const { chunkBytes, lengthBytes } = fragmentShape(layout, id.fragment);
  const reserveBytes = lengthBytes + layout.parityChunks * chunkBytes;
  if (!budget.tryAcquire(reserveBytes)) return 'other';
  try {
    const payload = await makeChunk(parts, recovery);
    const reply = await parts.fleet.store(node, { id, checksum, payload }, { cause: 'recovery', signal });
    return reply.kind === 'ok' ? undefined : failureOf(reply.refusal);
  } finally {
    budget.release(reserveBytes);
  }
}

async function makeChunk(
  parts: Pick<RecoveryParts, 'memory' | 'hedgeMs' | 'fetchTimeoutMs' | 'readStore'>,
  { object, id, signal }: ChunkRecovery,
): Promise<Uint8Array> {
  const { memory, hedgeMs, fetchTimeoutMs } = parts;
  const { layout } = object;
  const { dataChunks } = layout;
  const isData = id.index < dataChunks;
  const all = Array.from({ length: dataChunks }, (_, index) => index);
  const wanted = isData ? [id.index] : all.filter((index) => chunkLength(layout, id.fragment, index) > 0);
  const { chunks } = await readFragment({
    ...{ memory, object, fragment: id.fragment, wanted, hedgeMs, fetchTimeoutMs, signal },
    readStore: (range) => parts.readStore(object, range),
  });
  if (isData) return chunks[id.index] ?? new Uint8Array(0);
  const { chunkBytes } = fragmentShape(layout, id.fragment);
  const whole = all.map((index) => chunks[index] ?? new Uint8Array(0));
  const made = memory.parityOf(layout, chunkBytes, whole, [id.index]);
  return made.get(id.index) ?? new Uint8Array(0);
}
