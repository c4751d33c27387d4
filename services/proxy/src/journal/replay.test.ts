/** What an opening makes of files that were cut, damaged or taken away. */
import { payloadOf } from '@sion/workload';
import { expect, test } from 'vitest';
import { deleteOf, JournalWorld, putOf } from './journal-world.test-data.ts';
import { journalFileName, segmentHeadBytes } from './segment-head.ts';

const first = journalFileName('segment', 1);

/** A journal of records, each in a batch of its own, and where in the first segment each ends. */
async function recorded(count: number, sizeBytes = 40) {
  const world = new JournalWorld('replay');
  await world.open();
  const ends: number[] = [];
  for (let index = 0; index < count; index++) {
    await world.append(
      index % 4 === 3 ? deleteOf(`k${index}`, `1.${index}`) : putOf(`k${index}`, `1.${index}`, sizeBytes),
    );
    ends.push((await world.sizes()).get(first) ?? 0);
  }
  world.die('process');
  return { world, ends };
}

async function opened(world: JournalWorld): Promise<readonly string[]> {
  const records = await world.open();
  for (const record of records) {
    if (record.change.kind !== 'put') continue;
    const expected = payloadOf(record.name, record.version, record.change.sizeBytes);
    expect(Buffer.from(await world.read(record)).equals(expected)).toBe(true);
  }
  return records.map(({ name }) => name);
}

const names = (count: number) => Array.from({ length: count }, (_, index) => `k${index}`);

test('a segment that is cut anywhere tells the records before, and so do all later openings', async () => {
  const { ends } = await recorded(4);
  for (let length = 0; length <= ends[3]!; length++) {
    const { world } = await recorded(4);
    await world.change(first, (bytes) => bytes.subarray(0, length));
    const whole = ends.filter((end) => end <= length).length;
    expect(await opened(world)).toEqual(names(whole));
    await world.append(putOf('later', '1.9', 10));
    world.die('machine');
    expect(await opened(world)).toEqual([...names(whole), 'later']);
  }
});

test('a byte that is another in the last batch cuts it off; in one before, the journal is corrupt', async () => {
  const { ends } = await recorded(4);
  for (let at = 0; at < ends[3]!; at++) {
    const { world } = await recorded(4);
    await world.change(first, (bytes) => {
      bytes[at] = bytes[at]! ^ 0x20;
      return bytes;
    });
    if (at >= ends[2]!) {
      expect(await opened(world)).toEqual(names(3));
      continue;
    }
    const begin = at < segmentHeadBytes ? 0 : Math.max(segmentHeadBytes, ...ends.filter((end) => end <= at));
    await expect(opened(world)).rejects.toMatchObject({
      code: 'corrupt',
      message: expect.stringContaining(`${first} is damaged at byte ${begin}. Restore`),
    });
  }
});

test('a batch of which the middle is torn is cut there, for nobody was told of it', async () => {
  const world = new JournalWorld('batch');
  await world.open();
  await world.append(putOf('k0', '1.0', 40));
  const before = (await world.sizes()).get(first)!;
  world.failing = (request) => request === 'sync' || request === 'create';
  const batch = [1, 2, 3].map((index) => world.journal.append(putOf(`k${index}`, `1.${index}`, 40)));
  await world.settle(Promise.allSettled(batch));
  world.failing = () => false;
  const outcomes = await Promise.allSettled(batch);
  world.die('process');
  const sizes = await world.sizes();
  await world.change(first, (bytes) => {
    const middle = Math.floor((before + bytes.length) / 2);
    bytes.fill(0, middle, middle + 10);
    return bytes;
  });
  expect(outcomes.every(({ status }) => status === 'rejected')).toBe(true);
  expect(sizes.get(first)).toBeGreaterThan(before);
  expect(await opened(world)).toEqual(['k0', 'k1']);
});

test('a segment that is not the last is believed as a whole or not at all', async () => {
  const several = async () => {
    const { world } = await recorded(40, 1000);
    return { world, sizes: await world.sizes() };
  };
  const { sizes } = await several();
  expect(sizes.size).toBeGreaterThan(3);
  for (const damage of ['cut', 'flip', 'remove'] as const) {
    for (const name of [...sizes.keys()].slice(0, -1)) {
      const { world } = await several();
      if (damage === 'remove') await world.settle(world.files.remove(name));
      else if (damage === 'cut') await world.change(name, (bytes) => bytes.subarray(0, -1));
      else await world.change(name, (bytes) => bytes.fill(1, bytes.length - 5));
      await expect(opened(world)).rejects.toMatchObject({ code: 'corrupt', message: expect.stringContaining(name) });
    }
  }
});

test('a blob that a record names must be there in its size; one that no record names goes', async () => {
  const withBlobs = async () => {
    const world = new JournalWorld('blobs');
    await world.open();
    for (const name of ['named', 'orphan']) {
      const writer = await world.settle(world.journal.beginBlob());
      await world.settle(writer.write(payloadOf(name, '1.1', 3000)));
      const blob = await world.settle(writer.finish());
      const change = { kind: 'put', metadata: {}, body: { kind: 'blob', blob } } as const;
      if (name === 'named') await world.append({ ...putOf(name, '1.1', 0), change });
    }
    world.die('machine');
    return world;
  };
  const blob = journalFileName('blob', 1);
  const world = await withBlobs();
  expect(await opened(world)).toEqual(['named']);
  expect([...(await world.sizes()).keys()].filter((name) => name.endsWith('blob'))).toEqual([blob]);

  const cut = await withBlobs();
  await cut.change(blob, (bytes) => bytes.subarray(1));
  await expect(opened(cut)).rejects.toMatchObject({ code: 'corrupt', message: expect.stringContaining(blob) });
  const gone = await withBlobs();
  await gone.settle(gone.files.remove(blob));
  await expect(opened(gone)).rejects.toMatchObject({ code: 'corrupt', message: expect.stringContaining(blob) });
  const flipped = await withBlobs();
  await flipped.change(blob, (bytes) => bytes.fill(1, 0, 1));
  await expect(opened(flipped)).rejects.toMatchObject({
    code: 'corrupt',
    message: expect.stringContaining('checksum'),
  });
});

test('what was read is durable: a machine that dies after the opening takes nothing back', async () => {
  for (let seed = 0; seed < 20; seed++) {
    const world = new JournalWorld(seed);
    await world.open();
    world.failing = (request) => request === 'sync' || request === 'create';
    await world.settle(world.journal.append(putOf('a', '1.1', 500)).catch(() => {}));
    world.failing = () => false;
    world.die('process');
    const told = await opened(world);
    world.die('machine');
    expect(await opened(world)).toEqual(told);
  }
});

test('files of others are left alone, and settings that do not fit together are refused', async () => {
  const world = new JournalWorld('others');
  await world.settle(world.files.replace('snapshot.json', Buffer.from('x')));
  await world.open();
  await world.reopen();
  expect((await world.sizes()).has('snapshot.json')).toBe(true);
  const wrong = new JournalWorld('wrong', { ...world.settings, inlineMaxBytes: world.settings.segmentBytes });
  await expect(wrong.open()).rejects.toMatchObject({ code: 'invalid', message: expect.stringContaining('quarter') });
});
