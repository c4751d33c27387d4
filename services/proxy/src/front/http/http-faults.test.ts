import { once } from 'node:events';
import type { Log, LogFields } from '@sion/components';
import { SionError } from '@sion/wire';
import { describe, expect, it, vi } from 'vitest';
import { call, callRaw, errorOf } from '../../../../../tests/doubles/http-client.ts';
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
import { createMemoryObjects } from '../../../../../tests/doubles/memory-objects.ts';
import type { Objects } from '../../objects/objects.ts';

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
    const { port } = await serveHttp({ objects });
    await expect(call(port, { target: '/v1/objects/a' })).rejects.toThrow(/aborted|hang up|ECONNRESET/);
    expect(seen.cancels).toBe(1);
    // On a connection that would be kept, bytes of another answer would complete this one.
    const text = await callRaw(port, 'GET /v1/objects/a HTTP/1.1\r\nHost: x\r\n\r\n');
    expect(text.slice(text.indexOf('\r\n\r\n') + 4).length).toBeLessThan(10);
  });

  it('are still refused properly when the first byte cannot be had', async () => {
    const next = () => Promise.reject(new SionError('corrupt', 'no good copy'));
    const pieces = () => ({ [Symbol.asyncIterator]: () => ({ next }) });
    const { objects, seen } = objectsReading(pieces, 10);
    const { port } = await serveHttp({ objects });
    const answer = await call(port, { target: '/v1/objects/a' });
    expect([answer.status, errorOf(answer).code, seen.cancels]).toEqual([500, 'corrupt', 1]);
  });
});

describe('what the log is told', () => {
  const key = 'private-key';

  it.each([
    ['a cut answer', 'cut', ['warn http-answer-cut unavailable']],
    ['a refusal that is not the client’s doing', 'refused', ['warn http-refused unavailable']],
    ['a defect', 'defect', ['error http-defect internal']],
    ['a bad request', 'bad', []],
  ])('%s is one line, without the key', async (_name, kind, expected) => {
    const { log, lines } = recordLog();
    async function* pieces() {
      if (kind === 'cut') yield new Uint8Array(1);
      throw kind === 'defect' ? new TypeError('broken') : new SionError('unavailable', 'gone');
    }
    const { port } = await serveHttp({ objects: objectsReading(pieces, 10).objects, log });
    const range = kind === 'bad' ? 'bytes=x' : 'bytes=0-';
    await call(port, { target: `/v1/objects/${key}`, headers: { range } }).catch(() => {});
    expect(lines.filter((line) => !line.startsWith('debug')).map((line) => line.split(' {')[0])).toEqual(expected);
    expect(lines.join()).not.toContain(key);
  });
});

describe('clients that leave', () => {
  it('cancel the read', async () => {
    const piece = new Uint8Array(1 << 20);
    async function* pieces() {
      for (;;) yield piece;
    }
    const { objects, seen } = objectsReading(pieces, 2 ** 40);
    const { port } = await serveHttp({ objects });
    const response = await openGet(port).answer;
    await once(response, 'data');
    response.destroy();
    await vi.waitFor(() => expect([seen.cancels, seen.signals[0]?.aborted]).toEqual([1, true]));
  });

  it('cancel a read that has nothing to give yet', async () => {
    const asked = Promise.withResolvers<void>();
    const pieces = () => ({
      [Symbol.asyncIterator]: () => ({
        next() {
          asked.resolve();
          return new Promise<never>(() => {});
        },
      }),
    });
    const { objects, seen } = objectsReading(pieces, 10);
    const { port } = await serveHttp({ objects });
    const pending = openGet(port);
    await asked.promise;
    pending.request.destroy();
    await expect(pending.answer).rejects.toThrow(/hang up/);
    await vi.waitFor(() => expect([seen.cancels, seen.signals[0]?.aborted]).toEqual([1, true]));
  });

  it('in the middle of a write leave no trace', async () => {
    const memory = createMemoryObjects({ nowMs: () => frontNowMs });
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
    const { port } = await serveHttp({ objects: { ...memory, stage } });
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
    const memory = createMemoryObjects({ nowMs: () => frontNowMs });
    const staged = Promise.withResolvers<void>();
    const go = Promise.withResolvers<void>();
    const stage: Objects['stage'] = async (key, bytes, options) => {
      const handle = await memory.stage(key, bytes, options);
      staged.resolve();
      await go.promise;
      return handle;
    };
    const { port } = await serveHttp({ objects: { ...memory, stage } });
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
    const { port, objects } = await serveHttp();
    const text = await callRaw(port, 'PUT /v1/objects/a HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc', {
      end: true,
    });
    expect(text).toMatch(/^HTTP\/1.1 400 /);
    expect(text).toMatch(/ended before its announced length/);
    await vi.waitFor(() => expect([objects.keys(), objects.stagedCount()]).toEqual([[], 0]));
  });

  it('a chunked body that stops before its last chunk is 400, too', async () => {
    const { port, objects } = await serveHttp();
    const head = 'PUT /v1/objects/a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n';
    const text = await callRaw(port, `${head}3\r\nabc\r\n5\r\nde`, { end: true });
    expect(text).toMatch(/^HTTP\/1.1 400 /);
    await vi.waitFor(() => expect([objects.keys(), objects.stagedCount()]).toEqual([[], 0]));
  });

  it('bytes after the announced length are a request of their own, and a bad one', async () => {
    const { port, objects } = await serveHttp();
    const text = await callRaw(
      port,
      'PUT /v1/objects/a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabcdef\r\n\r\n',
    );
    expect(text).not.toMatch(/abcdef/);
    expect(text).toMatch(/HTTP\/1.1 400 /);
    expect(objects.stagedCount()).toBe(0);
  });

  it('a chunked body above the limit is 413, and the rest is not waited for', async () => {
    const { port, objects } = await serveHttp({ settings: { ...testSettings, maxHttpObjectBytes: 1000 } });
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
    const { port } = await serveHttp();
    const request = openPut(port, { 'content-length': testSettings.maxHttpObjectBytes + 1, expect: '100-continue' });
    let invited = false;
    request.on('continue', () => (invited = true));
    request.flushHeaders();
    const response = await answerOf(request);
    expect([response.statusCode, invited]).toEqual([413, false]);
    request.destroy();
  });

  it('are asked for it', async () => {
    const { port, objects } = await serveHttp();
    const request = openPut(port, { 'content-length': 3, expect: '100-continue' });
    request.on('continue', () => request.end('abc'));
    request.flushHeaders();
    expect((await answerOf(request)).statusCode).toBe(201);
    expect(objects.keys()).toEqual(['a']);
  });
});

/** A log that keeps its lines: level, event, code, then all fields. */
function recordLog(): { log: Log; lines: string[] } {
  const lines: string[] = [];
  const at =
    (level: string) =>
    (event: string, fields: LogFields = {}) => {
      lines.push(`${level} ${event} ${String(fields['code'])} ${JSON.stringify(fields)}`);
    };
  const log: Log = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error'), child: () => log };
  return { log, lines };
}
