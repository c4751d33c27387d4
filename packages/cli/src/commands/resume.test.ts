/** get over a line that breaks: within one run, and from one run to the next. */
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Cut, openBreakingLine } from '../../../../tests/doubles/breaking-line.ts';
import { serveHttp } from '../../../../tests/doubles/http-front.ts';
import { until } from '../../../../tests/doubles/turns.ts';
import type { Address } from '../client/http-call.ts';
import { nameOfText } from '../client/object-name.ts';
import { Interruption } from '../interruption.ts';
import { getObject } from './get.ts';
import { countedBytes, get, getFile, put, surroundings, testAddress } from './surroundings.test-data.ts';

const value = countedBytes(3_000_000);
const other = countedBytes(3_000_000, 1_000_000);

let folder: string;
let target: string;
let direct: Address;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sion-cli-'));
  target = join(folder, 'out');
  const { port } = await serveHttp();
  direct = testAddress(port);
  await put(direct, 'large', value);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function broken(cuts: readonly (Cut | 'whole')[]) {
  const proxy = await openBreakingLine(direct.port, cuts);
  return { http: testAddress(proxy.port), proxy };
}

/** Gets without retries: what breaks off is left for the next run. */
async function leavePart(cut: Cut, range?: string, next: readonly Cut[] = []): Promise<Address> {
  const { http } = await broken([cut, ...next]);
  const around = surroundings();
  const impatient = { ...around, patience: { ...around.patience, maxRetries: 0 } };
  const request = { http, name: nameOfText('large'), target, ...(range === undefined ? {} : { range }) };
  await expect(getObject(request, impatient)).rejects.toThrow('kept in');
  expect(readdirSync(folder).sort()).toEqual(['out.sion-part', 'out.sion-part.json']);
  return http;
}

describe('a connection that breaks', () => {
  test('is taken up again where it broke, to a file', async () => {
    const { http, proxy } = await broken([{ answerBytes: 100_000 }, { answerBytes: 1_500_000 }]);
    const around = surroundings();
    await getFile(http, 'large', target, around);
    expect(readFileSync(target).equals(value)).toBe(true);
    expect(readdirSync(folder)).toEqual(['out']);
    expect(proxy.connections()).toBe(3);
    expect(around.said()).toContain('Going on after');
  });

  test('and to standard output', async () => {
    const { http } = await broken([{ answerBytes: 700_000 }]);
    expect((await get(http, 'large')).equals(value)).toBe(true);
  });

  test('and within a range', async () => {
    const { http } = await broken([{ answerBytes: 700_000 }]);
    expect((await get(http, 'large', { range: '1000-2000999' })).equals(value.subarray(1000, 2_001_000))).toBe(true);
    const last = await broken([{ answerBytes: 700_000 }]);
    expect((await get(last.http, 'large', { range: '-1500000' })).equals(value.subarray(1_500_000))).toBe(true);
  });

  test('a bounded number of times', async () => {
    const { http, proxy } = await broken(Array.from({ length: 20 }, () => ({ answerBytes: 2_000 })));
    await expect(get(http, 'large')).rejects.toThrow('tried 8 more times');
    expect(proxy.connections()).toBe(9);
  });

  test('but not when the object was replaced meanwhile: versions are never mixed', async () => {
    const replace = () => put(direct, 'large', other);
    const { http } = await broken([{ answerBytes: 700_000, before: replace }]);
    await expect(get(http, 'large')).rejects.toThrow('was changed or deleted while it was being read');
  });
});

describe('the next run', () => {
  test('goes on from what the last one left', async () => {
    // The line would break again, and the test fail, if more than the rest were asked for.
    const http = await leavePart({ answerBytes: 2_000_000 }, undefined, [{ answerBytes: 1_150_000 }]);
    const around = surroundings();
    const impatient = { ...around, patience: { ...around.patience, maxRetries: 0 } };
    await getObject({ http, name: nameOfText('large'), target }, impatient);
    expect(around.said()).toMatch(/Going on after 1\.\d MiB of 2\.9 MiB/);
    expect(readFileSync(target).equals(value)).toBe(true);
    expect(readdirSync(folder)).toEqual(['out']);
  });

  test('of the same range', async () => {
    const http = await leavePart({ answerBytes: 1_000_000 }, '500-2000499');
    const around = surroundings();
    await getObject({ http, name: nameOfText('large'), target, range: '500-2000499' }, around);
    expect(around.said()).toContain('Going on after');
    expect(readFileSync(target).equals(value.subarray(500, 2_000_500))).toBe(true);
  });

  test('begins anew, and says so, when the object was changed', async () => {
    const http = await leavePart({ answerBytes: 2_000_000 });
    await put(direct, 'large', other);
    const around = surroundings();
    await getFile(http, 'large', target, around);
    expect(around.said()).toContain('large was changed since the last run; beginning anew.');
    expect(readFileSync(target).equals(other)).toBe(true);
    expect(readdirSync(folder)).toEqual(['out']);
  });

  test.each<[string, () => void]>([
    ['whose note is missing', () => rmSync(`${target}.sion-part.json`)],
    ['whose note is broken', () => writeFileSync(`${target}.sion-part.json`, '{"format":1')],
    [
      'that is another file',
      () => {
        rmSync(`${target}.sion-part`);
        // Kept open names hold their inodes: the new file has another one.
        writeFileSync(join(folder, 'filler'), 'x');
        writeFileSync(`${target}.sion-part`, other);
        rmSync(join(folder, 'filler'));
      },
    ],
    ['that is shorter than its note says', () => writeFileSync(`${target}.sion-part`, 'short')],
  ])('does not trust a part %s', async (_name, spoil) => {
    const http = await leavePart({ answerBytes: 2_000_000 });
    spoil();
    const around = surroundings();
    await getFile(http, 'large', target, around);
    expect(around.said()).toContain('is of something else; beginning anew');
    expect(readFileSync(target).equals(value)).toBe(true);
  });

  test('finishes a part to which nothing is missing', async () => {
    const http = await leavePart({ answerBytes: 2_000_000 });
    const note = `${target}.sion-part.json`;
    writeFileSync(`${target}.sion-part`, value);
    writeFileSync(note, JSON.stringify({ ...JSON.parse(readFileSync(note, 'utf8')), keptBytes: value.length }));
    await getFile(http, 'large', target);
    expect(readFileSync(target).equals(value)).toBe(true);
  });

  test('removes the part of an object that is no more', async () => {
    const http = await leavePart({ answerBytes: 2_000_000 });
    await fetch(`http://127.0.0.1:${direct.port}/v1/objects/large`, { method: 'DELETE' });
    await expect(getFile(http, 'large', target)).rejects.toThrow('There is no object large.');
    expect(readdirSync(folder)).toEqual([]);
  });
});

test('an interrupted get keeps what has come, and exits as interrupted programs do', async () => {
  const around = surroundings();
  const part = () => statSync(`${target}.sion-part`, { throwIfNoEntry: false })?.size ?? 0;
  const interrupt = async () => {
    await until(() => part() > 500_000);
    around.ending.abort(new Interruption(130));
  };
  const { http } = await broken([{ answerBytes: 1_000_000, before: interrupt }]);
  const attempt = getFile(http, 'large', target, around);
  await expect(attempt).rejects.toMatchObject({ exitCode: 130, message: expect.stringContaining('kept in') });
  expect(existsSync(target)).toBe(false);
  await getFile(direct, 'large', target);
  expect(readFileSync(target).equals(value)).toBe(true);
});

test('a link stays a link, and what stood in the file is there until the new is whole', async () => {
  writeFileSync(join(folder, 'real'), 'before', { mode: 0o600 });
  symlinkSync(join(folder, 'real'), target);
  const { http } = await broken([
    { answerBytes: 700_000, before: () => expect(readFileSync(target, 'utf8')).toBe('before') },
  ]);
  await getFile(http, 'large', target);
  expect(readdirSync(folder).sort()).toEqual(['out', 'real']);
  expect(readFileSync(join(folder, 'real')).equals(value)).toBe(true);
  expect(statSync(join(folder, 'real')).mode & 0o777).toBe(0o600);
});

test('a range outside the object is told with its size', async () => {
  await expect(get(direct, 'large', { range: '3000000-' })).rejects.toThrow('3000000 bytes');
});
