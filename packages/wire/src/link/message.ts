/**
 * What proxy and node say to each other over a link. Types only; each message's grammar and codec is a file of its own
 * beside this one.
 *
 * A link is dialled by the instance. It opens with one `hello`, answered by `welcome` or `refuse` (then closed). Then
 * the proxy sends requests, each with a request number that its answer carries; answers may come in any order. A frame
 * carries the session number that the hello announced: frames of another session are dropped by either side.
 */

/** The link protocol's version; either side refuses another one. */
export const linkProtocolVersion = 1;

/** Which of a node's two links: `control` for everything small, `bulk` for chunks above the proxy's threshold. */
export type LinkKind = 'control' | 'bulk';

export interface WireChunkId {
  readonly epoch: number;
  readonly counter: number;
  readonly fragment: number;
  readonly index: number;
}

export interface WireManifestEntry {
  readonly id: WireChunkId;
  readonly lengthBytes: number;
  readonly checksum: number;
}

export interface WireDigest {
  readonly count: number;
  readonly bytes: number;
  readonly lanes: readonly [number, number];
}

/** Node → proxy, first frame on a link in each session. */
export interface Hello {
  readonly type: 'hello';
  readonly protocol: number;
  readonly link: LinkKind;
  /** The deployed function, e.g. `sion-node-003`. */
  readonly node: string;
  /** 16 random bytes as hex, drawn when the instance started. */
  readonly instance: string;
  readonly epoch: number;
  /** The single-use token of the invocation's payload, hex. */
  readonly token: string;
  readonly digest: WireDigest;
  /** Bytes of chunks this instance may hold (its memory less the reserves). */
  readonly capacityBytes: number;
}

/** Proxy → node: the hello is accepted. */
export interface Welcome {
  readonly type: 'welcome';
  /** The proxy pings this often; a node that hears nothing for `silenceMs` returns at once. */
  readonly heartbeatMs: number;
  readonly silenceMs: number;
}

/** Proxy → node: the hello is refused; the node returns at once. */
export interface Refuse {
  readonly type: 'refuse';
  readonly code: 'token' | 'epoch' | 'session' | 'protocol' | 'node' | 'closed';
  readonly reason: string;
}

/** Proxy → node: hold this chunk. Answer: `done` or `failed` (capacity, corrupt, busy). */
export interface StoreChunk {
  readonly type: 'store';
  readonly id: WireChunkId;
  /** CRC-32 of the payload; the node verifies it. */
  readonly checksum: number;
  readonly payload: Uint8Array;
}

/** Proxy → node: give bytes of this chunk. Answer: `chunk` or `failed` (missing, corrupt). */
export interface FetchChunk {
  readonly type: 'fetch';
  readonly id: WireChunkId;
}

/** Node → proxy: a whole chunk; the proxy verifies `checksum` over `payload`. */
export interface Chunk {
  readonly type: 'chunk';
  readonly checksum: number;
  readonly payload: Uint8Array;
}

/** Proxy → node: forget these chunks (unknown ones are no error). Answer: `done`. At most 1024 per frame. */
export interface EvictChunks {
  readonly type: 'evict';
  readonly ids: readonly WireChunkId[];
}

/** Proxy → node: read this data chunk from the store and hold it. Answer: `done` or `failed`. */
export interface LoadChunk {
  readonly type: 'load';
  readonly id: WireChunkId;
  readonly checksum: number;
  readonly storeName: string;
  readonly etag: string;
  readonly offset: number;
  readonly lengthBytes: number;
}

/** Proxy → node: list the chunks you hold, from position `from` in your order. Answer: `manifest`. */
export interface ListChunks {
  readonly type: 'list';
  readonly from: number;
}

/** Node → proxy: at most 1024 entries; `more` when others follow at `from + entries.length`. */
export interface ManifestPage {
  readonly type: 'manifest';
  readonly entries: readonly WireManifestEntry[];
  readonly more: boolean;
}

/** Proxy → node: are you there? Answer: `pong`. */
export interface Ping {
  readonly type: 'ping';
}

export interface Pong {
  readonly type: 'pong';
  /** Bytes of chunks held. */
  readonly usedBytes: number;
}

/** Proxy → node: no request of this session follows; return when the last answer is sent. */
export interface End {
  readonly type: 'end';
}

/** Node → proxy: the request was carried out. */
export interface Done {
  readonly type: 'done';
}

/** Why a node could not carry out a request. */
export type NodeFailure = 'missing' | 'capacity' | 'corrupt' | 'busy' | 'unavailable' | 'superseded' | 'invalid';

/** Node → proxy: the request was not carried out; nothing changed. */
export interface Failed {
  readonly type: 'failed';
  readonly code: NodeFailure;
  readonly message: string;
}

export type ToNode =
  | Welcome
  | Refuse
  | StoreChunk
  | FetchChunk
  | EvictChunks
  | LoadChunk
  | ListChunks
  | Ping
  | End;

export type ToProxy = Hello | Chunk | ManifestPage | Pong | Done | Failed;

export type LinkMessage = ToNode | ToProxy;

/** A message in its frame. `request` is 0 for hello, welcome, refuse and end. */
export interface LinkFrame {
  /** The proxy's number of this session of this node. */
  readonly session: number;
  readonly request: number;
  readonly message: LinkMessage;
}
