/**
 * Frames on their way out. A frame is header, head, payload, without anything between or after:
 *
 *     frame  = header head payload
 *     header = version:u8 type:u8 head-bytes:u16 payload-bytes:u32 session:u32 request:u32        16 bytes
 */
import { SionError } from '../errors.ts';
import { HeadWriter } from './head-writer.ts';
import { linkProtocolVersion } from './limits.ts';
import type { LinkFrame, LinkMessage } from './message.ts';
import { chunkCodec } from './messages/chunk.ts';
import { doneCodec } from './messages/done.ts';
import { endCodec } from './messages/end.ts';
import { evictChunksCodec } from './messages/evict-chunks.ts';
import { failedCodec } from './messages/failed.ts';
import { fetchChunkCodec } from './messages/fetch-chunk.ts';
import { helloCodec } from './messages/hello.ts';
import { listChunksCodec } from './messages/list-chunks.ts';
import { loadChunkCodec } from './messages/load-chunk.ts';
import { manifestPageCodec } from './messages/manifest-page.ts';
import { pingCodec } from './messages/ping.ts';
import { pongCodec } from './messages/pong.ts';
import { refuseCodec } from './messages/refuse.ts';
import { storeChunkCodec } from './messages/store-chunk.ts';
import { welcomeCodec } from './messages/welcome.ts';

/**
 * The frame's bytes in order: header and head in one small buffer, then the payload itself, not a copy. Throws `invalid`
 * when a field is beyond its limit.
 */
export function encodeFrame(frame: LinkFrame): readonly Uint8Array[] {
  const { message, session, request } = frame;
  const head = new HeadWriter();
  const code = encodeHead(message, head);
  const payload = 'payload' in message ? message.payload : undefined;
  const payloadBytes = payload?.length ?? 0;
  const start = head.finish({ version: linkProtocolVersion, code, payloadBytes, session, request });
  return payload === undefined || payloadBytes === 0 ? [start] : [start, payload];
}

/** Writes the head and gives the type's code. */
function encodeHead(message: LinkMessage, head: HeadWriter): number {
  switch (message.type) {
    case 'hello':
      return encodeWith(helloCodec, message, head);
    case 'welcome':
      return encodeWith(welcomeCodec, message, head);
    case 'refuse':
      return encodeWith(refuseCodec, message, head);
    case 'store':
      return encodeWith(storeChunkCodec, message, head);
    case 'fetch':
      return encodeWith(fetchChunkCodec, message, head);
    case 'chunk':
      return encodeWith(chunkCodec, message, head);
    case 'evict':
      return encodeWith(evictChunksCodec, message, head);
    case 'load':
      return encodeWith(loadChunkCodec, message, head);
    case 'list':
      return encodeWith(listChunksCodec, message, head);
    case 'manifest':
      return encodeWith(manifestPageCodec, message, head);
    case 'ping':
      return encodeWith(pingCodec, message, head);
    case 'pong':
      return encodeWith(pongCodec, message, head);
    case 'end':
      return encodeWith(endCodec, message, head);
    case 'done':
      return encodeWith(doneCodec, message, head);
    case 'failed':
      return encodeWith(failedCodec, message, head);
  }
  const unknown: never = message;
  throw new SionError('internal', `link protocol: no codec for ${JSON.stringify(unknown)}`);
}

function encodeWith<M extends LinkMessage>(
  codec: { readonly code: number; encode(message: M, head: HeadWriter): void },
  message: M,
  head: HeadWriter,
): number {
  codec.encode(message, head);
  return codec.code;
}
