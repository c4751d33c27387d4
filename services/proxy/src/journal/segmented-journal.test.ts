/** Commits, failures, bounds and reads of the journal. What crashes leave is in journal-crashes and replay. */
import type { DiskRequest } from '@sion/components';
import { payloadOf } from '@sion/workload';
import { beforeEach, expect, test } from 'vitest';
import type { FinishedBlob, JournalRecord, NewRecord } from './journal-log.ts';
import { bytesOf, deleteOf, JournalWorld, putOf, smallSettings } from './journal-world.test-data.ts';

let world: JournalWorld;
beforeEach(async () => {
  world = new JournalWorld('journal');
  await world.open();
});

const failing = (...requests: DiskRequest[]) => {
  world.failing = (request) => requests.includes(request);
};

async function blobOf(name: string, version: string, sizeBytes: number): Promise<FinishedBlob> {
  const writer = await world.settle(world.journal.beginBlob(sizeBytes));
  await world.settle(writer.write(payloadOf(name, version, sizeBytes)));
  return await world.settle(writer.finish());
}

function putOfBlob(name: string, version: string, blob: FinishedBlob): NewRecord {
  return { ...putOf(name, version, 0), change: { kind: 'put', metadata: {}, body: { kind: 'blob', blob } } };
}

function putAgain(record: JournalRecord, version: string): NewRecord {
  const change = { kind: 'put', metadata: { version }, body: { kind: 'reuse', record } } as const;
  return { ...putOf(record.name, version, 0), change };
}

async function told(): Promise<readonly string[]> {
  return (await world.reopen()).map(({ name, version }) => `${name} ${version}`);
}

test('a record is told as it was appended', async () => {
  const put = putOf('a', '1.1', 300);
  const record = await world.append(put);
  const metadata = { version: '1.1', contentType: 'text/plain', user: { a: 'b' } };
  expect(record).toMatchObject({ name: 'a', version: '1.1', base: { kind: 'absent' }, modifiedMs: 1000 });
  expect(record.change).toMatchObject({ kind: 'put', metadata, sizeBytes: 300 });
  await world.append(deleteOf('b', '1.2'));
  const change = { kind: 'metadata', metadata, of: '"e"' } as const;
  await world.append({ name: 'c', version: '1.3', base: { kind: 'unknown' }, modifiedMs: 3, change });
  const records = await world.reopen();
  expect(records[0]).toEqual(record);
  expect(records.map(({ sequence, change }) => [sequence, change.kind])).toEqual([
    [1, 'put'],
    [2, 'delete'],
    [3, 'metadata'],
  ]);
  expect(records[2]?.change).toEqual(change);
});

test('what is appended while a sync is under way shares the next one', async () => {
  world.requests.clear();
  const appends = Array.from({ length: 50 }, (_, index) => world.journal.append(putOf(`k${index}`, '1.1', 10)));
  const records = await world.settle(Promise.all(appends));
  expect(records.map(({ name }) => name)).toEqual(records.map((_, index) => `k${index}`));
  expect(world.requests.get('sync')).toBeLessThanOrEqual(12);
});

test.each(['append', 'sync'] as const)('a failed %s is void: unavailable, and never told', async (request) => {
  await world.append(putOf('a', '1.1', 10));
  let isOver = false;
  world.failing = (each) => {
    const fails = !isOver && each === request;
    if (fails) isOver = true;
    return fails;
  };
  await expect(world.append(putOf('b', '1.2', 10))).rejects.toMatchObject({ code: 'unavailable' });
  expect(world.journal.hasTrace('b')).toBe(false);
  const { sequence } = await world.append(putOf('c', '1.3', 10));
  expect(sequence).toBe(2);
  expect(await told()).toEqual(['a 1.1', 'c 1.3']);
  expect(await told()).toEqual(['a 1.1', 'c 1.3']);
});

test('when a failed record cannot be voided its result is unknown, until another segment is begun', async () => {
  failing('sync');
  await expect(world.append(putOf('a', '1.1', 10))).rejects.toMatchObject({ code: 'indeterminate' });
  expect(world.journal.hasTrace('a')).toBe(true);
  await expect(world.append(putOf('b', '1.2', 10))).rejects.toMatchObject({ code: 'unavailable' });
  await expect(world.settle(world.journal.forget('a'))).rejects.toMatchObject({ code: 'unavailable' });
  expect(world.journal.hasTrace('b')).toBe(false);
  failing();
  await world.settle(world.journal.forget('a'));
  expect(world.journal.hasTrace('a')).toBe(false);
  await world.append(putOf('c', '1.3', 10));
  expect(await told()).toEqual(['c 1.3']);
});

test('what is retired gives its room back at once, and is not told once that is noted', async () => {
  const record = await world.append(putOf('a', '1.1', 500));
  expect(world.journal.depth).toMatchObject({ records: 1 });
  world.journal.retire(record);
  world.journal.retire(record);
  expect(world.journal.depth).toMatchObject({ records: 0, bytes: 0, oldestMs: undefined });
  expect(world.journal.hasTrace('a')).toBe(true);
  await world.pass(1000);
  expect(world.journal.hasTrace('a')).toBe(false);
  expect(await told()).toEqual([]);
});

test('a name that is forgotten is not told, whatever was recorded under it; later records are', async () => {
  await world.append(putOf('a', '1.1', 10));
  await world.append(putOf('a', '1.2', 10));
  await world.settle(world.journal.forget('a'));
  expect(world.journal.hasTrace('a')).toBe(false);
  await world.append(putOf('b', '1.3', 10));
  await world.settle(world.journal.forget('b'));
  await world.append(putOf('b', '1.4', 10));
  world.requests.clear();
  await world.settle(world.journal.forget('never'));
  expect(world.requests.size).toBe(0);
  expect(await told()).toEqual(['b 1.4']);
});

test('bytes beyond the bound are refused, of records and of blobs, until some are retired', async () => {
  const full = { code: 'capacity', message: expect.stringContaining(`of at most ${smallSettings.journalBytes}`) };
  const records: JournalRecord[] = [];
  for (let index = 0; index < 40; index++) records.push(await world.append(putOf(`k${index}`, '1.1', 1000)));
  await expect(world.settle(world.journal.beginBlob(30_000))).rejects.toMatchObject(full);
  const blob = await blobOf('blob', '1.2', 12_000);
  expect(world.journal.depth.bytes).toBeGreaterThan(56_000);
  const fill = async () => {
    for (let index = 0; index < 20; index++) records.push(await world.append(putOf(`more${index}`, '1.1', 1000)));
  };
  await expect(fill()).rejects.toMatchObject(full);
  for (const record of records.splice(0)) world.journal.retire(record);
  await world.append(putOfBlob('blob', '1.2', blob));
  await fill();
  expect(world.journal.depth).toMatchObject({ records: 21 });
});

test('a blob that grows beyond the bound is refused, and its room comes back when it is aborted', async () => {
  const writer = await world.settle(world.journal.beginBlob());
  for (let written = 0; written < 60_000; written += 10_000) await world.settle(writer.write(new Uint8Array(10_000)));
  await expect(world.settle(writer.write(new Uint8Array(10_000)))).rejects.toMatchObject({ code: 'capacity' });
  await world.settle(writer.abort());
  await world.settle(writer.abort());
  const { bytes, diskBytes } = world.journal.depth;
  expect([bytes, [...(await world.sizes()).values()]]).toEqual([0, [diskBytes]]);
});

test('nothing more is taken while the oldest record is too old', async () => {
  const record = await world.append(putOf('a', '1.1', 10));
  await world.pass(smallSettings.journalMaxAgeMs + 1);
  await expect(world.append(putOf('b', '1.2', 10))).rejects.toMatchObject({ code: 'capacity' });
  await expect(world.settle(world.journal.beginBlob())).rejects.toMatchObject({ code: 'capacity' });
  world.journal.retire(record);
  await world.append(putOf('b', '1.2', 10));
});

test('records that stay for long do not keep the segments behind them', async () => {
  const stuck = await world.append(putOf('stuck', '1.1', 700));
  const again = await world.append(putOf('again', '1.2', 600));
  const reusing = await world.append(putAgain(again, '1.3'));
  world.journal.retire(again);
  let most = 0;
  for (let index = 0; index < 600; index++) {
    world.journal.retire(await world.append(putOf('k', `2.${index}`, 1000)));
    most = Math.max(most, world.journal.depth.diskBytes);
  }
  const { journalBytes, segmentBytes } = smallSettings;
  expect(most).toBeGreaterThan(journalBytes);
  expect(most).toBeLessThan(2 * journalBytes);
  for (const record of [stuck, reusing]) {
    const { name } = record;
    const expected = name === 'stuck' ? payloadOf(name, '1.1', 700) : payloadOf(name, '1.2', 600);
    expect(Buffer.from(await world.read(record)).equals(expected)).toBe(true);
  }
  const records = await world.reopen();
  expect(records.slice(0, 2).map(({ version }) => version)).toEqual(['1.1', '1.3']);
  expect(records[0]).toEqual(stuck);
  expect(Buffer.from(await world.read(records[1]!)).equals(payloadOf('again', '1.2', 600))).toBe(true);
  const sizes = [...(await world.sizes()).values()].reduce((sum, bytes) => sum + bytes, 0);
  expect(sizes).toBeLessThan(2 * journalBytes + 2 * segmentBytes);
});

test('bytes that are used again while they are copied forward are found where the log says', async () => {
  const record = await world.append(putOf('again', '1.1', 600));
  let reusing: Promise<JournalRecord> | undefined;
  const reads = () => world.requests.get('read') ?? 0;
  world.requests.clear();
  for (let index = 0, after = 0; after < 20; index++) {
    if (reusing !== undefined) after++;
    let isOver = false;
    const other = world.journal.append(putOf('k', `2.${index}`, 1000)).finally(() => {
      isOver = true;
    });
    while (!isOver) {
      await world.pass(0.1);
      if (reads() > 0) reusing ??= world.journal.append(putAgain(record, '1.2'));
    }
    world.journal.retire(await other);
  }
  await world.settle(reusing!);
  world.journal.retire(record);
  await world.pass(1000);
  const [told] = await world.reopen();
  expect(told?.version).toBe('1.2');
  expect(Buffer.from(await world.read(told!)).equals(payloadOf('again', '1.1', 600))).toBe(true);
});

test('ranges are read, clipped to the body', async () => {
  const inline = await world.append(putOf('a', '1.1', 1000));
  const blob = await world.append(putOfBlob('b', '1.2', await blobOf('b', '1.2', 20_000)));
  const empty = await world.append(putOf('c', '1.3', 0));
  const read = (record: JournalRecord, start: number, end: number) =>
    world.settle(bytesOf(world.journal.read(record, { start, end })));
  expect(Buffer.from(await read(inline, 10, 20)).equals(payloadOf('a', '1.1', 1000).subarray(10, 20))).toBe(true);
  expect(Buffer.from(await read(blob, 19_990, 30_000)).equals(payloadOf('b', '1.2', 20_000).subarray(19_990))).toBe(
    true,
  );
  expect((await read(inline, 2000, 3000)).length).toBe(0);
  expect((await world.read(empty)).length).toBe(0);
});

test('a body that is being read stays readable when its record is retired and its file removed', async () => {
  const record = await world.append(putOfBlob('b', '1.2', await blobOf('b', '1.2', 20_000)));
  const [body, given] = [world.journal.read(record), world.journal.read(record)];
  given.cancel();
  world.journal.retire(record);
  await world.pass(2000);
  expect([...(await world.sizes()).keys()].filter((name) => name.endsWith('.blob'))).toEqual([]);
  expect(Buffer.from(await world.settle(bytesOf(body))).equals(payloadOf('b', '1.2', 20_000))).toBe(true);
  expect(() => world.journal.read(record)).toThrow('retired');
  await expect(world.settle(bytesOf(given))).rejects.toMatchObject({ code: 'closed' });
  await expect(world.settle(bytesOf(body))).rejects.toMatchObject({ code: 'closed' });
});

test('bytes are used again by a record of the same name only, and a blob by one record', async () => {
  const blob = await blobOf('b', '1.1', 5000);
  const record = await world.append(putOfBlob('b', '1.1', blob));
  await expect(world.append(putOfBlob('c', '1.2', blob))).rejects.toMatchObject({ code: 'invalid' });
  const again = await world.append(putAgain(record, '1.3'));
  world.journal.retire(record);
  await world.pass(1000);
  expect(Buffer.from(await world.read(again)).equals(payloadOf('b', '1.1', 5000))).toBe(true);
  await expect(world.append(putAgain(record, '1.4'))).rejects.toMatchObject({ code: 'invalid' });
  await expect(world.append({ ...putAgain(again, '1.4'), name: 'c' })).rejects.toMatchObject({ code: 'invalid' });
  expect(await told()).toEqual(['b 1.3']);
  expect(Buffer.from(await world.read(world.records[0]!)).equals(payloadOf('b', '1.1', 5000))).toBe(true);
});

test('a body that is too long for a record must come as a blob', async () => {
  const { inlineMaxBytes } = smallSettings;
  await expect(world.append(putOf('a', '1.1', inlineMaxBytes + 1))).rejects.toMatchObject({ code: 'invalid' });
});

test('a closed journal has finished what was appended, and takes nothing more', async () => {
  const append = world.journal.append(putOf('a', '1.1', 10));
  const forget = world.journal.forget('b');
  await world.settle(world.journal.close());
  await append;
  await forget;
  await expect(world.append(putOf('b', '1.2', 10))).rejects.toMatchObject({ code: 'closed' });
  await expect(world.settle(world.journal.beginBlob())).rejects.toMatchObject({ code: 'closed' });
  await expect(world.settle(world.journal.forget('a'))).rejects.toMatchObject({ code: 'closed' });
  expect(world.process.timers).toBe(0);
  expect(await told()).toEqual(['a 1.1']);
});

test('a process that was held up removes nothing that a later one may need', async () => {
  const older = world.journal;
  const stays = await world.append(putOf('a', '1.1', 1000));
  const goes = await world.append(putOfBlob('b', '1.2', await blobOf('b', '1.2', 5000)));
  for (let index = 0; index < 10; index++) older.retire(await world.append(putOf('k', `1.${index}`, 1000)));
  await world.pass(1000);
  const [later] = await world.open();
  older.retire(stays);
  older.retire(goes);
  await world.pass(5000);
  expect(later?.version).toBe('1.1');
  expect(await told()).toEqual(['a 1.1', 'b 1.2']);
  for (const record of world.records) await world.read(record);
});

test('who finds that another process has the journal open writes nothing into it', async () => {
  const older = world.journal;
  await world.append(putOf('a', '1.1', 10));
  await world.open();
  await world.append(putOf('b', '1.2', 10));
  const fill = async () => {
    for (let index = 0; index < 20; index++) await world.settle(older.append(putOf('older', `1.${index}`, 1000)));
  };
  await expect(fill()).rejects.toMatchObject({ code: 'closed', message: expect.stringContaining('Another process') });
  expect(await told()).toEqual(['a 1.1', 'b 1.2']);
});
