/**
 * One link of this instance: a connection that it dialled, with its decoder. A link may outlive the session that dialled
 * it, and the freeze between two invocations; frames of any session but the present one are dropped. It owns
 * back-pressure: while its output is above the connection's high-water mark it neither reads nor gives out requests. A
 * malformed frame closes it with a reason in the log and harms nothing else.
 */
import type { Clock, Connection, Log, Network } from '@sion/components';
import {
  encodeFrame,
  LinkDecoder,
  type LinkFrame,
  type LinkKind,
  LinkProtocolError,
  type ToNode,
  type ToProxy,
  toNodeMessages,
} from '@sion/wire';

/** Whom a link was dialled to, and in which epoch: only the same is served over it again. */
export interface LinkTarget {
  readonly host: string;
  readonly port: number;
  readonly epoch: number;
}

/** The session on a link. */
export interface LinkListener {
  /** Bytes arrived or went out: the peer lives. */
  onActivity(): void;
  /** A message of this session. */
  onMessage(link: Link, request: number, message: ToNode): void;
  /** The link is closed; called once, and nothing after it. */
  onLost(link: Link): void;
}

export interface LinkParts {
  readonly clock: Clock;
  readonly network: Network;
  readonly log: Log;
}

export interface LinkOptions {
  readonly dialTimeoutMs: number;
  readonly maxPayloadBytes: number;
  /** Where chunks that come in are put. */
  readonly allocatePayload: (lengthBytes: number) => Uint8Array;
}

/** Dials; rejects with `unavailable`. */
export async function dialLink(
  parts: LinkParts,
  kind: LinkKind,
  target: LinkTarget,
  options: LinkOptions,
): Promise<Link> {
  const connection = await parts.network.dial(target.host, target.port, options.dialTimeoutMs);
  return new Link(parts, connection, kind, target, options);
}

export class Link {
  readonly kind: LinkKind;
  readonly target: LinkTarget;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #connection: Connection;
  readonly #decoder: LinkDecoder<ToNode>;
  #session = 0;
  #listener: LinkListener | undefined;
  /** Frames that were read in one go with the one whose answer filled the output. */
  readonly #inbox: LinkFrame<ToNode>[] = [];
  #full = false;
  #open = true;
  #activeMs: number;

  constructor(
    { clock, log }: LinkParts,
    connection: Connection,
    kind: LinkKind,
    target: LinkTarget,
    { maxPayloadBytes, allocatePayload }: LinkOptions,
  ) {
    this.kind = kind;
    this.target = target;
    this.#clock = clock;
    this.#log = log.child({ link: kind, remote: connection.remote });
    this.#connection = connection;
    this.#activeMs = clock.monotonicMs();
    this.#decoder = new LinkDecoder({
      messages: toNodeMessages,
      maxPayloadBytes,
      allocatePayload,
      onFrame: (frame) => this.#take(frame),
    });
    connection.attach({
      target: () => this.#decoder.target(),
      onData: (bytes) => this.#read(bytes),
      onDrain: () => this.#drained(),
      onClose: (error) => this.#lose(error === undefined ? 'closed by the peer' : error.message),
    });
  }

  get open(): boolean {
    return this.#open;
  }

  /** True when no request waits and everything that was sent is with the kernel. */
  get settled(): boolean {
    return this.#inbox.length === 0 && this.#connection.bufferedBytes === 0;
  }

  /** How long nothing has gone in or out. */
  get idleMs(): number {
    return this.#clock.monotonicMs() - this.#activeMs;
  }

  /** Gives the link to a session; what was left of an earlier one is dropped. */
  attach(session: number, listener: LinkListener): void {
    this.#session = session;
    this.#listener = listener;
    this.#inbox.length = 0;
  }

  /** Takes the link from its session; whatever arrives is dropped until the next. */
  detach(): void {
    this.#listener = undefined;
    this.#inbox.length = 0;
  }

  /** Queues a frame of the present session; on a closed link nothing happens. `onTaken`: its payload is with the kernel, or lost. */
  send(request: number, message: ToProxy, onTaken?: () => void): void {
    if (!this.#open) return onTaken?.();
    const parts = encodeFrame({ session: this.#session, request, message });
    if (this.#connection.writeSoon(parts, onTaken)) return;
    this.#full = true;
    this.#connection.pause();
  }

  /** Closes because the peer broke the protocol. */
  fault(error: LinkProtocolError): void {
    this.#log.warn('link-fault', { fault: error.fault, reason: error.message, session: this.#session });
    this.#lose(error.message);
  }

  /** Closes at once; the session is not told. */
  close(): void {
    this.detach();
    this.#lose('closed by this node');
  }

  #read(bytes: Uint8Array): void {
    this.#noteActivity();
    try {
      this.#decoder.push(bytes);
    } catch (thrown) {
      if (!(thrown instanceof LinkProtocolError)) throw thrown;
      this.fault(thrown);
    }
  }

  #take(frame: LinkFrame<ToNode>): void {
    if (this.#listener === undefined || frame.session !== this.#session) {
      this.#log.debug('stale-frame-dropped', { session: frame.session, type: frame.message.type });
    } else if (this.#full) {
      this.#inbox.push(frame);
    } else {
      this.#listener.onMessage(this, frame.request, frame.message);
    }
  }

  #drained(): void {
    this.#noteActivity();
    this.#full = false;
    while (this.#open && !this.#full) {
      const frame = this.#inbox.shift();
      if (frame === undefined) return this.#connection.resume();
      this.#listener?.onMessage(this, frame.request, frame.message);
    }
  }

  #noteActivity(): void {
    this.#activeMs = this.#clock.monotonicMs();
    this.#listener?.onActivity();
  }

  #lose(reason: string): void {
    if (!this.#open) return;
    this.#open = false;
    this.#decoder.stop();
    this.#connection.destroy();
    this.#log.debug('link-closed', { reason });
    const listener = this.#listener;
    this.detach();
    listener?.onLost(this);
  }
}
