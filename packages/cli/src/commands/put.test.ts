/** put over a line that breaks, of files that change, and with conditions. */
import { appendFileSync, mkdtempSync, rmSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { type Cut, openBreakingLine } from '../../../../tests/doubles/breaking-line.ts';
import { serveHttp } from '../../../../tests/doubles/http-front.ts';
import type { MemoryObjects } from '../../../../tests/doubles/memory-objects.ts';
import { openSource, type Source } from '../client/file-source.ts';
import type { Address } from '../client/http-call.ts';
import { nameOfText } from '../client/object-name.ts';
import { type PutTerms, writeObject } from '../client/object-write.ts';
import { Interruption } from '../interruption.ts';
import { putObject } from './put.ts';
import { countedBytes, get, put, putFile, surroundings, testAddress } from './surroundings.test-data.ts';

const value = countedBytes(3_000_000);

let folder: string;
let source: string;
let direct: Address;
let objects: MemoryObjects;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sion-cli-'));
  source = join(folder, 'in');
  writeFileSync(source, value);
  const served = await serveHttp();
  [direct, objects] = [testAddress(served.port), served.objects];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function broken(cuts: readonly (Cut | 'whole')[]) {
  const proxy = await openBreakingLine(direct.port, cuts);
  return { http: testAddress(proxy.port), proxy };
}

const put3 = (http: Address, terms: PutTerms = {}) => putFile(http, 'large', source, terms);
const stored = () => get(direct, 'large');

describe('an upload that breaks off', () => {
  test('before its end is sent again from the beginning, since nothing of it can have been stored', async () => {
    const { http, proxy } = await broken([{ requestBytes: 1_000_000 }, { requestBytes: 2_000_000 }]);
    const around = surroundings();
    await putObject({ http, name: nameOfText('large'), source, terms: {} }, around);
    expect((await stored()).equals(value)).toBe(true);
    expect(proxy.connections()).toBe(3);
    expect(around.said()).toContain('It is sent again from the beginning.');
  });

  test('again and again is given up, and told how uploads are', async () => {
    const { http, proxy } = await broken(Array.from({ length: 9 }, () => ({ requestBytes: 500_000 })));
    await expect(put3(http)).rejects.toThrow(/was not stored.*\n.*put it again from the beginning/);
    expect(proxy.connections()).toBe(4);
    expect(objects.keys()).toEqual([]);
  });

  test('of standard input is not sent again', async () => {
    const { http, proxy } = await broken([{ requestBytes: 1_000_000 }]);
    const endless = new Readable({
      read() {
        this.push(Buffer.alloc(65_536));
      },
    });
    const request = { http, name: nameOfText('large'), source: '-', terms: {} };
    await expect(putObject(request, surroundings({ input: endless }))).rejects.toThrow('was not stored');
    expect(proxy.connections()).toBe(1);
  });

  test('after its end has an unknown result: told as such, with exit code 4, and not sent again', async () => {
    const { http, proxy } = await broken([{ answerBytes: 1 }]);
    const small = join(folder, 'small');
    writeFileSync(small, 'x');
    const attempt = putFile(http, 'large', small);
    await expect(attempt).rejects.toMatchObject({
      exitCode: 4,
      message: expect.stringMatching(/^INDETERMINATE: large/),
    });
    await expect(attempt).rejects.toThrow(`sion get large | cmp - ${small}`);
    expect(proxy.connections()).toBe(1);
  });

  test('after its end is sent again when it is conditional; whether it was the first is not guessed', async () => {
    writeFileSync(source, 'x');
    const { http, proxy } = await broken([{ answerBytes: 1 }]);
    const attempt = put3(http, { ifAbsent: true });
    await expect(attempt).rejects.toMatchObject({ exitCode: 4 });
    // The first attempt, the second, and a look at what is there.
    expect(proxy.connections()).toBe(3);
    expect((await stored()).toString()).toBe('x');
  });

  test('and when somebody else’s object is there by then, that is told', async () => {
    writeFileSync(source, 'x');
    const { http } = await broken([{ answerBytes: 1, before: () => put(direct, 'large', 'longer') }]);
    await expect(put3(http, { ifAbsent: true })).rejects.toThrow('exists already');
  });
});

describe('answers', () => {
  async function answering(
    ...answers: readonly [status: number, code: string][]
  ): Promise<{ http: Address; asked(): number }> {
    let asked = 0;
    const server = createServer((request, response) => {
      const [status, code] = answers[asked] ?? [200, ''];
      asked += 1;
      request.resume().on('end', () => {
        response.writeHead(status, { connection: 'close' });
        response.end(JSON.stringify({ error: { code, message: `it is ${code}`, requestId: '1' } }));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const address = server.address();
    return { http: testAddress(typeof address === 'object' ? (address?.port ?? 0) : 0), asked: () => asked };
  }

  test('that nothing was changed are followed by another attempt', async () => {
    const { http, asked } = await answering([503, 'unavailable'], [503, 'closed']);
    await put3(http);
    expect(asked()).toBe(3);
  });

  test('that nobody knows are told as such', async () => {
    const { http, asked } = await answering([504, 'indeterminate']);
    await expect(put3(http)).rejects.toMatchObject({
      exitCode: 4,
      message: expect.stringContaining('it is indeterminate'),
    });
    expect(asked()).toBe(1);
  });

  test('that stand are given in their own words', async () => {
    const { http, asked } = await answering([507, 'capacity']);
    await expect(put3(http)).rejects.toThrow('it is capacity (HTTP 507)');
    expect(asked()).toBe(1);
  });
});

describe('a file that is changed while it is read is refused, and nothing is stored', () => {
  test.each<[string, () => void]>([
    ['cut', () => truncateSync(source, 1_000_000)],
    ['made longer', () => appendFileSync(source, 'more')],
    ['written over', () => utimesSync(source, 1, 1)],
  ])('%s', async (_name, change) => {
    const opened = await openSource(source, Readable.from([]));
    let changed = false;
    const changing: Source = {
      ...opened,
      open: (onPiece) =>
        opened.open((bytes) => {
          if (!changed) change();
          changed = true;
          onPiece(bytes);
        }),
    };
    const { clock, patience } = surroundings();
    const parts = { http: direct, name: nameOfText('large'), source: changing, terms: {}, clock, patience };
    await expect(writeObject(parts)).rejects.toThrow('was changed while it was being read');
    await opened.close();
    expect([changed, objects.keys()]).toEqual([true, []]);
  });
});

describe('terms', () => {
  test('are kept with the object', async () => {
    const metadata = new Map([
      ['owner', 'Zoë'],
      ['camera', 'X-1'],
    ]);
    await put3(direct, { contentType: 'image/jpeg', ttlSeconds: 60, metadata });
    const info = await objects.info('large');
    expect(info).toMatchObject({ contentType: 'image/jpeg', user: { owner: 'Zoë', camera: 'X-1' } });
    expect(info?.expiresAtMs).toBe(objects.nowMs() + 60_000);
  });

  test('say when the put is acknowledged, and whether it is placed', async () => {
    const seen: unknown[] = [];
    const stage: MemoryObjects['stage'] = (key, sizeBytes, options) => {
      seen.push([options?.durability, options?.place]);
      return objects.stage(key, sizeBytes, options);
    };
    const { port } = await serveHttp({ objects: { ...objects, stage } });
    await put3(testAddress(port));
    await put3(testAddress(port), { durability: 'journal', noPlace: true });
    expect(seen).toEqual([
      [undefined, undefined],
      ['journal', false],
    ]);
  });

  test('may be conditions', async () => {
    await put3(direct, { ifAbsent: true });
    await expect(put3(direct, { ifAbsent: true })).rejects.toThrow('large exists already; nothing was changed.');
    const etag = (await objects.info('large'))?.etag ?? '';
    await put3(direct, { ifMatch: etag });
    await expect(put3(direct, { ifMatch: etag })).rejects.toThrow(`large is not the version ${etag} any more`);
  });
});

test('an interrupted put says that nothing was stored', async () => {
  const around = surroundings();
  const interrupt = () => around.ending.abort(new Interruption(130));
  const { http } = await broken([{ requestBytes: 1_000_000, before: interrupt }]);
  const attempt = putObject({ http, name: nameOfText('large'), source, terms: {} }, around);
  await expect(attempt).rejects.toMatchObject({ exitCode: 130, message: 'Interrupted. large was not stored.' });
  expect(objects.keys()).toEqual([]);
});

test('a refusal comes before the body is sent', async () => {
  await put(direct, 'large', 'x');
  const { http, proxy } = await broken([{ requestBytes: 100_000 }]);
  await expect(put3(http, { ifAbsent: true })).rejects.toThrow('exists already');
  expect(proxy.connections()).toBe(1);
});
