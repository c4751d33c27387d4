/**
 * The system form of {@link Network}: TCP over `node:net`. Nagle's delay is off; the parts of a write go out as one
 * `writev` without being joined. Dialled sockets read into one reused buffer; accepted ones get the buffers that node
 * fills for each read. It must never keep or hand on a view after `onData` returned.
 */
import { createServer, type Server, Socket } from 'node:net';
import { SionError } from '@sion/wire';
import type { Connection, Listener, Network } from '../network.ts';
import { SocketConnection } from './socket-connection.ts';

export interface NetworkOptions {
  /** A write that leaves more than this queued answers false. Default 1 MiB, at least 64 KiB. */
  readonly highWaterBytes?: number;
  /** Size of the buffer that a dialled connection reads into. Default 256 KiB. */
  readonly readBufferBytes?: number;
}

/** TCP sockets of this machine. */
export function openNetwork(options: NetworkOptions = {}): Network {
  const { highWaterBytes = 1024 * 1024, readBufferBytes = 256 * 1024 } = options;
  return {
    listen: (host, port, accept) => listen(host, port, highWaterBytes, accept),
    dial: (host, port, timeoutMs) => dial(host, port, timeoutMs, highWaterBytes, readBufferBytes),
  };
}

function listen(
  host: string,
  port: number,
  highWaterBytes: number,
  accept: (connection: Connection) => void,
): Promise<Listener> {
  const server = createServer({ pauseOnConnect: true, noDelay: true });
  server.on('connection', (socket) => {
    const connection = new SocketConnection(socket, highWaterBytes);
    socket.on('data', (bytes) => connection.receive(bytes));
    socket.pause();
    accept(connection);
  });
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

function dial(
  host: string,
  port: number,
  timeoutMs: number,
  highWaterBytes: number,
  readBufferBytes: number,
): Promise<Connection> {
  return new Promise((resolve, reject) => {
    const buffer = new Uint8Array(readBufferBytes);
    const onread = {
      buffer,
      callback: (count: number) => {
        connection.receive(buffer.subarray(0, count));
        return true;
      },
    };
    const socket = new Socket({ onread });
    socket.setNoDelay(true);
    const connection = new SocketConnection(socket, highWaterBytes);
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
