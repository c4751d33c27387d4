/**
 * Accepted sockets that read into memory of ours. Node offers that (`onread`) for sockets that dial; one that was accepted
 * allocates 64 KiB for each read, which costs twice the processor time for large transfers. So its handle, which is not
 * documented, is wrapped anew. Nothing else in the project touches it, and {@link canOwnBuffers} tries it before it is used:
 * where it does not work, accepted sockets read as node does by itself.
 */
import { createServer, Socket } from 'node:net';

/** Where the next read goes, and what has come: {@link next} is called before each read, {@link take} after it. */
export interface ReadInto {
  /** At least one byte. */
  next(): Uint8Array;
  /** The first `count` bytes of `into`, which `next` has given. */
  take(count: number, into: Uint8Array): void;
}

/** The options of a socket that reads as `into` says. */
export function onreadOf(into: ReadInto) {
  return {
    buffer: () => into.next(),
    callback: (count: number, bytes: Uint8Array) => {
      into.take(count, bytes);
      return true;
    },
  };
}

/** The same connection as a socket that reads as `into` says; undefined when node has no such handle. `accepted` is void then. */
export function withOwnBuffers(accepted: Socket, into: ReadInto): Socket | undefined {
  const holder = accepted as unknown as { _handle: unknown };
  const handle = holder._handle;
  if (!isUserBufferHandle(handle)) return undefined;
  holder._handle = null;
  const options = { handle, onread: onreadOf(into), readable: true, writable: true, pauseOnCreate: true };
  return new Socket(options as unknown as ConstructorParameters<typeof Socket>[0]);
}

function isUserBufferHandle(handle: unknown): boolean {
  return typeof handle === 'object' && handle !== null && 'useUserBuffer' in handle && 'readStart' in handle;
}

const trialMs = 2000;
const trialText = 'bytes that are read into memory of ours';

let trial: Promise<boolean> | undefined;

/** Whether {@link withOwnBuffers} works here: tried once, over a connection of this process to itself. */
export function canOwnBuffers(): Promise<boolean> {
  trial ??= tryOwnBuffers().catch(() => false);
  return trial;
}

async function tryOwnBuffers(): Promise<boolean> {
  const server = createServer({ pauseOnConnect: true });
  const dialled = new Socket();
  let wrapped: Socket | undefined;
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const timeout = setTimeout(() => resolve(false), trialMs);
  const memory = Buffer.alloc(trialText.length * 2);
  let filled = 0;
  try {
    server.on('error', () => resolve(false));
    server.on('connection', (accepted) => {
      const into = {
        next: () => memory.subarray(filled, filled + trialText.length),
        take: (count: number, bytes: Uint8Array) => {
          if (bytes.buffer !== memory.buffer || bytes.byteOffset !== memory.byteOffset + filled) resolve(false);
          filled += count;
          if (filled >= trialText.length) resolve(memory.toString('latin1', 0, filled) === trialText);
        },
      };
      wrapped = withOwnBuffers(accepted, into);
      if (wrapped === undefined) return resolve(false);
      wrapped.on('error', () => resolve(false));
      wrapped.resume();
    });
    server.listen({ host: '127.0.0.1', port: 0 }, () => {
      const address = server.address();
      if (address === null || typeof address === 'string') return resolve(false);
      dialled.connect({ host: '127.0.0.1', port: address.port }, () => dialled.end(trialText));
    });
    dialled.on('error', () => resolve(false));
    return await promise;
  } finally {
    clearTimeout(timeout);
    wrapped?.destroy();
    dialled.destroy();
    server.close();
  }
}
