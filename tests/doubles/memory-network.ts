/**
 * A network in memory: what is written on one end arrives on the other in the next microtasks, in pieces that a test may
 * choose. A test can cut a connection, freeze what it carries, and fill a writer's queue.
 */
import type { Connection, ConnectionHandlers, Listener, Network } from '@sion/components';
import { SionError } from '@sion/wire';

export interface MemoryNetwork extends Network {
  /** Every connection's dialling end, oldest first. */
  readonly dialled: readonly MemoryConnection[];
}

/** One end of a connection. */
class MemoryConnection implements Connection {
  readonly remote: string;
  readonly local: string;
  peer: MemoryConnection | undefined;
  /** While set, written bytes wait here, as with a peer that reads no more. */
  stalled = false;
  closed = false;
  #queue: Uint8Array[] = [];
  #onTaken: (() => void)[] = [];
  #handlers: ConnectionHandlers | undefined;
  #arrived: Uint8Array[] = [];
  #paused = false;
  #full = false;
  readonly #pieceBytes: number;
  readonly #highWaterBytes: number;

  constructor(local: string, remote: string, pieceBytes: number, highWaterBytes: number) {
    this.local = local;
    this.remote = remote;
    this.#pieceBytes = pieceBytes;
    this.#highWaterBytes = highWaterBytes;
  }

  get bufferedBytes(): number {
    return this.#queue.reduce((sum, bytes) => sum + bytes.byteLength, 0);
  }

  attach(handlers: ConnectionHandlers): void {
    this.#handlers = handlers;
    this.#deliver();
  }

  write(parts: readonly Uint8Array[], onTaken?: () => void): boolean {
    if (this.closed) {
      onTaken?.();
      return true;
    }
    this.#queue.push(...parts);
    if (onTaken !== undefined) this.#onTaken.push(onTaken);
    queueMicrotask(() => this.flush());
    this.#full = this.bufferedBytes > this.#highWaterBytes;
    return !this.#full;
  }

  writeSoon(parts: readonly Uint8Array[], onTaken?: () => void): boolean {
    return this.write(parts, onTaken);
  }

  /** Hands on what waits, unless stalled. */
  flush(): void {
    if (this.stalled || this.closed) return;
    const joined = Buffer.concat(this.#queue.splice(0));
    for (const onTaken of this.#onTaken.splice(0)) onTaken();
    for (let at = 0; at < joined.length; at += this.#pieceBytes) {
      this.peer?.arrive(joined.subarray(at, at + this.#pieceBytes));
    }
    if (!this.#full) return;
    this.#full = false;
    this.#handlers?.onDrain();
  }

  arrive(bytes: Uint8Array): void {
    if (this.closed) return;
    this.#arrived.push(bytes);
    this.#deliver();
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#deliver();
  }

  end(): void {
    queueMicrotask(() => {
      this.flush();
      this.destroy();
    });
  }

  destroy(error?: Error): void {
    if (this.closed) return;
    this.closed = true;
    this.#queue = [];
    queueMicrotask(() => {
      this.#handlers?.onClose(error);
      this.peer?.destroy();
    });
  }

  /** Bytes are overwritten after the call, as a real network's buffer would be. */
  #deliver(): void {
    while (this.#handlers !== undefined && !this.#paused && !this.closed) {
      const next = this.#arrived.shift();
      if (next === undefined) return;
      const view = Uint8Array.from(next);
      this.#handlers.onData(view);
      view.fill(0xee);
    }
  }
}

export function createMemoryNetwork(options: { pieceBytes?: number; highWaterBytes?: number } = {}): MemoryNetwork {
  const { pieceBytes = 64 * 1024, highWaterBytes = 1024 * 1024 } = options;
  const listeners = new Map<number, (connection: Connection) => void>();
  const dialled: MemoryConnection[] = [];
  let nextPort = 40_000;
  return {
    dialled,
    async listen(host, port, accept): Promise<Listener> {
      const own = port === 0 ? nextPort++ : port;
      listeners.set(own, accept);
      return {
        host,
        port: own,
        close: async () => void listeners.delete(own),
      };
    },
    async dial(host, port): Promise<Connection> {
      const accept = listeners.get(port);
      if (accept === undefined) throw new SionError('unavailable', `nobody listens on ${host}:${port}`);
      const near = new MemoryConnection(`memory:${nextPort++}`, `${host}:${port}`, pieceBytes, highWaterBytes);
      const far = new MemoryConnection(near.remote, near.local, pieceBytes, highWaterBytes);
      near.peer = far;
      far.peer = near;
      dialled.push(near);
      accept(far);
      return near;
    },
  };
}
