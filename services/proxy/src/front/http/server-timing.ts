/**
 * The `Server-Timing` header (W3C): where an answer came from and what it took, as known when the answer begins. Of a
 * read of several fragments only the first ones have been fetched by then, so its function time is extrapolated by bytes:
 * headers cannot wait for a body, and a trailer would cost the body its `Content-Length`.
 */
import type { ReadTrace } from '../../objects/objects.ts';
import type { Exchange } from './exchange.ts';

/** Of an answer without the object's bytes: written once everything for it was done. */
export function timingOf(exchange: Exchange): string {
  const { bill } = exchange;
  return [
    `nodes;desc="${bill.nodes}"`,
    `store-requests;desc="${bill.storeRequests}"`,
    `dollars;desc="${formatUsd(bill.usd())}"`,
    `total;dur=${elapsedMs(exchange)}`,
  ].join(', ');
}

/** Of a read whose first of `sizeBytes` bytes are there. */
export function readTimingOf(exchange: Exchange, trace: ReadTrace, sizeBytes: number): string {
  const { bill } = exchange;
  const { coveredBytes = sizeBytes } = trace;
  const covered = coveredBytes > 0 && coveredBytes < sizeBytes ? coveredBytes / sizeBytes : 1;
  return [
    `tier;desc="${trace.source}"`,
    `nodes;desc="${trace.nodes}"`,
    `store-requests;desc="${bill.storeRequests}"`,
    `dollars;desc="${formatUsd(bill.usd(covered))}"`,
    `first-byte;dur=${elapsedMs(exchange)}`,
  ].join(', ');
}

/** Plain decimals, to a billionth of a cent: a millisecond of a small function is about two billionths of a dollar. */
function formatUsd(usd: number): string {
  return usd.toFixed(11).replace(/\.?0+$/, '');
}

function elapsedMs({ parts, startedMs }: Exchange): string {
  return (parts.clock.monotonicMs() - startedMs).toFixed(3);
}
