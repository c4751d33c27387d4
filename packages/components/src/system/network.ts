/**
 * The system form of {@link Network}: TCP over `node:net`. Nagle's delay is off; the parts of a write go out as one
 * `writev` without being joined. Sockets read to where their connection's handlers want it, else into one buffer that all
 * of them share; where node does not let accepted ones do so (`own-buffer-socket.ts`), these get the buffers that node
 * fills for each read. It must never keep or hand on a view after `onData` returned.
 */
import { createServer, type Server, Socket } from 'node:net';
import { SionError } from '@sion/wire';
import type { Connection, Listener, Network } from '../network.ts';
import { canOwnBuffers, onreadOf, type ReadInto, withOwnBuffers } from './own-buffer-socket.ts';
import { SocketConnection } from './socket-connection.ts';

export interface NetworkOptions {
  /** A write that leaves more than this queued answers false. Default 1 MiB, at least 64 KiB. */
  readonly highWaterBytes?: number;
  /** Size of the buffer that reads go to which nobody has another place for. Default 256 KiB. */
  readonly readBufferBytes?: number;
  /** Whether accepted sockets may read to where handlers want it. Default: where that works. */
  readonly acceptsOwnBuffers?: boolean;
}

/** TCP sockets of this machine. */
export function openNetwork(options: NetworkOptions = {}): Network {
  const { highWaterBytes = 1024 * 1024, readBufferBytes = 256 * 1024, acceptsOwnBuffers } = options;
  const memory = { highWaterBytes, buffer: new Uint8Array(readBufferBytes) };
  return {
    listen: async (host, port, accept) => {
      const ownsBuffers = acceptsOwnBuffers ?? (await canOwnBuffers());
      return await listen(host, port, (socket) => accept(asConnection(socket, ownsBuffers, memory)));
    },
    dial: (host, port, timeoutMs) => dial(host, port, timeoutMs, memory),
  };
}

/** What the connections of a network share. */
interface Memory {
  readonly highWaterBytes: number;
  readonly buffer: Uint8Array;
}

/** A socket's reads: where its connection wants them, once it has one. */
class Reads implements ReadInto {
  connection: SocketConnection | undefined;
  readonly #buffer: Uint8Array;

  constructor(buffer: Uint8Array) {
    this.#buffer = buffer;
  }

  next(): Uint8Array {
    return this.connection?.nextBuffer() ?? this.#buffer;
  }

  take(count: number, bytes: Uint8Array): void {
    this.connection?.receive(bytes.subarray(0, count));
  }
}

function asConnection(accepted: Socket, ownsBuffers: boolean, { highWaterBytes, buffer }: Memory): Connection {
  const reads = new Reads(buffer);
  const own = ownsBuffers ? withOwnBuffers(accepted, reads) : undefined;
  const connection = new SocketConnection(own ?? accepted, highWaterBytes, buffer);
  reads.connection = connection;
  if (own !== undefined) return connection;
  accepted.on('data', (bytes) => connection.receive(bytes));
  accepted.pause();
  return connection;
}

function listen(host: string, port: number, accept: (socket: Socket) => void): Promise<Listener> {
  const server = createServer({ pauseOnConnect: true, noDelay: true });
  server.on('connection', accept);
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(listenError(host, port, error)));
    server.listen({ host, port }, () => {
      server.removeAllListeners('error');
      // A failing accept (no file descriptors left) is the kernel's affair: the next one may succeed.
      server.on('error', () => {});
      resolve(asListener(server));
    });
  });
}

function listenError(host: string, port: number, error: Error): SionError {
  const errno = 'code' in error ? String(error.code) : error.message;
  const remedy =
    errno === 'EADDRINUSE'
      ? 'Another program listens there: stop it or choose another port.'
      : errno === 'EACCES'
        ? 'Choose a port above 1023, or grant the right.'
        : 'Choose another address.';
  return new SionError('unavailable', `Cannot listen on ${host}:${port}: ${errno}. ${remedy}`, { cause: error });
}

function asListener(server: Server): Listener {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('A TCP server without an address.');
  return {
    host: address.address,
    port: address.port,
    // Not `server.close(callback)`: that would wait for the open connections as well.
    close: async () => {
      server.close();
    },
  };
}

function dial(host: string, port: number, timeoutMs: number, { highWaterBytes, buffer }: Memory): Promise<Connection> {
  return new Promise((resolve, reject) => {
    const reads = new Reads(buffer);
    const socket = new Socket({ onread: onreadOf(reads) });
    socket.setNoDelay(true);
    const connection = new SocketConnection(socket, highWaterBytes, buffer);
    reads.connection = connection;
    const fail = (why: string, cause?: Error) => {
      clearTimeout(timeout);
      socket.destroy();
      reject(new SionError('unavailable', `Cannot connect to ${host}:${port}: ${why}.`, { cause }));
    };
    const timeout = setTimeout(() => fail(`no answer within ${timeoutMs} ms`), timeoutMs);
    const onError = (error: Error) => fail('code' in error ? String(error.code) : error.message, error);
    socket.once('error', onError);
    socket.once('connect', () => {
      clearTimeout(timeout);
      socket.removeListener('error', onError);
      connection.noteAddresses();
      resolve(connection);
    });
    // Reading waits for `attach`.
    socket.pause();
    socket.connect({ host, port });
  });
}
