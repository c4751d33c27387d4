import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describe, expect, it, vi } from 'vitest';
import { call, callRaw } from '../../../../../tests/doubles/http-client.ts';
import {
  answerOf,
  closeOf,
  counted,
  frontNowMs,
  objectsReading,
  openGet,
  openPut,
  serveHttp,
  streamOf,
  testSettings,
} from '../../../../../tests/doubles/http-front.ts';
import { createManualClock } from '../../../../../tests/doubles/manual-clock.ts';
import { createMemoryObjects } from '../../../../../tests/doubles/memory-objects.ts';
import type { Objects } from '../../objects/objects.ts';

describe('clients that do nothing', () => {
  it('in the middle of a body get 408', async () => {
    const clock = createManualClock();
    const { port, objects } = await serveHttp({ clock });
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
    const { port } = await serveHttp({ objects, clock });
    const response = await openGet(port).answer;
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
    const { port } = await serveHttp({ settings: { ...testSettings, httpHeaderMs: 100 } });
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
    const { server, port } = await serveHttp({ objects: { ...memory, stage } });
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
    const memory = createMemoryObjects({ nowMs: () => frontNowMs });
    const { server, port } = await serveHttp({ objects: memory, clock });
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
