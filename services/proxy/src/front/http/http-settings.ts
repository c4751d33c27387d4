/** Settings of the HTTP front; their defaults and bounds stand in the proxy's one schema. */

/** Bounds of one request. */
export interface HttpLimits {
  readonly maxKeyBytes: number;
  readonly maxHttpObjectBytes: number;
  /** Longest pause within a body, in either direction, that is the client's doing. */
  readonly httpBodyIdleMs: number;
}

export interface HttpSettings extends HttpLimits {
  /** Address to listen on. */
  readonly host: string;
  /** 0 = any free one. */
  readonly httpPort: number;
  /** From the first byte of a connection or request to the end of its headers. */
  readonly httpHeaderMs: number;
  /** How long a connection may idle between requests. */
  readonly httpKeepAliveMs: number;
  readonly maxHttpConnections: number;
  /** How long a stop waits for requests that are under way. */
  readonly drainMs: number;
}
