import { once } from 'node:events';
import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { call } from '../../../../../tests/doubles/http-client.ts';
import {
  answerOf,
  frontNowMs,
  objectsReading,
  openGet,
  openPut,
  serveHttp,
  streamOf,
} from '../../../../../tests/doubles/http-front.ts';
import { createMemoryObjects } from '../../../../../tests/doubles/memory-objects.ts';
import { nextTurn } from '../../../../../tests/doubles/turns.ts';
import type { Objects } from '../../objects/objects.ts';

/** Far above what buffers of sockets and streams hold, far below a body. */
const boundBytes = 32 * 2 ** 20;
const largeBytes = 256 * 2 ** 20;

describe('large bodies', () => {
  it('are read through bounded memory, equal by checksum', async () => {
    const piece = new Uint8Array(512 * 1024).map((_, index) => index % 251);
    let produced = 0;
    let received = 0;
    let widest = 0;
    let sentCrc = 0;
    async function* pieces() {
      while (produced < largeBytes) {
        produced += piece.byteLength;
        widest = Math.max(widest, produced - received);
        sentCrc = crc32(piece, sentCrc);
        yield piece;
      }
    }
    const { port } = await serveHttp({ objects: objectsReading(pieces, largeBytes).objects });
    const response = await openGet(port).answer;
    let receivedCrc = 0;
    for await (const bytes of response) {
      received += bytes.byteLength;
      receivedCrc = crc32(bytes, receivedCrc);
    }
    expect([received, receivedCrc]).toEqual([largeBytes, sentCrc]);
    expect(widest).toBeLessThan(boundBytes);
  });

  it.each(['chunked', 'with its length'])('are written through bounded memory, %s', async (form) => {
    const piece = new Uint8Array(256 * 1024).map((_, index) => index % 249);
    let sent = 0;
    let taken = 0;
    let widest = 0;
    let takenCrc = 0;
    const memory = createMemoryObjects({ nowMs: () => frontNowMs });
    const stage: Objects['stage'] = async (key, bytes) => {
      for await (const part of streamOf(bytes)) {
        taken += part.byteLength;
        takenCrc = crc32(part, takenCrc);
        // Slower than the client by two turns of the event loop, so that only back-pressure can keep it back.
        await nextTurn();
        await nextTurn();
      }
      return memory.stage(key, { kind: 'bytes', bytes: new Uint8Array(0) });
    };
    const { port } = await serveHttp({ objects: { ...memory, stage } });
    const request = openPut(port, form === 'chunked' ? {} : { 'content-length': largeBytes });
    const answered = answerOf(request);
    let sentCrc = 0;
    while (sent < largeBytes) {
      sent += piece.byteLength;
      widest = Math.max(widest, sent - taken);
      sentCrc = crc32(piece, sentCrc);
      if (!request.write(piece)) await once(request, 'drain');
    }
    request.end();
    expect((await answered).statusCode).toBe(201);
    expect([taken, takenCrc]).toEqual([largeBytes, sentCrc]);
    expect(widest).toBeLessThan(boundBytes);
  });

  it('come back as they were when the engine keeps every piece', async () => {
    const { port } = await serveHttp();
    const value = Buffer.alloc(9_000_001);
    for (let at = 0; at < value.byteLength; at += 1) value[at] = (at * 31 + (at >>> 8)) & 255;
    await call(port, { method: 'PUT', target: '/v1/objects/a', body: value });
    const answer = await call(port, { target: '/v1/objects/a' });
    expect(answer.body.equals(value)).toBe(true);
    const range = await call(port, { target: '/v1/objects/a', headers: { range: 'bytes=100000-8999999' } });
    expect(range.body.equals(value.subarray(100_000, 9_000_000))).toBe(true);
  });

  it('of a reader who stops reading hold back nobody else', async () => {
    const piece = new Uint8Array(1 << 20);
    let produced = 0;
    async function* pieces() {
      for (; produced < largeBytes; produced += piece.byteLength) yield piece;
    }
    const { objects } = objectsReading(pieces, largeBytes);
    const read: Objects['read'] = (key, options) =>
      key === 'small' ? createMemoryObjects({ nowMs: () => frontNowMs }).read('small') : objects.read(key, options);
    const { port } = await serveHttp({ objects: { ...objects, read } });
    const slow = await openGet(port).answer;
    slow.pause();
    for (let round = 0; round < 20; round += 1) {
      const answer = await call(port, { target: '/v1/objects/small' });
      expect(answer.status).toBe(404);
    }
    expect(produced).toBeLessThan(boundBytes);
    slow.destroy();
  });
});
