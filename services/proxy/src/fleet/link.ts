/**
 * One connection that an instance has dialled: frames in, frames out. It knows whose link it is once a hello was
 * accepted, and counts what the kernel has taken, so that nobody takes a payload back while it is still being sent. It
 * judges no hello and knows no session; a peer that breaks the protocol loses this link and nothing else.
 */
import type { Connection, ReusedMemory } from '@sion/components';
import {
  encodeFrame,
  type Hello,
  LinkDecoder,
  type LinkFrame,
  type LinkKind,
  LinkProtocolError,
  type RefusalCode,
  type ToNode,
  type ToProxy,
  toProxyMessages,
} from '@sion/wire';

/** Who a link belongs to; it never changes hands. */
export interface LinkOwner {
  readonly node: number;
  readonly kind: LinkKind;
}

/** What a link tells its listener, in order; `onClosed` is the last call. */
export interface LinkListener {
  onHello(link: Link, session: number, hello: Hello): void;
  onFrame(link: Link, frame: LinkFrame<Exclude<ToProxy, Hello>>): void;
  /** Writing has become possible again. */
  onWritable(link: Link): void;
  /** The connection is over, whoever ended it and why. */
  onClosed(link: Link, reason: string): void;
}

export interface LinkOptions {
  /** Chunks longer than this are a fault. */
  readonly maxChunkBytes: number;
  /** Where they are put. */
  readonly payloads: ReusedMemory;
  readonly listener: LinkListener;
  /** The socket itself is gone; may be later than `onClosed`. */
  readonly onGone: () => void;
}

interface Unflushed {
  readonly position: number;
  readonly fire: () => void;
}

/** One link. */
export class Link {
  readonly #connection: Connection;
  readonly #decoder: LinkDecoder<ToProxy>;
  readonly #payloads: ReusedMemory;
  readonly #listener: LinkListener;
  #owner: LinkOwner | undefined;
  #writable = true;
  #closed = false;
  #reason = 'closed by the peer';
  /** As the last hello said, so that a refusal is heard. */
  #session = 0;
  #writtenBytes = 0;
  #receivedBytes = 0;
  #unflushed: Unflushed[] = [];

  constructor(connection: Connection, options: LinkOptions) {
    this.#connection = connection;
    this.#listener = options.listener;
    this.#payloads = options.payloads;
    this.#decoder = new LinkDecoder<ToProxy>({
      messages: toProxyMessages,
      maxPayloadBytes: options.maxChunkBytes,
      allocatePayload: (length, type) => this.#allocate(length, type),
      onFrame: (frame) => this.#deliver(frame),
    });
    connection.attach({
      target: () => this.#decoder.target(),
      onData: (bytes) => this.#receive(bytes),
      onDrain: () => this.#drained(),
      onClose: (error) => {
        this.#over(error);
        options.onGone();
      },
    });
  }

  get remote(): string {
    return this.#connection.remote;
  }

  get owner(): LinkOwner | undefined {
    return this.#owner;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** False while the connection has more queued than it wants. */
  get writable(): boolean {
    return this.#writable && !this.#closed;
  }

  /** Counts up with every byte that arrives: a sign of life. */
  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  /** Bytes that the kernel has taken so far. */
  get flushedBytes(): number {
    return this.#writtenBytes - this.#connection.bufferedBytes;
  }

  /** True while written bytes wait for the kernel. */
  get isFlushing(): boolean {
    return !this.#closed && this.#connection.bufferedBytes > 0;
  }

  /** The link has proved whose it is. */
  own(owner: LinkOwner): void {
    this.#owner = owner;
  }

  /** Queues a frame; its payload belongs to the link until {@link whenFlushed} says so. Nothing once closed. */
  send(session: number, request: number, message: ToNode): void {
    if (this.#closed) return;
    const parts = encodeFrame({ session, request, message });
    for (const part of parts) this.#writtenBytes += part.byteLength;
    this.#writable = this.#connection.writeSoon(parts);
  }

  /** Calls `fire` once all that was written so far is out of this process' hands, or the link is closed. */
  whenFlushed(fire: () => void): void {
    if (this.#closed || this.#connection.bufferedBytes === 0) return fire();
    this.#unflushed.push({ position: this.#writtenBytes, fire });
  }

  /** Fires what {@link whenFlushed} waits for; to be called now and then, for not every flush is announced. */
  checkFlushed(): void {
    const flushed = this.#closed ? Number.POSITIVE_INFINITY : this.flushedBytes;
    const due = this.#unflushed.filter(({ position }) => position <= flushed);
    if (due.length === 0) return;
    this.#unflushed = this.#unflushed.filter(({ position }) => position > flushed);
    for (const { fire } of due) fire();
  }

  /** Says why, then closes; for this side the link is over at once. */
  refuse(session: number, code: RefusalCode, reason: string): void {
    if (this.#closed) return;
    this.send(session, 0, { type: 'refuse', code, reason });
    this.#reason = reason;
    this.#connection.end();
    this.#over();
  }

  /** Closes at once. */
  destroy(reason: string): void {
    if (this.#closed) return;
    this.#reason = reason;
    this.#connection.destroy();
    this.#over();
  }

  #receive(bytes: Uint8Array): void {
    this.#receivedBytes += bytes.byteLength;
    try {
      this.#decoder.push(bytes);
    } catch (thrown) {
      if (!(thrown instanceof LinkProtocolError)) throw thrown;
      this.refuse(this.#session, 'protocol', thrown.message);
    }
  }

  #deliver(frame: LinkFrame<ToProxy>): void {
    const { session, request, message } = frame;
    if (message.type === 'hello') {
      this.#session = session;
      return this.#listener.onHello(this, session, message);
    }
    if (this.#owner === undefined) throw new LinkProtocolError('type', `${message.type} before hello`);
    this.#listener.onFrame(this, { session, request, message });
  }

  /** Nobody gets memory before the hello. */
  #allocate(length: number, type: string): Uint8Array {
    if (this.#owner === undefined) throw new LinkProtocolError('type', `${type} before hello`);
    return this.#payloads.take(length);
  }

  #drained(): void {
    this.#writable = true;
    this.checkFlushed();
    if (!this.#closed) this.#listener.onWritable(this);
  }

  /** Once: by the connection's own end, or earlier, when this side has given it up. */
  #over(error?: Error): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#decoder.stop();
    this.#listener.onClosed(this, error === undefined ? this.#reason : error.message);
    this.checkFlushed();
  }
}
