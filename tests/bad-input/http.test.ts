/** What bad input over HTTP gets; the rows are those of docs/bad-input.md. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { call, callRaw, errorOf } from '../doubles/http-client.ts';
import { BadInputBench } from './bench.ts';
import { titleOf } from './table.ts';

const mib = 1024 * 1024;

describe('over HTTP', { timeout: 60_000 }, () => {
  let bench: BadInputBench;

  beforeAll(async () => {
    bench = await BadInputBench.start({ SION_MAX_HTTP_OBJECT_BYTES: String(64 * mib) });
  }, 60_000);

  afterAll(() => bench?.stop(), 60_000);

  const put = (...headers: readonly string[]) =>
    `${['PUT /v1/objects/k HTTP/1.1', 'Host: x', ...headers].join('\r\n')}\r\n\r\n`;
  const get = (...headers: readonly string[]) =>
    `${['GET /v1/objects/k HTTP/1.1', 'Host: x', ...headers].join('\r\n')}\r\n\r\n`;

  /** A bare connection, and its end. */
  async function dial(): Promise<{ readonly socket: Socket; readonly closed: Promise<void> }> {
    const socket = connect(bench.httpPort, '127.0.0.1');
    await once(socket, 'connect');
    // What is written after the proxy has closed is reset.
    socket.on('error', () => {});
    return { socket, closed: new Promise((resolve) => socket.once('close', () => resolve())) };
  }

  /** The one answer to some bytes, after which the proxy closes. */
  async function fate(bytes: string, options: { readonly end?: boolean } = {}): Promise<string> {
    return await callRaw(bench.httpPort, bytes, options);
  }

  /** The status and code of a refusal in bare text. */
  function told(text: string): string {
    const status = /^HTTP\/1\.1 (\d{3})/.exec(text)?.[1];
    return `${status} ${/"code":"([\w-]+)"/.exec(text)?.[1]}`;
  }

  async function expectNothing(): Promise<void> {
    expect((await call(bench.httpPort, { method: 'HEAD', target: '/v1/objects/k' })).status).toBe(404);
  }

  const refused: readonly (readonly [string, string, string, { readonly end?: boolean }?])[] = [
    ['a body shorter than its length', put('Content-Length: 10').concat('abc'), '400 invalid', { end: true }],
    ['a body that stands still', put('Content-Length: 10').concat('abc'), '408 timeout'],
    ['a negative length', put('Content-Length: -3').concat('abc'), '400 invalid'],
    ['two lengths', put('Content-Length: 3', 'Content-Length: 5').concat('abcde'), '400 invalid'],
    [
      'a length and chunks',
      put('Content-Length: 3', 'Transfer-Encoding: chunked').concat('3\r\nabc\r\n0\r\n\r\n'),
      '400 invalid',
    ],
    [
      'a chunked body that breaks off',
      put('Transfer-Encoding: chunked').concat('5\r\nab'),
      '400 invalid',
      { end: true },
    ],
    ['a flood of headers', get(...Array.from({ length: 2000 }, (_, at) => `X-Header-${at}: ${at}`)), '431 invalid'],
    ['headers that come one byte at a time', 'GET /v1/objects/k HTTP/1.1\r\nHos', '408 timeout'],
  ];

  it.each(refused.map((row) => [titleOf(row[0]), ...row] as const))('%s', (_title, _input, bytes, expected, options) =>
    bench.survives('k', async () => {
      expect(told(await fate(bytes, options))).toBe(expected);
      await expectNothing();
    }),
  );

  it(titleOf('a body longer than its length'), () =>
    bench.survives('k', async () => {
      const text = await fate(put('Content-Length: 3').concat('abcdef\r\n\r\n'));
      const [first = '', second = ''] = text.split(/(?=HTTP\/1\.1 )/);
      // The second may come first when it is known before the first is stored: then the first is cut.
      expect([first, second].map((answer) => told(answer).slice(0, 3))).toContain('400');
      expect(text).not.toContain('abcdef');
      await call(bench.httpPort, { method: 'DELETE', target: '/v1/objects/k' });
    }),
  );

  it(titleOf('a length above the limit'), () =>
    bench.survives('k', async () => {
      expect(told(await fate(put(`Content-Length: ${64 * mib + 1}`), { end: true }))).toBe('413 too-large');
      await expectNothing();
    }),
  );

  it(titleOf('chunks above the limit'), () =>
    bench.survives('k', async () => {
      const { socket, closed } = await dial();
      let text = '';
      socket.on('data', (piece: Buffer) => {
        text += piece.toString('latin1');
      });
      socket.write(put('Transfer-Encoding: chunked'));
      for (let piece = 0; piece < 80; piece++) {
        socket.write(Buffer.concat([Buffer.from('100000\r\n'), Buffer.alloc(mib), Buffer.from('\r\n')]));
      }
      await closed;
      expect(told(text)).toBe('413 too-large');
      await expectNothing();
    }),
  );

  describe('reads', () => {
    const targets = [
      ['a malformed range', '/v1/objects/r', { range: 'bytes=5-1' }, 400, 'invalid'],
      ['a range outside the object', '/v1/objects/r', { range: 'bytes=100-' }, 416, 'range-not-satisfiable'],
      ['a broken percent-encoding', '/v1/objects/100%', {}, 400, 'invalid'],
      ['a path whose key is too long', `/v1/objects/${'k'.repeat(513)}`, {}, 400, 'invalid'],
    ] as const;

    it.each(targets.map((row) => [titleOf(row[0]), ...row] as const))(
      '%s',
      (_title, _in, target, headers, status, code) =>
        bench.survives('k', async () => {
          await call(bench.httpPort, { method: 'PUT', target: '/v1/objects/r', body: 'ten bytes.' });
          const answer = await call(bench.httpPort, { target, headers });
          expect([answer.status, errorOf(answer).code]).toEqual([status, code]);
        }),
    );
  });

  it(titleOf('a download that nobody reads'), async () => {
    const body = Buffer.alloc(24 * mib, 'l');
    expect((await call(bench.httpPort, { method: 'PUT', target: '/v1/objects/k', body })).status).toBe(201);
    await bench.survives('k', async () => {
      const { socket, closed } = await dial();
      socket.pause();
      socket.write(get());
      // Reading again shows when the proxy has cut it: an answer that was ended would be whole.
      await bench.cutWhilePaused(socket);
      let bytes = 0;
      socket.on('data', (piece: Buffer) => {
        bytes += piece.length;
      });
      socket.resume();
      await closed;
      expect(bytes).toBeLessThan(body.length);
    });
  });

  it(titleOf('a thousand requests at once on one connection'), () =>
    bench.survives('k', async () => {
      // When it is cut before its first answer, nothing but a reset arrives.
      const text = await fate(get().repeat(1000)).catch(() => '');
      expect(text.split('HTTP/1.1 404').length - 1).toBeLessThan(1000);
    }),
  );
});
