/**
 * Lets a node read a data chunk from the store, one that was lost or a copy of one that is in demand: the chunk is a byte range of its object, of exactly this version. When
 * that version has got another ETag meanwhile (its expiry was changed), it is asked for once more under that.
 */
import { chunkSpan, type RecoveryFailure } from '@sion/core';
import type { InvocationCause, NodeRefusal } from '../fleet/fleet.ts';
import type { ChunkOutcome, ChunkRecovery, RecoveryParts } from './recovery.ts';

const failures: Readonly<Record<NodeRefusal, RecoveryFailure>> = {
  capacity: 'full',
  unavailable: 'away',
  timeout: 'away',
  busy: 'other',
  missing: 'other',
  /** A change of the expiry may be on its way: the directory knows its ETag a moment later. */
  superseded: 'other',
  closed: 'other',
  corrupt: 'final',
  invalid: 'final',
};

/** What a node's refusal means for the recovery of a chunk. */
export function failureOf(refusal: NodeRefusal): RecoveryFailure {
  return failures[refusal];
}

/** Refusals after which the store was asked for certain. */
const afterRead: ReadonlySet<NodeRefusal> = new Set<NodeRefusal>(['superseded', 'corrupt']);

/** `cause`: what an invocation for it is booked under. */
export async function loadChunk(
  { fleet, onNodeRead }: Pick<RecoveryParts, 'fleet' | 'onNodeRead'>,
  recovery: ChunkRecovery,
  cause: InvocationCause = 'recovery',
): Promise<ChunkOutcome> {
  const { object, fragment, id, node, signal } = recovery;
  const checksum = fragment.checksums[id.index];
  const { offset, lengthBytes } = chunkSpan(object.layout, id.fragment, id.index);
  for (let look = 1; ; look++) {
    const stored = object.origin?.object;
    if (stored === undefined || checksum === undefined) return 'final';
    const { name: storeName, etag } = stored;
    const chunk = { id, checksum, storeName, etag, offset, lengthBytes };
    const reply = await fleet.load(node, chunk, { cause, signal });
    if (reply.kind === 'ok' || afterRead.has(reply.refusal)) onNodeRead();
    if (reply.kind === 'ok') return undefined;
    const isChanged = reply.refusal === 'superseded' && object.origin?.object.etag !== etag;
    if (!isChanged || look > 1) return failureOf(reply.refusal);
  }
}
