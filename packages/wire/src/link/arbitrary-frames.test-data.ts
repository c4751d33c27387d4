/** Random frames for this folder's tests: every message, every field over its whole range. */
import fc from 'fast-check';
import type { LinkFrame, LinkMessage, NodeFailure, RefusalCode } from './message.ts';

const u16 = fc.integer({ min: 0, max: 0xffff });
const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
const u48 = fc.integer({ min: 0, max: 0xffff_ffff_ffff });
const chunkId = fc.record({ epoch: u32, counter: u48, fragment: u32, index: u16 });
const entry = fc.record({ id: chunkId, lengthBytes: u32, checksum: u32 });
const text = fc.string({ unit: 'binary', maxLength: 30 });
const payload = fc.uint8Array({ maxLength: 300 });
const hex = (bytes: number) =>
  fc.uint8Array({ minLength: bytes, maxLength: bytes }).map((array) => Buffer.from(array).toString('hex'));
const constant = <T extends string>(type: T) => fc.constant(type);

const refusalCodes: RefusalCode[] = ['token', 'epoch', 'session', 'protocol', 'node', 'closed'];
const failures: NodeFailure[] = ['missing', 'capacity', 'corrupt', 'busy', 'unavailable', 'superseded', 'invalid'];

/** One arbitrary per message type. */
export const arbitraryMessages: { readonly [T in LinkMessage['type']]: fc.Arbitrary<LinkMessage> } = {
  hello: fc.record({
    type: constant('hello'),
    protocol: fc.integer({ min: 0, max: 255 }),
    link: fc.constantFrom('control', 'bulk'),
    node: text,
    instance: hex(16),
    epoch: u32,
    token: hex(16),
    digest: fc.record({ count: u32, bytes: u48, lanes: fc.tuple(u32, u32) }),
    capacityBytes: u48,
  }),
  welcome: fc.record({ type: constant('welcome'), heartbeatMs: u32, silenceMs: u32 }),
  refuse: fc.record({ type: constant('refuse'), code: fc.constantFrom(...refusalCodes), reason: text }),
  store: fc.record({ type: constant('store'), id: chunkId, checksum: u32, payload }),
  fetch: fc.record({ type: constant('fetch'), id: chunkId }),
  chunk: fc.record({ type: constant('chunk'), checksum: u32, payload }),
  evict: fc.record({ type: constant('evict'), ids: fc.array(chunkId, { maxLength: 40 }) }),
  load: fc.record({
    type: constant('load'),
    id: chunkId,
    checksum: u32,
    storeName: text,
    etag: text,
    offset: u48,
    lengthBytes: u32,
  }),
  list: fc.record({ type: constant('list'), from: u32 }),
  manifest: fc.record({
    type: constant('manifest'),
    entries: fc.array(entry, { maxLength: 40 }),
    more: fc.boolean(),
  }),
  ping: fc.record({ type: constant('ping') }),
  pong: fc.record({ type: constant('pong'), usedBytes: u48 }),
  end: fc.record({ type: constant('end') }),
  done: fc.record({ type: constant('done') }),
  failed: fc.record({ type: constant('failed'), code: fc.constantFrom(...failures), message: text }),
};

/** Any message in any frame. */
export const arbitraryFrame: fc.Arbitrary<LinkFrame> = fc.record({
  session: u32,
  request: u32,
  message: fc.oneof(...Object.values(arbitraryMessages)),
});
