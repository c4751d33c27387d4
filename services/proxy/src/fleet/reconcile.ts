/**
 * How a session opens: what the node says it holds is compared with the book, before any request is sent. Equal digests
 * end it; an empty node is known without asking; otherwise the node lists its chunks. Loss is exactly what differs
 * (rule 6 of the design). Also tells the node what to forget. It sends over the session it is given and nothing else.
 */
import { compareManifests, digestsEqual, type ManifestDigest, type ManifestEntry } from '@sion/core';
import { defaultMaxPayloadBytes, LinkProtocolError, maxChunksPerFrame } from '@sion/wire';
import type { Holdings } from './holdings.ts';
import type { NodeSession } from './node-session.ts';

/** What the node turned out to lack, now out of the manifest; `cut` when the session did not last that long. */
export type Reconciliation =
  | { readonly kind: 'reconciled'; readonly lost: readonly ManifestEntry[] }
  | { readonly kind: 'cut' }
  | { readonly kind: 'fault'; readonly reason: string };

/** Brings the book in line with what the node holds. */
export async function reconcile(
  session: NodeSession,
  holdings: Holdings,
  digest: ManifestDigest,
): Promise<Reconciliation> {
  if (!holdings.mustList && digestsEqual(digest, holdings.expectedDigest())) return { kind: 'reconciled', lost: [] };
  const held: ManifestEntry[] = [];
  if (digest.count > 0) {
    const fault = await listInto(held, session, digest);
    if (fault !== undefined) return session.isOver ? { kind: 'cut' } : { kind: 'fault', reason: fault };
  }
  const { lost, stray } = compareManifests(holdings.manifest, held);
  holdings.settle(lost, stray);
  return { kind: 'reconciled', lost };
}

/** The instance is empty: everything in the manifest is lost, and out of it. */
export function loseAll(holdings: Holdings): readonly ManifestEntry[] {
  const { lost, stray } = compareManifests(holdings.manifest, []);
  holdings.settle(lost, stray);
  return lost;
}

/** Lists the node's chunks; a reason when that fails. Bounded by the count that the hello announced. */
async function listInto(
  held: ManifestEntry[],
  session: NodeSession,
  digest: ManifestDigest,
): Promise<string | undefined> {
  for (;;) {
    const answer = await session.ask({ type: 'list', from: held.length });
    if (answer?.type !== 'manifest') return `list was answered with ${answer?.type ?? 'nothing'}`;
    // An invented length would be waited for as room that an eviction makes, and the node be woken for it again and again.
    const tooLong = answer.entries.find(({ lengthBytes }) => lengthBytes > defaultMaxPayloadBytes);
    if (tooLong !== undefined)
      return `a chunk of ${tooLong.lengthBytes} bytes was listed, which no link could have brought`;
    held.push(...answer.entries);
    if (!answer.more) return undefined;
    if (answer.entries.length === 0) return 'a page without entries says that more follow';
    if (held.length > digest.count) return `${held.length} chunks were listed, the hello said ${digest.count}`;
  }
}

/** Tells the node all evictions that are booked, a frame's worth at a time; false when it did not confirm one. */
export async function tellEvictions(session: NodeSession, holdings: Holdings): Promise<boolean> {
  for (;;) {
    const batch = holdings.beginEvictions(maxChunksPerFrame);
    if (batch.length === 0) return true;
    const answer = await session.ask({ type: 'evict', ids: batch.map((entry) => entry.id) });
    holdings.endEvictions(batch, answer?.type === 'done');
    if (answer?.type !== 'done') return false;
  }
}

/** The error for an answer that does not belong to its request; the link is then closed. */
export function unexpectedAnswer(request: string, answer: string): LinkProtocolError {
  return new LinkProtocolError('type', `${request} was answered with ${answer}`);
}
