/** Which bytes of an object a request means. */
import type { ByteRange } from '@sion/components';
import type { ObjectRange, RangeRequest } from './objects.ts';

/** The bytes that a request means in an object of this size; undefined when it lies outside. */
export function resolveRange(sizeBytes: number, request: RangeRequest | undefined): ObjectRange | undefined {
  if (request === undefined) return { start: 0, end: sizeBytes };
  if ('suffix' in request) {
    if (request.suffix <= 0 || sizeBytes === 0) return undefined;
    return { start: Math.max(0, sizeBytes - request.suffix), end: sizeBytes };
  }
  const end = Math.min(request.end ?? sizeBytes, sizeBytes);
  return request.start < end ? { start: request.start, end } : undefined;
}

/** The bytes that a request means, clipped to the object by whoever has it; undefined = all. */
export function absoluteRange(request: Exclude<RangeRequest, { suffix: number }> | undefined): ByteRange | undefined {
  if (request === undefined) return undefined;
  return { start: request.start, end: request.end ?? Number.MAX_SAFE_INTEGER };
}
