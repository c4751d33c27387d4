/**
 * What proxy and node say to each other over a link; each message's grammar and codec is a file of its own under
 * `messages/`.
 *
 * A link is dialled by the instance. It opens with one `hello`, answered by `welcome` or `refuse` (then closed). Then
 * the proxy sends requests, each with a request number that its answer carries; answers may come in any order. A frame
 * carries the session number that the hello announced: frames of another session are dropped by either side.
 */
import type { MessageDecoding } from './codec.ts';
import { type Chunk, chunkCodec } from './messages/chunk.ts';
import { type Done, doneCodec } from './messages/done.ts';
import { type End, endCodec } from './messages/end.ts';
import { type EvictChunks, evictChunksCodec } from './messages/evict-chunks.ts';
import { type Failed, failedCodec } from './messages/failed.ts';
import { type FetchChunk, fetchChunkCodec } from './messages/fetch-chunk.ts';
import { type Hello, helloCodec } from './messages/hello.ts';
import { type ListChunks, listChunksCodec } from './messages/list-chunks.ts';
import { type LoadChunk, loadChunkCodec } from './messages/load-chunk.ts';
import { type ManifestPage, manifestPageCodec } from './messages/manifest-page.ts';
import { type Ping, pingCodec } from './messages/ping.ts';
import { type Pong, pongCodec } from './messages/pong.ts';
import { type Refuse, refuseCodec } from './messages/refuse.ts';
import { type StoreChunk, storeChunkCodec } from './messages/store-chunk.ts';
import { type Welcome, welcomeCodec } from './messages/welcome.ts';

export type { WireChunkId, WireDigest, WireManifestEntry } from './chunk-list.ts';
export type { Chunk } from './messages/chunk.ts';
export type { Done } from './messages/done.ts';
export type { End } from './messages/end.ts';
export type { EvictChunks } from './messages/evict-chunks.ts';
export type { Failed, NodeFailure } from './messages/failed.ts';
export type { FetchChunk } from './messages/fetch-chunk.ts';
export type { Hello, LinkKind } from './messages/hello.ts';
export { linkKinds } from './messages/hello.ts';
export type { ListChunks } from './messages/list-chunks.ts';
export type { LoadChunk } from './messages/load-chunk.ts';
export type { ManifestPage } from './messages/manifest-page.ts';
export type { Ping } from './messages/ping.ts';
export type { Pong } from './messages/pong.ts';
export type { RefusalCode, Refuse } from './messages/refuse.ts';
export type { StoreChunk } from './messages/store-chunk.ts';
export type { Welcome } from './messages/welcome.ts';

/** What a node receives. */
export type ToNode = Welcome | Refuse | StoreChunk | FetchChunk | EvictChunks | LoadChunk | ListChunks | Ping | End;

/** What a proxy receives. */
export type ToProxy = Hello | Chunk | ManifestPage | Pong | Done | Failed;

export type LinkMessage = ToNode | ToProxy;

/** A message in its frame. `request` is 0 for hello, welcome, refuse and end. */
export interface LinkFrame<M extends LinkMessage = LinkMessage> {
  /** The proxy's number of this session of this node. */
  readonly session: number;
  readonly request: number;
  readonly message: M;
}

/** How to read the messages of one direction. */
export type MessageDecodings<M extends LinkMessage> = readonly MessageDecoding<M>[];

/** For a node's decoder. */
export const toNodeMessages: MessageDecodings<ToNode> = [
  welcomeCodec,
  refuseCodec,
  storeChunkCodec,
  fetchChunkCodec,
  evictChunksCodec,
  loadChunkCodec,
  listChunksCodec,
  pingCodec,
  endCodec,
];

/** For a proxy's decoder. */
export const toProxyMessages: MessageDecodings<ToProxy> = [
  helloCodec,
  chunkCodec,
  manifestPageCodec,
  pongCodec,
  doneCodec,
  failedCodec,
];
