/** Bodies of reads whose bytes are here already: nothing is waited for, and nothing is to be given back. */
import type { ObjectBody, ReadTrace } from './objects.ts';

/** `bytes` are shared with whoever has them: nobody may change them. */
export function readyBody(bytes: Uint8Array, trace: ReadTrace): ObjectBody {
  return {
    sizeBytes: bytes.length,
    trace,
    bytes: async () => bytes,
    cancel() {},
    async *[Symbol.asyncIterator]() {
      if (bytes.length > 0) yield bytes;
    },
  };
}
