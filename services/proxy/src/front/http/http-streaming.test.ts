import { type EventEmitter, once } from 'node:events';
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import { crc32 } from 'node:zlib';
import { silentLog, systemClock, systemRandom } from '@sion/components';
import { SionError } from '@sion/wire';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { call, callRaw, errorOf } from '../../../../../tests/doubles/http-client.ts';
import { createManualClock } from '../../../../../tests/doubles/manual-clock.ts';
import { bodyOf, createMemoryObjects, type MemoryObjects } from '../../../../../tests/doubles/memory-objects.ts';
import type { NewBytes, ObjectBody, ObjectInfo, Objects, ReadOptions, ReadOutcome } from '../../objects/objects.ts';
import { statusOf, testSettings } from './http-server.fixture.ts';
import { createHttpServer, type HttpServer, type HttpServerParts } from './http-server.ts';

const nowMs = 1_700_000_000_000;
/** Far above what buffers of sockets and streams hold, far below a body. */
const boundBytes = 32 * 2 ** 20;
const largeBytes = 256 * 2 ** 20;
const servers: HttpServer[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

async function serve(change: Partial<HttpServerParts> = {}): Promise<{ port: number; objects: MemoryObjects }> {
  const objects = createMemoryObjects({ nowMs: () => nowMs });
  const parts = { status: statusOf('serving'), clock: systemClock, random: systemRandom, log: silentLog };
  const server = await createHttpServer({ ...parts, objects, settings: testSettings, ...change });
  servers.push(server);
  return { port: server.port, objects };
}

/** Objects whose one read gives `pieces` and says it has `sizeBytes`. */
function objectsReading(pieces: (options: ReadOptions) => AsyncIterable<Uint8Array>, sizeBytes: number) {
  const seen = { cancels: 0, signals: [] as AbortSignal[] };
  const info: ObjectInfo = { sizeBytes, etag: '"1"', version: '1.1', modifiedMs: nowMs };
  const read: Objects['read'] = async (_key, options = {}): Promise<ReadOutcome> => {
    if (options.signal !== undefined) seen.signals.push(options.signal);
    const iterable = pieces(options);
    const body: ObjectBody = {
      ...bodyOf(new Uint8Array(0)),
      sizeBytes,
      [Symbol.asyncIterator]: () => iterable[Symbol.asyncIterator](),
      cancel() {
        seen.cancels += 1;
      },
    };
    return { kind: 'hit', info, range: { start: 0, end: sizeBytes }, body };
  };
  return { objects: { ...createMemoryObjects({ nowMs: () => nowMs }), read }, seen };
}

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
    const { port } = await serve({ objects: objectsReading(pieces, largeBytes).objects });
    const response = await get(port);
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
    const memory = createMemoryObjects({ nowMs: () => nowMs });
    const stage: Objects['stage'] = async (key, bytes) => {
      for await (const part of streamOf(bytes)) {
        taken += part.byteLength;
        takenCrc = crc32(part, takenCrc);
        // Slower than the client by two turns of the event loop, so that only back-pressure can keep it back.
        await turn();
        await turn();
      }
      return memory.stage(key, { kind: 'bytes', bytes: new Uint8Array(0) });
    };
    const { port } = await serve({ objects: { ...memory, stage } });
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

  it('of a reader who stops reading hold back nobody else', async () => {
    const piece = new Uint8Array(1 << 20);
    let produced = 0;
    async function* pieces() {
      for (; produced < largeBytes; produced += piece.byteLength) yield piece;
    }
    const { objects } = objectsReading(pieces, largeBytes);
    const read: Objects['read'] = (key, options) =>
      key === 'small' ? createSmall().read('small') : objects.read(key, options);
    const { port } = await serve({ objects: { ...objects, read } });
    const slow = await get(port);
    slow.pause();
    for (let round = 0; round < 20; round += 1) {
      const answer = await call(port, { target: '/v1/objects/small' });
      expect(answer.status).toBe(404);
    }
    expect(produced).toBeLessThan(boundBytes);
    slow.destroy();
  });
});

describe('answers that break', () => {
  it.each([
    ['fails after its first bytes', 10, [4], true],
    ['is shorter than announced', 10, [4, 5], false],
    ['is longer than announced', 10, [4, 8], false],
  ])('are cut, never ended, when the body %s', async (_name, sizeBytes, lengths, fails) => {
    async function* pieces() {
      for (const length of lengths) yield new Uint8Array(length);
      if (fails) throw new SionError('unavailable', 'superseded');
    }
    const { objects, seen } = objectsReading(pieces, sizeBytes);
    const { port } = await serve({ objects });
    await expect(call(port, { target: '/v1/objects/a' })).rejects.toThrow(/aborted|hang up|ECONNRESET/);
    expect(seen.cancels).toBe(1);
    // On a connection that would be kept, bytes of another answer would complete this one.
    const text = await callRaw(port, 'GET /v1/objects/a HTTP/1.1\r\nHost: x\r\n\r\n');
    expect(text.slice(text.indexOf('\r\n\r\n') + 4).length).toBeLessThan(10);
  });

  it('are still refused properly when the first byte cannot be had', async () => {
    // biome-ignore lint: a body that fails before it gives anything
    async function* pieces(): AsyncGenerator<Uint8Array> {
      throw new SionError('corrupt', 'no good copy');
    }
    const { objects, seen } = objectsReading(pieces, 10);
    const { port } = await serve({ objects });
    const answer = await call(port, { target: '/v1/objects/a' });
    expect([answer.status, errorOf(answer).code, seen.cancels]).toEqual([500, 'corrupt', 1]);
  });
});

describe('clients that leave', () => {
  it('cancel the read', async () => {
    const piece = new Uint8Array(1 << 20);
    async function* pieces() {
      for (;;) yield piece;
    }
    const { objects, seen } = objectsReading(pieces, 2 ** 40);
    const { port } = await serve({ objects });
    const response = await get(port);
    await once(response, 'data');
    response.destroy();
    await vi.waitFor(() => expect([seen.cancels, seen.signals[0]?.aborted]).toEqual([1, true]));
  });

  it('in the middle of a write leave no trace', async () => {
    const memory = createMemoryObjects({ nowMs: () => nowMs });
    const failures: unknown[] = [];
    const signals: AbortSignal[] = [];
    let taken = 0;
    const stage: Objects['stage'] = async (key, bytes, options) => {
      if (options?.signal !== undefined) signals.push(options.signal);
      try {
        return await memory.stage(key, {
          kind: 'stream',
          pieces: counted(streamOf(bytes), (count) => (taken += count)),
        });
      } catch (error) {
        failures.push(error);
        throw error;
      }
    };
    const { port } = await serve({ objects: { ...memory, stage } });
    for (const headers of [{ 'content-length': 1000 }, {}]) {
      taken = 0;
      const request = openPut(port, headers);
      request.on('error', () => {});
      request.write(new Uint8Array(500));
      await vi.waitFor(() => expect(taken).toBe(500));
      request.destroy();
      await vi.waitFor(() => expect(failures).toHaveLength(1));
      expect(failures.splice(0)[0]).toMatchObject({
        code: 'invalid',
        message: expect.stringContaining('after 500 bytes'),
      });
    }
    expect(signals.map((signal) => signal.aborted)).toEqual([true, true]);
    expect([memory.keys(), memory.stagedCount()]).toEqual([[], 0]);
  });

  it('after the whole body but before the answer have written nothing wrong', async () => {
    const memory = createMemoryObjects({ nowMs: () => nowMs });
    const staged = Promise.withResolvers<void>();
    const go = Promise.withResolvers<void>();
    const stage: Objects['stage'] = async (key, bytes, options) => {
      const handle = await memory.stage(key, bytes, options);
      staged.resolve();
      await go.promise;
      return handle;
    };
    const { port } = await serve({ objects: { ...memory, stage } });
    const request = openPut(port, { 'content-length': 3 });
    request.on('error', () => {});
    const closed = closeOf(request);
    request.end('abc');
    await staged.promise;
    request.destroy();
    await closed;
    go.resolve();
    await vi.waitFor(() => expect(memory.stagedCount()).toBe(0));
    const answer = await call(port, { target: '/v1/objects/a' });
    expect([answer.status === 404 || answer.body.toString() === 'abc']).toEqual([true]);
  });
});

describe('bodies that are not what they say', () => {
  it('a body shorter than its length is 400 to a client that still listens', async () => {
    const { port, objects } = await serve();
    const text = await callRaw(port, 'PUT /v1/objects/a HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc', {
      end: true,
    });
    expect(text).toMatch(/^HTTP\/1.1 400 /);
    expect(text).toMatch(/ended before its announced length/);
    await vi.waitFor(() => expect([objects.keys(), objects.stagedCount()]).toEqual([[], 0]));
  });

  it('a chunked body that stops before its last chunk is 400, too', async () => {
    const { port, objects } = await serve();
    const head = 'PUT /v1/objects/a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n';
    const text = await callRaw(port, `${head}3\r\nabc\r\n5\r\nde`, { end: true });
    expect(text).toMatch(/^HTTP\/1.1 400 /);
    await vi.waitFor(() => expect([objects.keys(), objects.stagedCount()]).toEqual([[], 0]));
  });

  it('bytes after the announced length are a request of their own, and a bad one', async () => {
    const { port, objects } = await serve();
    const text = await callRaw(
      port,
      'PUT /v1/objects/a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabcdef\r\n\r\n',
    );
    expect(text).not.toMatch(/abcdef/);
    expect(text).toMatch(/HTTP\/1.1 400 /);
    expect(objects.stagedCount()).toBe(0);
  });

  it('a chunked body above the limit is 413, and the rest is not waited for', async () => {
    const { port, objects } = await serve({ settings: { ...testSettings, maxHttpObjectBytes: 1000 } });
    const request = openPut(port, {});
    // The server stops reading; what is written after that may be reset.
    request.on('error', () => {});
    const answered = answerOf(request);
    request.write(new Uint8Array(1001));
    const response = await answered;
    expect([response.statusCode, response.headers.connection]).toEqual([413, 'close']);
    expect([objects.keys(), objects.stagedCount()]).toEqual([[], 0]);
    request.destroy();
  });
});

describe('clients that ask before they send', () => {
  it('are refused before the body', async () => {
    const { port } = await serve();
    const request = openPut(port, { 'content-length': testSettings.maxHttpObjectBytes + 1, expect: '100-continue' });
    let invited = false;
    request.on('continue', () => (invited = true));
    request.flushHeaders();
    const response = await answerOf(request);
    expect([response.statusCode, invited]).toEqual([413, false]);
    request.destroy();
  });

  it('are asked for it', async () => {
    const { port, objects } = await serve();
    const request = openPut(port, { 'content-length': 3, expect: '100-continue' });
    request.on('continue', () => request.end('abc'));
    request.flushHeaders();
    expect((await answerOf(request)).statusCode).toBe(201);
    expect(objects.keys()).toEqual(['a']);
  });
});

describe('clients that do nothing', () => {
  it('in the middle of a body get 408', async () => {
    const clock = createManualClock();
    const { port, objects } = await serve({ clock });
    const request = openPut(port, { 'content-length': 10 });
    request.on('error', () => {});
    const answered = answerOf(request);
    request.write('abc');
    await vi.waitFor(() => expect(clock.pendingTimers()).toBe(1));
    clock.advance(testSettings.httpBodyIdleMs);
    // What may still be on its way is drained for a moment before the connection closes.
    const response = await answered;
    expect([response.statusCode, response.headers.connection]).toEqual([408, 'close']);
    clock.advance(testSettings.httpBodyIdleMs);
    await closeOf(request);
    expect([objects.keys(), objects.stagedCount()]).toEqual([[], 0]);
  });

  it('and do not take an answer are cut', async () => {
    const clock = createManualClock();
    const piece = new Uint8Array(1 << 20);
    async function* pieces() {
      for (;;) yield piece;
    }
    const { objects, seen } = objectsReading(pieces, 2 ** 40);
    const { port } = await serve({ objects, clock });
    const response = await get(port);
    response.on('error', () => {});
    await vi.waitFor(() => expect(clock.pendingTimers()).toBe(1));
    await vi.waitFor(() => {
      clock.advance(testSettings.httpBodyIdleMs);
      expect(seen.cancels).toBe(1);
    });
    response.resume();
    await closeOf(response);
    expect(response.complete).toBe(false);
  });

  it('and never finish their headers get 408', async () => {
    const { port } = await serve({ settings: { ...testSettings, httpHeaderMs: 100 } });
    const text = await callRaw(port, 'GET /v1/objects/a HTTP/1.1\r\nHost: x\r\n');
    expect(text).toMatch(/^HTTP\/1.1 408 /);
    expect(text).toMatch(/headers did not come in time/);
  });
});

describe('a stop', () => {
  it('finishes what was taken and refuses what is new', async () => {
    const go = Promise.withResolvers<void>();
    async function* pieces() {
      yield Buffer.from('abc');
      await go.promise;
      yield Buffer.from('def');
    }
    const memory = objectsReading(pieces, 6).objects;
    const begun = Promise.withResolvers<void>();
    const stage: Objects['stage'] = (key, bytes) =>
      memory.stage(key, { kind: 'stream', pieces: counted(streamOf(bytes), () => begun.resolve()) });
    const { server, port } = await serveStoppable({ objects: { ...memory, stage } });
    const idle = await keptAlive(port);
    const write = openPut(port, { 'content-length': 6 });
    const written = answerOf(write);
    write.write('abc');
    await begun.promise;
    const reader = connect(port, '127.0.0.1');
    reader.write('GET /v1/objects/a HTTP/1.1\r\nHost: x\r\n\r\n');
    await once(reader, 'data');
    const closed = server.close();
    reader.write('GET /v1/objects/a HTTP/1.1\r\nHost: x\r\n\r\n');
    await closeOf(idle);
    write.end('def');
    const response = await written;
    expect([response.statusCode, response.headers.connection]).toEqual([201, 'close']);
    go.resolve();
    expect(await textUntilClose(reader)).toMatch(/^def.*HTTP\/1.1 503 .*connection: close.*"code":"closed"/is);
    await closed;
    expect(memory.keys()).toEqual(['a']);
    await expect(call(port, { target: '/healthz' })).rejects.toThrow(/ECONNREFUSED/);
  });

  it('cuts what does not end in time', async () => {
    const clock = createManualClock();
    const memory = createMemoryObjects({ nowMs: () => nowMs });
    const { server, port } = await serveStoppable({ objects: memory, clock });
    const request = openPut(port, { 'content-length': 6 });
    const failed = once(request, 'error');
    request.write('abc');
    await vi.waitFor(() => expect(clock.pendingTimers()).toBe(1));
    const closed = server.close();
    clock.advance(testSettings.drainMs - 1);
    clock.advance(1);
    await failed;
    await closed;
    expect([memory.keys(), memory.stagedCount()]).toEqual([[], 0]);
  });
});

async function serveStoppable(change: Partial<HttpServerParts>): Promise<{ server: HttpServer; port: number }> {
  const { port } = await serve(change);
  const server = servers.pop();
  if (server === undefined) throw new Error('no server was started');
  return { server, port };
}

/** A connection that has had an answer and idles. */
async function keptAlive(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
  await once(socket, 'data');
  socket.resume();
  return socket;
}

async function textUntilClose(socket: Socket): Promise<string> {
  let text = '';
  socket.setEncoding('latin1');
  for await (const piece of socket) text += piece;
  return text;
}

/** Resolves at the close, with or without an error before it. */
function closeOf(emitter: EventEmitter): Promise<void> {
  return new Promise((resolve) => emitter.once('close', () => resolve()));
}

function get(port: number): Promise<IncomingMessage> {
  const request = httpRequest({ host: '127.0.0.1', port, path: '/v1/objects/a', agent: false });
  request.end();
  return answerOf(request);
}

function openPut(port: number, headers: Record<string, string | number>): ClientRequest {
  return httpRequest({ host: '127.0.0.1', port, method: 'PUT', path: '/v1/objects/a', agent: false, headers });
}

function answerOf(request: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.once('response', resolve);
    request.once('error', reject);
  });
}

function createSmall(): MemoryObjects {
  return createMemoryObjects({ nowMs: () => nowMs });
}

function streamOf(bytes: NewBytes): AsyncIterable<Uint8Array> {
  if (bytes.kind === 'stream') return bytes.pieces;
  throw new Error('a stream was expected');
}

async function* counted(
  pieces: AsyncIterable<Uint8Array>,
  count: (bytes: number) => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const piece of pieces) {
    count(piece.byteLength);
    yield piece;
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
