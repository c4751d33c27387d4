/** ls, rm, ttl, invalidate and warm against the real fronts. */
import { Agent, createServer } from 'node:http';
import { PassThrough } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { silentLog, systemClock } from '@sion/components';
import { createAdminServer, createExposition, createMetrics } from '@sion/proxy';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { frontNowMs, serveHttp, statusOf } from '../../../../tests/doubles/http-front.ts';
import type { MemoryObjects } from '../../../../tests/doubles/memory-objects.ts';
import type { Address } from '../client/http-call.ts';
import { deleteObject } from '../client/object-calls.ts';
import { nameOfEncoded, nameOfText } from '../client/object-name.ts';
import { describeInvalidation } from './invalidate.ts';
import { type ListRequest, printObjects } from './list.ts';
import { type RemoveRequest, removeObjects } from './remove.ts';
import { put, surroundings, testAddress } from './surroundings.test-data.ts';
import { describeTtl } from './ttl.ts';
import { warmObjects } from './warm.ts';

let http: Address;
let objects: MemoryObjects;
beforeEach(async () => {
  const served = await serveHttp();
  [http, objects] = [testAddress(served.port), served.objects];
});

async function keys(...names: readonly string[]): Promise<void> {
  for (const name of names) {
    await objects.mutate(name, {
      needs: 'nothing',
      decide: () => ({ kind: 'write', bytes: Buffer.from('12345'), result: undefined }),
    });
  }
}

async function list(change: Partial<ListRequest> = {}, prefix = ''): Promise<readonly string[]> {
  const around = surroundings({ clock: { ...systemClock, wallMs: () => frontNowMs } });
  const printed = text(around.output);
  await printObjects({ http, scope: { prefix: nameOfText(prefix) }, format: 'keys', ...change }, around);
  around.output.end();
  return (await printed).split('\n').slice(0, -1);
}

describe('ls', () => {
  test('lists all keys over several pages, and no more than are asked for', async () => {
    const names = Array.from({ length: 2500 }, (_, index) => `k${String(index).padStart(4, '0')}`);
    await keys(...names);
    expect(await list()).toEqual(names);
    expect(await list({}, 'k24')).toEqual(names.slice(2400));
    expect(await list({ scope: { prefix: nameOfText(''), limit: 1200 } })).toEqual(names.slice(0, 1200));
  });

  test('lists nothing without a word', async () => {
    expect(await list()).toEqual([]);
  });

  test('puts keys that share a part up to the delimiter together', async () => {
    await keys('a', 'b/1', 'b/2', 'c/x/1', 'd');
    const scope = { prefix: nameOfText(''), delimiter: nameOfText('/') };
    expect(await list({ scope })).toEqual(['a', 'b/', 'c/', 'd']);
  });

  test('shows every key so that it can be told from every other, and typed', async () => {
    await keys('plain', 'two\nlines', 'caf\xc3\xa9', '\xff\x00', 'trailing ', "$'x", '\xe2\x80\xaeevil', '');
    const [shown, encoded] = [await list(), await list({ format: 'encoded' })];
    expect([...shown].sort()).toEqual(
      [
        "$''",
        "$'$\\'x'",
        "$'\\xe2\\x80\\xaeevil'",
        "$'\\xff\\x00'",
        "$'trailing '",
        "$'two\\x0alines'",
        'café',
        'plain',
      ].sort(),
    );
    expect(encoded.map((name) => nameOfEncoded(name).shown)).toEqual(shown);
    expect(encoded).toContain('%FF%00');
  });

  test('shows size, time of change and life time', async () => {
    await put(http, 'brief', 'xy', { ttlSeconds: 60 });
    await keys('p/1');
    const scope = { prefix: nameOfText(''), delimiter: nameOfText('/') };
    expect(await list({ format: 'long', scope })).toEqual([
      '             2  2023-11-14T22:13:20Z         60s  brief',
      '             -  -                              -  p/',
    ]);
  });

  test('and everything as JSON, line by line', async () => {
    await put(http, 'a', 'xy', { metadata: new Map([['owner', 'me']]) });
    const lines = (await list({ format: 'json' })).map((line): unknown => JSON.parse(line));
    expect(lines).toEqual([expect.objectContaining({ key: 'a', sizeBytes: 2, metadata: { owner: 'me' } })]);
  });

  test('ends when nobody reads any more, without asking for what is left', async () => {
    await keys(...Array.from({ length: 1500 }, (_, index) => `${'long'.repeat(20)}${index}`));
    const output = new PassThrough();
    let asked = 0;
    const counted = await counting(http.port, () => (asked += 1));
    output.destroy(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
    output.on('error', () => {});
    const around = { ...surroundings(), output };
    await printObjects({ http: counted, scope: { prefix: nameOfText('') }, format: 'keys' }, around);
    expect(asked).toBe(1);
  });
});

/** Hands requests on and counts them. */
async function counting(port: number, onRequest: () => void): Promise<Address> {
  const server = createServer((request, response) => {
    onRequest();
    void fetch(`http://127.0.0.1:${port}${request.url}`).then(async (answer) => {
      response.writeHead(answer.status);
      response.end(Buffer.from(await answer.arrayBuffer()));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  return testAddress(typeof address === 'object' ? (address?.port ?? 0) : 0);
}

describe('rm', () => {
  async function remove(what: RemoveRequest['what'], change: Partial<RemoveRequest> = {}) {
    const around = surroundings();
    const printed = buffer(around.output);
    const outcome = await removeObjects({ http, what, yes: true, ...change }, around).then(
      () => 0,
      (error: { exitCode: number }) => error.exitCode,
    );
    around.output.end();
    return [outcome, (await printed).toString(), around.said()];
  }
  const named = (...names: readonly string[]) => ({ kind: 'keys', names: names.map(nameOfText) }) as const;
  const below = (prefix: string) => ({ kind: 'prefix', prefix: nameOfText(prefix) }) as const;

  test('deletes keys, and says which were not there', async () => {
    await keys('a', 'b', '-k');
    expect(await remove(named('a', '-k'))).toEqual([0, 'Deleted 2 objects.\n', '']);
    expect(await remove(named('b', 'c'))).toEqual([1, 'Deleted 1 object (1 not there).\n', 'There is no object c.\n']);
    expect(objects.keys()).toEqual([]);
  });

  test('deletes by prefix, over several pages, and nothing else', async () => {
    await keys(...Array.from({ length: 1100 }, (_, index) => `p/${index}`), 'other', 'p');
    expect(await remove(below('p/'))).toEqual([0, 'Deleted 1100 objects.\n', '']);
    expect([...objects.keys()].sort()).toEqual(['other', 'p']);
  });

  test('does not delete by prefix without being told to when nobody can answer', async () => {
    await keys('p/1');
    expect(await remove(below('p/'), { yes: false })).toEqual([2, '', '']);
    expect(objects.keys()).toEqual(['p/1']);
  });

  test.each([
    ['yes\n', []],
    ['n\n', ['p/1']],
    ['\n', ['p/1']],
  ])('asks on a terminal; %j', async (answer, left) => {
    await keys('p/1');
    const input = Object.assign(new PassThrough(), { isTTY: true });
    const around = surroundings({ input });
    input.write(answer);
    await removeObjects({ http, what: below('p/') }, around).catch(() => {});
    expect(objects.keys()).toEqual(left);
    expect(around.said()).toContain('Delete all that begins with p/ (1 object, 5 B)? [y/N]');
  });

  test('takes the end of the input for a no', async () => {
    await keys('p/1');
    const input = Object.assign(new PassThrough(), { isTTY: true });
    const around = surroundings({ input });
    input.end();
    await expect(removeObjects({ http, what: below('p/') }, around)).rejects.toThrow('Nothing was deleted.');
    expect(objects.keys()).toEqual(['p/1']);
  });

  test('shows what it would delete', async () => {
    await keys('p/1', 'p/2');
    expect(await remove(below('p/'), { dryRun: true, yes: false })).toEqual([0, 'p/1\np/2\n', '']);
    expect(objects.keys()).toEqual(['p/1', 'p/2']);
  });

  test('tells each object that was not deleted', async () => {
    const refusing = await serveHttp({
      objects: {
        ...objects,
        mutate: async () => {
          throw Object.assign(new Error('no'), { statusCode: 418 });
        },
      },
    });
    await keys('a');
    const request = { http: testAddress(refusing.port) };
    expect(await remove(named('a'), request)).toEqual([
      1,
      'Deleted 0 objects (1 not deleted).\n',
      expect.stringMatching(/^a was not deleted: /),
    ]);
  });

  test('says of a delete whose answer is lost that nobody knows', async () => {
    const server = createServer((request) => void request.socket.destroy());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const address = server.address();
    const lost = testAddress(typeof address === 'object' ? (address?.port ?? 0) : 0);
    await expect(deleteObject(lost, nameOfText('a'), new Agent())).rejects.toMatchObject({ exitCode: 4 });
    expect(await remove(named('a'), { http: lost })).toEqual([
      4,
      'Deleted 0 objects (1 unknown).\n',
      expect.stringMatching(/^INDETERMINATE: the delete of a may or may not/),
    ]);
  });

  test('stops when nobody listens any more', async () => {
    const around = surroundings();
    const nobody = testAddress(1);
    const many = named(...Array.from({ length: 500 }, (_, index) => `k${index}`));
    await expect(removeObjects({ http: nobody, what: many }, around)).rejects.toThrow('npm start');
    expect(around.said()).toBe('');
  });
});

test('ttl tells, sets and takes away when an object expires', async () => {
  await put(http, 'a', 'value');
  const a = nameOfText('a');
  expect(await describeTtl(http, a, undefined)).toBe('never');
  expect(await describeTtl(http, a, 60)).toBe('60');
  expect(await describeTtl(http, a, undefined)).toBe('60');
  expect(await describeTtl(http, a, 'none')).toBe('never');
  expect((await objects.info('a'))?.expiresAtMs).toBeUndefined();
  await expect(describeTtl(http, nameOfText('b'), 60)).rejects.toThrow('There is no object b.');
  await expect(describeTtl(http, a, 99_999_999_999)).rejects.toThrow('9999999999');
});

describe('on the admin port', () => {
  let admin: Address;
  beforeEach(async () => {
    const [status, metrics] = [statusOf('serving'), createMetrics()];
    const server = await createAdminServer({
      ...{ objects, status, clock: systemClock, log: silentLog },
      exposition: createExposition(metrics, status),
      settings: { adminHost: '127.0.0.1', adminPort: 0, adminHosts: '', maxKeyBytes: 512 },
    });
    onTestFinished(() => server.close());
    admin = testAddress(server.port);
    await keys('a/1', 'a/2', 'b&c=d %');
  });

  test('invalidate says how many were known', async () => {
    expect(await describeInvalidation(admin, 'key', nameOfText('b&c=d %'))).toContain('Invalidated 1 object:');
    expect(await describeInvalidation(admin, 'prefix', nameOfText('a/'))).toContain('Invalidated 2 objects:');
    expect(await describeInvalidation(admin, 'prefix', nameOfText('z/'))).toContain('Nothing was known');
  });

  test('warm says what came of it', async () => {
    const around = surroundings();
    const printed = text(around.output);
    await warmObjects({ admin, prefix: nameOfText('a/') }, around);
    around.output.end();
    expect(await printed).toBe('0 placed (0 B), 2 in memory already.\n');
  });
});
