import { once } from 'node:events';
import { crc32 } from 'node:zlib';
import { systemClock, VirtualStore } from '@sion/components';
import { describe, expect, it, vi } from 'vitest';
import { call, callRaw } from '../../../../../tests/doubles/http-client.ts';
import { answerOf, openPut } from '../../../../../tests/doubles/http-front.ts';
import { serveEngine } from './engine-front.test-data.ts';

const mib = 2 ** 20;

async function serve() {
  const store = new VirtualStore({ wallMs: () => systemClock.wallMs() });
  return { store, ...(await serveEngine(store)) };
}

function payload(sizeBytes: number): Buffer {
  const bytes = Buffer.alloc(sizeBytes);
  for (let at = 0, state = sizeBytes; at < sizeBytes; at += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[at] = state >>> 24;
  }
  return bytes;
}

describe('the HTTP front over the engine', () => {
  it.each([0, 1, 1000, 16_385, mib, 9 * mib + 1])(
    'gives back %i bytes, from memory, whole and in part',
    async (size) => {
      const { port, engine, metrics } = await serve();
      const value = payload(size);
      const put = await call(port, {
        method: 'PUT',
        target: '/v1/objects/a',
        body: value,
        headers: { 'content-type': 'a/b' },
      });
      expect([put.status, put.headers['sion-version']]).toEqual([201, expect.stringMatching(/^1\.\d+$/)]);
      await vi.waitFor(() => expect(size === 0 || engine.places('a')?.complete).toBe(true));
      const got = await call(port, { target: '/v1/objects/a' });
      expect([got.status, got.headers.etag, got.headers['content-type'], got.body.equals(value)]).toEqual([
        200,
        put.headers.etag,
        'a/b',
        true,
      ]);
      if (size > 0) expect(got.headers['server-timing']).toMatch(/tier;desc="memory"/);
      const cuts = [0, 1, size >> 1, size - 1, size].filter((at) => at >= 0 && at <= size);
      for (const start of cuts) {
        for (const end of cuts.filter((at) => at > start)) {
          const part = await call(port, { target: '/v1/objects/a', headers: { range: `bytes=${start}-${end - 1}` } });
          expect([part.status, part.body.equals(value.subarray(start, end))]).toEqual([
            end - start === size ? 200 : 206,
            true,
          ]);
        }
        const outside = await call(port, { target: '/v1/objects/a', headers: { range: `bytes=${size + start}-` } });
        expect([outside.status, outside.headers['content-range']]).toEqual([416, `bytes */${size}`]);
      }
      if (size > 1) {
        const suffix = await call(port, { target: '/v1/objects/a', headers: { range: `bytes=-${size - 1}` } });
        expect([suffix.status, suffix.body.equals(value.subarray(1))]).toEqual([206, true]);
      }
      expect(metrics.snapshot().gets.store).toBe(0);
    },
  );

  it('takes a chunked body of unknown length', async () => {
    const { port } = await serve();
    const value = payload(5 * mib + 7);
    const request = openPut(port, {});
    const answered = answerOf(request);
    for (let at = 0; at < value.byteLength; at += 100_000) {
      if (!request.write(value.subarray(at, at + 100_000))) await once(request, 'drain');
    }
    request.end();
    expect((await answered).statusCode).toBe(201);
    const got = await call(port, { target: '/v1/objects/a' });
    expect([got.body.byteLength, crc32(got.body)]).toEqual([value.byteLength, crc32(value)]);
  });

  it('keeps the old version whole when a new one breaks off', async () => {
    const { port, engine } = await serve();
    await call(port, { method: 'PUT', target: '/v1/objects/a', body: 'old' });
    for (const head of ['Content-Length: 9000000', 'Transfer-Encoding: chunked']) {
      const body = head.startsWith('C') ? 'x'.repeat(3_000_000) : `2dc6c0\r\n${'x'.repeat(3_000_000)}\r\n`;
      const text = await callRaw(port, `PUT /v1/objects/a HTTP/1.1\r\nHost: x\r\n${head}\r\n\r\n${body}`, {
        end: true,
      });
      expect(text).toMatch(/^HTTP\/1.1 400 /);
    }
    expect((await call(port, { target: '/v1/objects/a' })).body.toString()).toBe('old');
    await vi.waitFor(() => expect(engine.count()).toMatchObject({ inMemory: 1 }));
  });

  it('lets one of many concurrent creations win', async () => {
    const { port } = await serve();
    const tries = Array.from({ length: 20 }, (_, index) =>
      call(port, { method: 'PUT', target: '/v1/objects/a', body: `${index}`, headers: { 'if-none-match': '*' } }),
    );
    const answers = await Promise.all(tries);
    const winners = answers.flatMap((answer, index) => (answer.status === 201 ? [`${index}`] : []));
    expect(answers.filter((answer) => answer.status === 412)).toHaveLength(19);
    expect((await call(port, { target: '/v1/objects/a' })).body.toString()).toBe(winners[0]);
  });

  it('loses no concurrent update that is guarded by If-Match', async () => {
    const { port } = await serve();
    await call(port, { method: 'PUT', target: '/v1/objects/a', body: '0' });
    const addOne = async (): Promise<void> => {
      for (;;) {
        const seen = await call(port, { target: '/v1/objects/a' });
        const put = await call(port, {
          method: 'PUT',
          target: '/v1/objects/a',
          body: String(Number(seen.body.toString()) + 1),
          headers: { 'if-match': seen.headers.etag ?? '' },
        });
        if (put.status === 200) return;
        expect(put.status).toBe(412);
      }
    };
    await Promise.all(Array.from({ length: 10 }, addOne));
    expect((await call(port, { target: '/v1/objects/a' })).body.toString()).toBe('10');
  });

  it('changes the expiry of a version that stays in memory, and says its tag', async () => {
    const { port, engine, store, metrics } = await serve();
    const target = '/v1/objects/a';
    const headers = { 'sion-meta-owner': 'anna', 'content-type': 'a/b' };
    await call(port, { method: 'PUT', target, body: payload(100_000), headers });
    await vi.waitFor(() => expect(engine.places('a')?.complete).toBe(true));
    const patched = await call(port, { method: 'PATCH', target, headers: { 'sion-ttl': '100' } });
    expect([patched.status, patched.headers['sion-ttl']]).toEqual([200, '100']);
    const got = await call(port, { target, headers: { 'if-match': patched.headers.etag ?? '' } });
    expect([got.status, got.body.equals(payload(100_000))]).toEqual([200, true]);
    expect(got.headers).toMatchObject({ ...headers, etag: patched.headers.etag, 'sion-ttl': '100' });
    expect((await store.head('a'))?.metadata).toMatchObject({ contentType: 'a/b', user: { owner: 'anna' } });
    expect(metrics.snapshot().gets).toMatchObject({ memory: 1, store: 0 });
    const many = await Promise.all(
      ['50', 'none', 'none', '70'].map((ttl) => call(port, { method: 'PATCH', target, headers: { 'sion-ttl': ttl } })),
    );
    const last = await call(port, { method: 'HEAD', target });
    expect(last.headers['sion-ttl']).toBe('70');
    expect(many[3]?.headers.etag).toBe(last.headers.etag);
    for (const { status, headers: given } of many) {
      expect(status).toBe(200);
      if (given.etag === last.headers.etag) expect(given['sion-ttl']).toBe('70');
    }
  });

  it('tells what each request has cost', async () => {
    const { port, engine, store } = await serve();
    const target = '/v1/objects/a';
    const timing = async (method: string, headers: Record<string, string> = {}, body?: Buffer) => {
      const answer = await call(port, { method, target, headers, ...(body === undefined ? {} : { body }) });
      const text = answer.headers['server-timing'];
      const fields = [...String(text).matchAll(/([a-z-]+);(?:desc="([^"]*)"|dur=([\d.]+))/g)];
      return Object.fromEntries(fields.map(([, name, desc, dur]) => [name, desc ?? Number(dur)]));
    };
    // A key that nothing is known about: one HEAD, then the write; larger ones are uploads.
    expect(await timing('PUT', {}, payload(1000))).toMatchObject({ 'store-requests': '2', dollars: '0.0000054' });
    expect(await timing('PUT', {}, payload(1000))).toMatchObject({ 'store-requests': '1', dollars: '0.000005' });
    const upload = await timing('PUT', { 'sion-no-place': '1' }, payload(2 * mib));
    expect(upload).toMatchObject({ nodes: '0', 'store-requests': '2', dollars: '0.00001', total: expect.any(Number) });
    const cold = await timing('GET');
    expect(cold).toMatchObject({ tier: 'store', 'store-requests': '1', dollars: '0.0000004' });
    await vi.waitFor(() => expect(engine.places('a')?.complete).toBe(true));
    const warm = await timing('GET');
    expect(warm).toMatchObject({ tier: 'memory', nodes: '4', 'store-requests': '0' });
    expect(Number(warm['dollars'])).toBeLessThan(1e-6);
    expect(await timing('HEAD')).toMatchObject({ 'store-requests': '0', dollars: '0' });
    expect(await timing('PATCH', { 'sion-ttl': '60' })).toMatchObject({ 'store-requests': '1', dollars: '0.000005' });
    expect(await timing('DELETE')).toMatchObject({ 'store-requests': '1', dollars: '0' });
    await store.put('b', Buffer.from('theirs'), {}, { kind: 'absent' });
    const listed = await call(port, { target: '/v1/objects' });
    expect(listed.headers['server-timing']).toMatch(/store-requests;desc="[12]", dollars;desc="0.000005/);
  });

  it('divides the price of a write that several requests shared', async () => {
    const { port, store, engine } = await serve();
    const mutations = vi.spyOn(engine, 'mutate');
    const heads = vi.spyOn(store, 'head');
    const put = store.put.bind(store);
    // The first one waits until the others queue behind it.
    const puts = vi.spyOn(store, 'put').mockImplementationOnce(async (...request) => {
      await vi.waitFor(() => expect(mutations).toHaveBeenCalledTimes(20), { timeout: 30_000 });
      return await put(...request);
    });
    const headers = { 'sion-no-place': '1' };
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        call(port, { method: 'PUT', target: '/v1/objects/a', body: `${index}`, headers }),
      ),
    );
    const dollars = answers.map(({ headers }) =>
      Number(/dollars;desc="([^"]+)"/.exec(`${headers['server-timing']}`)?.[1]),
    );
    const sum = dollars.reduce((all, one) => all + one, 0);
    expect(puts.mock.calls.length).toBeLessThan(4);
    expect(sum).toBeCloseTo(puts.mock.calls.length * 5e-6 + heads.mock.calls.length * 4e-7, 9);
  });

  it('serves what others put into the store', async () => {
    const { port, store } = await serve();
    await store.put('b', Buffer.from('theirs'), { contentType: 'text/plain' }, { kind: 'absent' });
    const got = await call(port, { target: '/v1/objects/b' });
    expect([got.status, got.body.toString(), got.headers['content-type']]).toEqual([200, 'theirs', 'text/plain']);
    expect(got.headers['sion-version']).toBe(got.headers.etag);
    expect((await call(port, { method: 'DELETE', target: '/v1/objects/b' })).status).toBe(204);
    expect((await call(port, { method: 'HEAD', target: '/v1/objects/b' })).status).toBe(404);
  });
});
