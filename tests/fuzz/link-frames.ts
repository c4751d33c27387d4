/**
 * Frames of links for the fuzzer, of either direction, with stand-ins for what only a session knows: its number and its
 * token. They are filled in just before the bytes are sent, so that an input in the corpus means the same in every run.
 */
import { crc32 } from 'node:zlib';
import { Manifest } from '@sion/core';
import { encodeFrame, type LinkMessage, linkProtocolVersion, type ToNode, type ToProxy } from '@sion/wire';
import fc from 'fast-check';
import type { Part } from './input.ts';

/** Stands for the number of the session that is open. */
const sessionMark = 0x5e55_10f1;
/** Stands for the session's token. */
const tokenMark = 'c0ffee5e55104f1a91d2c3b4a5968778';

/** Streams: the two links. */
const control = 0;
const bulk = 1;

export const epoch = 7;
export const hostileNode = 'sion-node-000';

export function chunkOf(counter: number, sizeBytes: number) {
  const payload = Buffer.alloc(sizeBytes, counter + 1);
  return { id: { epoch, counter, fragment: 0, index: 0 }, checksum: crc32(payload), payload };
}

/** Puts the session's number and token where their stand-ins are. */
export function filledIn(bytes: Buffer, session: number, token: string): Buffer {
  const number = Buffer.alloc(4);
  number.writeUInt32BE(session);
  const mark = Buffer.alloc(4);
  mark.writeUInt32BE(sessionMark);
  return replaced(replaced(bytes, mark, number), Buffer.from(tokenMark, 'hex'), Buffer.from(token, 'hex'));
}

function replaced(bytes: Buffer, mark: Buffer, by: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  for (let at = copy.indexOf(mark); at >= 0; at = copy.indexOf(mark, at + 1)) by.copy(copy, at);
  return copy;
}

const frame = (request: number, message: LinkMessage, session = sessionMark) =>
  Buffer.concat(encodeFrame({ session, request, message }));

const requests = [1, 2, 3, 4, 5, 6, 1000];
/** What the proxy believes that the hostile node holds. */
export const heldChunk = chunkOf(1, 100);
const entry = { id: heldChunk.id, lengthBytes: 100, checksum: heldChunk.checksum };

const manifest = new Manifest();
manifest.add(entry);

function hello(link: 'control' | 'bulk', changes: Partial<Extract<ToProxy, { type: 'hello' }>> = {}): ToProxy {
  return {
    ...{ type: 'hello', protocol: linkProtocolVersion, link, node: hostileNode, instance: 'ab'.repeat(16), epoch },
    ...{ token: tokenMark, digest: manifest.digest(), capacityBytes: 1 << 26 },
    ...changes,
  };
}

const nodeAnswers: readonly ToProxy[] = [
  { type: 'done' },
  { type: 'pong', usedBytes: 5 },
  { type: 'failed', code: 'missing', message: 'not here' },
  { type: 'failed', code: 'capacity', message: '' },
  { type: 'failed', code: 'superseded', message: 'other' },
  { type: 'chunk', checksum: heldChunk.checksum, payload: heldChunk.payload },
  { type: 'chunk', checksum: 1, payload: Buffer.from('wrong') },
  { type: 'chunk', checksum: 0, payload: Buffer.alloc(0) },
  { type: 'manifest', entries: [entry], more: false },
  { type: 'manifest', entries: [entry, entry], more: true },
  { type: 'manifest', entries: [], more: true },
];

const hellos: readonly ToProxy[] = [
  hello('control'),
  hello('bulk'),
  hello('control', { digest: { count: 1, bytes: 100, lanes: [1, 2] } }),
  hello('bulk', { instance: 'cd'.repeat(16) }),
  hello('control', { epoch: 6 }),
  hello('control', { node: 'sion-node-001' }),
  hello('control', { token: '00'.repeat(16) }),
  hello('control', { protocol: 2 }),
  hello('control', { capacityBytes: 0 }),
];

const part = (stream: number, bytes: Buffer): Part => ({ stream, bytes });

/** What a node may say: mostly both hellos first, since nothing else is heard before. */
export const nodeMessages: readonly Part[] = [
  ...hellos.map((message) =>
    part(message.type === 'hello' && message.link === 'bulk' ? bulk : control, frame(0, message)),
  ),
  ...nodeAnswers.flatMap((message, at) => [
    part(control, frame(requests[at % requests.length] ?? 1, message)),
    part(bulk, frame(requests[(at * 5) % requests.length] ?? 1, message)),
  ]),
];

export const openingOfNode: readonly Part[] = [
  part(control, frame(0, hello('control'))),
  part(bulk, frame(0, hello('bulk'))),
];

const stream = fc.constantFrom(control, bulk);
const request = fc.constantFrom(...requests);

export const freshNodeMessage: fc.Arbitrary<Part> = fc
  .tuple(stream, request, fc.constantFrom(...nodeAnswers), fc.constantFrom(sessionMark, sessionMark, 0, 1, 0xffff_ffff))
  .map(([link, number, message, session]) => part(link, frame(number, message, session)));

const small = chunkOf(20, 10);
const large = chunkOf(21, 70_000);

const proxyRequests: readonly ToNode[] = [
  { type: 'store', ...small },
  { type: 'store', ...large },
  { type: 'store', ...small, checksum: 1 },
  { type: 'store', ...small, payload: Buffer.from('other') },
  { type: 'store', ...chunkOf(22, 0) },
  { type: 'fetch', id: small.id },
  { type: 'fetch', id: large.id },
  { type: 'evict', ids: [small.id, large.id, small.id] },
  { type: 'evict', ids: [] },
  { type: 'load', id: chunkOf(23, 1).id, checksum: 1, storeName: 'object', etag: '"1"', offset: 0, lengthBytes: 1000 },
  { type: 'load', id: chunkOf(24, 1).id, checksum: 1, storeName: 'none', etag: '"x"', offset: 9, lengthBytes: 0 },
  { type: 'load', id: large.id, checksum: 1, storeName: '../x', etag: '', offset: 2 ** 47, lengthBytes: 0xffff_ffff },
  { type: 'list', from: 0 },
  { type: 'list', from: 0xffff_ffff },
  { type: 'ping' },
  { type: 'welcome', heartbeatMs: 250, silenceMs: 60_000 },
  { type: 'welcome', heartbeatMs: 0, silenceMs: 0xffff_ffff },
  { type: 'refuse', code: 'token', reason: 'no' },
  { type: 'end' },
];

/** What a proxy may say. */
export const proxyMessages: readonly Part[] = proxyRequests.flatMap((message, at) => [
  part(control, frame(at + 1, message)),
  part(bulk, frame(at + 1, message)),
]);

export const openingOfProxy: readonly Part[] = [
  part(control, frame(0, { type: 'welcome', heartbeatMs: 250, silenceMs: 60_000 })),
  part(bulk, frame(0, { type: 'welcome', heartbeatMs: 250, silenceMs: 60_000 })),
];

export const freshProxyMessage: fc.Arbitrary<Part> = fc
  .tuple(stream, request, fc.constantFrom(...proxyRequests), fc.constantFrom(sessionMark, sessionMark, sessionMark, 0))
  .map(([link, number, message, session]) => part(link, frame(number, message, session)));

export const linkWords: readonly Buffer[] = ['01', '00', 'ff', '0101', '010d0000000000005e5510f100000000'].map((hex) =>
  Buffer.from(hex, 'hex'),
);
