/**
 * The fleet's settings: plain data with their defaults, and the relations between limits that are asserted at start.
 * The proxy's settings schema fills them in; nothing here reads an environment.
 */
import { SionError } from '@sion/wire';

export interface FleetSettings {
  /** How many nodes are deployed. */
  readonly nodes: number;
  /** A node's function is this and its index as at least three digits. */
  readonly functionPrefix: string;
  /** The functions' memory, for the price of waiting. */
  readonly nodeMemoryMb: number;
  /** What a node is assumed to hold at most until its first hello says it. */
  readonly assumedCapacityBytes: number;

  /** Where the proxy listens for links; port 0 = any free one. */
  readonly linkHost: string;
  readonly linkPort: number;
  /** Where instances reach that listener; by default the listener's own address. */
  readonly advertisedHost?: string;
  readonly advertisedPort?: number;

  /** A ping this often while a session is open. */
  readonly heartbeatMs: number;
  /** A node that has not been heard for this long loses its links; it gives up on the proxy after the same time. */
  readonly silenceMs: number;
  /** A connection must have said hello within this time. */
  readonly helloTimeoutMs: number;
  /** Both links must have said hello this long after the invocation, cold start included. */
  readonly openTimeoutMs: number;
  /** A request's deadline when its caller names none. */
  readonly requestTimeoutMs: number;
  /** No session lasts longer. */
  readonly sessionMaxMs: number;
  /** An invocation should have returned this long after END, or after its links were cut. */
  readonly returnGraceMs: number;
  /** No longer is an invocation's return waited for; above the functions' own time-out. */
  readonly invocationTimeoutMs: number;
  /** `close()` waits this long for the sessions' returns. */
  readonly closeTimeoutMs: number;

  /** What a second of a client's waiting is held to be worth; weighs a longer linger against another invocation. */
  readonly latencyUsdPerSecond: number;
  /** Chunks of at least this size use the bulk link. */
  readonly bulkThresholdBytes: number;

  /** The longest chunk that a node may send. */
  readonly maxChunkBytes: number;
  /** Payload bytes of one node's requests, waiting or sent, small and large ones each; beyond it all are refused as busy. */
  readonly maxQueuedBytesPerNode: number;
  /** Requests of one node, waiting or sent, small and large ones each. */
  readonly maxQueuedRequestsPerNode: number;
  /** The same, beyond which fetches of callers that have another way are refused: what a node delivers in a moment. */
  readonly busyBytesPerNode: number;
  readonly busyRequestsPerNode: number;
  /** Chunks that one node holds at most: its listing takes time. */
  readonly maxChunksPerNode: number;
  /** Connections that have not said hello yet. */
  readonly maxPendingLinks: number;
  /** Evictions that a node has not been told yet; beyond it they are forgotten and found again by listing. */
  readonly maxEvictionsPerNode: number;
  /** Evictions of this many bytes wake a node by themselves. */
  readonly evictionWakeBytes: number;

  /** The pause after a failed invocation: its first ceiling, doubling with each failure in a row, and its greatest. */
  readonly backoffBaseMs: number;
  readonly backoffMaxMs: number;
  /** Attempts after failures, over the whole fleet: an outage must not become a storm. */
  readonly retriesPerSecond: number;
}

/** Defaults of everything that does not describe the deployment. */
export const fleetDefaults = {
  functionPrefix: 'sion-node-',
  linkHost: '127.0.0.1',
  linkPort: 6382,
  heartbeatMs: 250,
  silenceMs: 1000,
  helloTimeoutMs: 2000,
  openTimeoutMs: 10_000,
  requestTimeoutMs: 10_000,
  sessionMaxMs: 5 * 60_000,
  returnGraceMs: 2000,
  invocationTimeoutMs: 6 * 60_000,
  closeTimeoutMs: 10_000,
  latencyUsdPerSecond: 0.0001,
  bulkThresholdBytes: 64 * 1024,
  maxChunkBytes: 16 * 1024 * 1024,
  maxQueuedBytesPerNode: 256 * 1024 * 1024,
  maxQueuedRequestsPerNode: 4096,
  busyBytesPerNode: 32 * 1024 * 1024,
  busyRequestsPerNode: 1024,
  maxChunksPerNode: 65_536,
  maxPendingLinks: 1024,
  maxEvictionsPerNode: 16_384,
  evictionWakeBytes: 256 * 1024 * 1024,
  backoffBaseMs: 50,
  backoffMaxMs: 10_000,
  retriesPerSecond: 50,
} as const satisfies Partial<FleetSettings>;

/** Throws `invalid` with the setting's name, its value and the remedy when the settings cannot work together. */
export function checkFleetSettings(settings: FleetSettings): void {
  const refuse = (name: keyof FleetSettings, remedy: string): never => {
    throw new SionError('invalid', `fleet setting ${name} = ${String(settings[name])}: ${remedy}`);
  };
  for (const [name, value] of Object.entries(settings)) {
    if (typeof value !== 'number') continue;
    if (!Number.isFinite(value) || value < 0) {
      throw new SionError('invalid', `fleet setting ${name} = ${value}: must be a number of at least 0`);
    }
  }
  if (!Number.isInteger(settings.nodes) || settings.nodes < 1) refuse('nodes', 'at least 1 node is needed');
  if (['', '0.0.0.0', '::'].includes(settings.linkHost) && settings.advertisedHost === undefined) {
    refuse('linkHost', 'listens everywhere, which is no address for nodes to dial: set advertisedHost');
  }
  if (settings.heartbeatMs < 10) refuse('heartbeatMs', 'must be at least 10 ms');
  if (settings.silenceMs < 2 * settings.heartbeatMs) refuse('silenceMs', 'must be at least twice heartbeatMs');
  if (settings.openTimeoutMs < settings.helloTimeoutMs) refuse('openTimeoutMs', 'must be at least helloTimeoutMs');
  if (settings.invocationTimeoutMs < settings.sessionMaxMs + settings.openTimeoutMs) {
    refuse('invocationTimeoutMs', 'must be at least sessionMaxMs + openTimeoutMs, and above the functions’ time-out');
  }
  if (settings.sessionMaxMs <= settings.openTimeoutMs) refuse('sessionMaxMs', 'must be above openTimeoutMs');
  if (settings.maxPendingLinks < 2) refuse('maxPendingLinks', 'a node dials two links: must be at least 2');
  if (settings.maxQueuedRequestsPerNode < 1) refuse('maxQueuedRequestsPerNode', 'must be at least 1');
  if (settings.busyRequestsPerNode < 1) refuse('busyRequestsPerNode', 'must be at least 1');
  if (settings.retriesPerSecond <= 0)
    refuse('retriesPerSecond', 'must be above 0, or a failed node is never tried again');
  if (settings.backoffMaxMs < settings.backoffBaseMs) refuse('backoffMaxMs', 'must be at least backoffBaseMs');
}

/** The function that is node `index`. */
export function functionName(settings: FleetSettings, index: number): string {
  return `${settings.functionPrefix}${String(index).padStart(3, '0')}`;
}
