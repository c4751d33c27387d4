/**
 * One TCP socket as a {@link Connection}. It owns the socket's whole life: reading starts with `attach`, a graceful end
 * keeps taking (and dropping) what the peer still sends for a moment, because closing over unread bytes would make the
 * kernel reset the connection and lose what was just sent. It must never call a handler after `onClose`.
 */
import type { Socket } from 'node:net';
import type { Connection, ConnectionHandlers } from '../network.ts';

/** How long an ended connection waits for the peer to close its side as well. */
const lingerMs = 2000;

/** The least high-water mark: node announces a drain only when its own mark, this one, was passed. */
const leastHighWaterBytes = 64 * 1024;

/** A connected or connecting socket, paused until {@link SocketConnection.attach}. */
export class SocketConnection implements Connection {
  readonly #socket: Socket;
  readonly #highWaterBytes: number;
  #full = false;
  /** Written in this turn, and not yet with the socket. */
  #queued: Uint8Array[] = [];
  #queuedBytes = 0;
  #onTaken: (() => void)[] = [];
  #soon: NodeJS.Immediate | undefined;
  #paused = false;
  #handlers: ConnectionHandlers | undefined;
  /** Where reads go that the handlers have no target for; valid until the next read of any connection that shares it. */
  readonly #buffer: Uint8Array;
  #error: Error | undefined;
  #state: 'open' | 'ending' | 'over' = 'open';
  #remote = '';
  #local = '';

  constructor(socket: Socket, highWaterBytes: number, buffer: Uint8Array) {
    this.#socket = socket;
    this.#buffer = buffer;
    this.#highWaterBytes = Math.max(highWaterBytes, leastHighWaterBytes);
    this.noteAddresses();
    socket.on('error', (error) => {
      this.#error = error;
    });
    socket.on('drain', () => {
      if (this.#state !== 'open' || !this.#full) return;
      this.#full = false;
      this.#handlers?.onDrain();
    });
    socket.on('close', () => {
      this.#state = 'over';
      this.#drop();
      this.#handlers?.onClose(this.#error);
    });
  }

  get remote(): string {
    return this.#remote;
  }

  get local(): string {
    return this.#local;
  }

  get bufferedBytes(): number {
    return this.#socket.writableLength + this.#queuedBytes;
  }

  /** Reads the two ends' addresses, which are unknown before the socket is connected and lost when it closes. */
  noteAddresses(): void {
    const { remoteAddress, remotePort, localAddress, localPort } = this.#socket;
    this.#remote = formatEnd(remoteAddress, remotePort);
    this.#local = formatEnd(localAddress, localPort);
  }

  /** Takes bytes from the socket; they are valid during the call only. */
  receive(bytes: Uint8Array): void {
    if (this.#state === 'open') this.#handlers?.onData(bytes);
  }

  /** Where the socket reads to next. */
  nextBuffer(): Uint8Array {
    const target = this.#state === 'open' ? this.#handlers?.target?.() : undefined;
    return target === undefined || target.length === 0 ? this.#buffer : target;
  }

  attach(handlers: ConnectionHandlers): void {
    if (this.#handlers !== undefined) throw new Error('A connection is attached once.');
    this.#handlers = handlers;
    if (this.#state === 'over') queueMicrotask(() => handlers.onClose(this.#error));
    else if (!this.#paused) this.#socket.resume();
  }

  write(parts: readonly Uint8Array[], onTaken?: () => void): boolean {
    return this.#queue(parts, onTaken) ? this.#flush() : true;
  }

  writeSoon(parts: readonly Uint8Array[], onTaken?: () => void): boolean {
    if (!this.#queue(parts, onTaken)) return true;
    // Beyond that, waiting would only cost memory.
    if (this.#queuedBytes >= leastHighWaterBytes) return this.#flush();
    this.#soon ??= setImmediate(() => this.#flush());
    return !this.#full;
  }

  /** False when nobody is left to send to. */
  #queue(parts: readonly Uint8Array[], onTaken: (() => void) | undefined): boolean {
    if (this.#state !== 'open' || !this.#socket.writable) {
      onTaken?.();
      return false;
    }
    for (const part of parts) {
      if (part.byteLength === 0) continue;
      this.#queued.push(part);
      this.#queuedBytes += part.byteLength;
    }
    if (onTaken !== undefined) this.#onTaken.push(onTaken);
    return true;
  }

  /** Hands what is queued to the kernel, as one write; false when too much waits there. */
  #flush(): boolean {
    clearImmediate(this.#soon);
    this.#soon = undefined;
    const [parts, onTaken] = [this.#queued, this.#onTaken];
    this.#queued = [];
    this.#onTaken = [];
    this.#queuedBytes = 0;
    const tell = onTaken.length === 0 ? undefined : () => onTaken.forEach((taken) => taken());
    const socket = this.#socket;
    const last = parts.pop();
    if (last === undefined) {
      tell?.();
    } else if (parts.length === 0) {
      socket.write(last, tell);
    } else {
      socket.cork();
      for (const part of parts) socket.write(part);
      socket.write(last, tell);
      socket.uncork();
    }
    if (socket.writableLength <= this.#highWaterBytes) return true;
    this.#full = true;
    return false;
  }

  /** What is queued is lost. */
  #drop(): void {
    clearImmediate(this.#soon);
    this.#soon = undefined;
    this.#queued = [];
    this.#queuedBytes = 0;
    for (const onTaken of this.#onTaken.splice(0)) onTaken();
  }

  pause(): void {
    if (this.#state !== 'open' || this.#paused) return;
    this.#paused = true;
    this.#socket.pause();
    // A resume of this very turn still has a tick pending, in which node would start the kernel's reads again.
    process.nextTick(() => {
      if (this.#paused) this.#socket.pause();
    });
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    if (this.#handlers !== undefined) this.#socket.resume();
  }

  end(): void {
    if (this.#state !== 'open') return;
    this.#flush();
    this.#state = 'ending';
    this.#paused = false;
    const socket = this.#socket;
    socket.end(() => {
      const timeout = setTimeout(() => socket.destroy(), lingerMs);
      socket.once('close', () => clearTimeout(timeout));
    });
    socket.resume();
  }

  destroy(): void {
    this.#drop();
    this.#socket.destroy();
  }
}

function formatEnd(address: string | undefined, port: number | undefined): string {
  if (address === undefined || port === undefined) return 'unknown';
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
