/** What a node's handler returned, read with care: it is only ever a hint, so anything odd reads as nothing. */
import type { InvocationResult } from '@sion/wire';

/** The parts of the result that the proxy uses. */
export type ReportedEnd = Pick<InvocationResult, 'instance' | 'chunks'> & { readonly ended: string };

export function readInvocationResult(payload: Uint8Array): ReportedEnd | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(payload).toString('utf8'));
    if (typeof value !== 'object' || value === null) return undefined;
    const { instance, chunks, ended }: { instance?: unknown; chunks?: unknown; ended?: unknown } = value;
    if (typeof instance !== 'string' || typeof chunks !== 'number' || typeof ended !== 'string') return undefined;
    return { instance, chunks, ended };
  } catch {
    return undefined;
  }
}
