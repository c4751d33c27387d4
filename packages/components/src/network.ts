/**
 * Stream sockets, as links and RESP use them. Bytes are pushed, not pulled: `onData` gets a view that is only valid
 * during the call; who keeps it copies it, or has said beforehand where it is to be read to. Writes are vectored and never copied by the implementation; written buffers
 * belong to the connection until it has drained or closed.
 */
export interface Network {
  /** Listens on `host:port` (0 = any free port); `accept` gets each connection before its first byte is read. */
  listen(host: string, port: number, accept: (connection: Connection) => void): Promise<Listener>;
  /** Connects within `timeoutMs`; rejects with `unavailable`. */
  dial(host: string, port: number, timeoutMs: number): Promise<Connection>;
}

export interface Listener {
  readonly host: string;
  readonly port: number;
  /** Stops accepting; connections that are open stay open. */
  close(): Promise<void>;
}

export interface Connection {
  /** The peer as `host:port`, for people. */
  readonly remote: string;
  /** The own end as `host:port`, for people. */
  readonly local: string;
  /** Bytes written but not yet taken by the kernel. */
  readonly bufferedBytes: number;
  /** Sets who is called; once, before any byte is read. */
  attach(handlers: ConnectionHandlers): void;
  /**
   * Queues the parts in order as one write; false = above the high-water mark: wait for `onDrain`. Once ended or closed
   * it drops them and answers true, so that nobody waits. `onTaken` is called once, later or at once: then the parts are
   * the caller's again.
   */
  write(parts: readonly Uint8Array[], onTaken?: () => void): boolean;
  /** As {@link write}, but together with what else is written in this turn of the event loop: for many short messages. */
  writeSoon(parts: readonly Uint8Array[], onTaken?: () => void): boolean;
  /** Stops and resumes reading (back-pressure). */
  pause(): void;
  resume(): void;
  /** Sends what is queued, then closes; bytes that still arrive are dropped. */
  end(): void;
  /** Closes at once; what is queued is lost. */
  destroy(): void;
}

export interface ConnectionHandlers {
  onData(bytes: Uint8Array): void;
  /**
   * Where the next bytes had better be read to, so that they need not be copied there: asked before each read. `onData` then
   * gets either the first bytes of just that memory or a view of other memory, and has to tell which by itself. Until
   * `onData` returns, or the connection is over, the memory stays the connection's. Empty is as good as none.
   */
  target?(): Uint8Array | undefined;
  onDrain(): void;
  /** Called once, when both directions are over; nothing is called after it. `error` is set when the peer or kernel cut it. */
  onClose(error?: Error): void;
}
