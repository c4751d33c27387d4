/** The journal on this machine's own disk: written by one process, abandoned without a word, read by the next. */
import { appendFile, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openFiles, silentLog, systemClock } from '@sion/components';
import { payloadOf, SeededRandom } from '@sion/workload';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { JournalLog, JournalRecord } from './journal-log.ts';
import { bytesOf, deleteOf, putOf, smallSettings } from './journal-world.test-data.ts';
import { openJournal } from './open-journal.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'sion-journal-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const settings = {
  ...smallSettings,
  journalBytes: 4 * 1024 * 1024,
  segmentBytes: 64 * 1024,
  inlineMaxBytes: 16 * 1024,
};

async function open() {
  return await openJournal(await openFiles(root), { clock: systemClock, log: silentLog, settings });
}

test('every process tells what those before have left, with torn ends cut off', async () => {
  const random = new SeededRandom('on disk');
  const kept = new Map<string, JournalRecord>();
  const sizes = new Map<string, number>();
  const abandoned: JournalLog[] = [];
  for (let life = 0; life < 6; life++) {
    const { journal, records } = await open();
    const versions = new Map(records.map(({ name, version }) => [name, version]));
    expect(versions).toEqual(new Map([...kept.values()].map(({ name, version }) => [name, version])));
    for (const record of records) {
      if (record.change.kind !== 'put') continue;
      const bytes = Buffer.from(await bytesOf(journal.read(record)));
      expect(bytes.equals(payloadOf(record.name, record.version, sizes.get(record.version)!))).toBe(true);
    }
    const calls = Array.from({ length: 60 }, async (_, index) => {
      const [name, version] = [`k${index}`, `${life}.${index}`];
      if (random.integer(4) === 0) {
        await journal.forget(name);
        return void kept.delete(name);
      }
      const sizeBytes = random.integer(settings.inlineMaxBytes * 3);
      sizes.set(version, sizeBytes);
      let record = random.integer(5) === 0 ? deleteOf(name, version) : putOf(name, version, sizeBytes);
      if (record.change.kind === 'put' && sizeBytes > settings.inlineMaxBytes) {
        const writer = await journal.beginBlob(sizeBytes);
        await writer.write(payloadOf(name, version, sizeBytes));
        record = { ...record, change: { ...record.change, body: { kind: 'blob', blob: await writer.finish() } } };
      }
      kept.set(name, await journal.append(record));
    });
    await Promise.all(calls);
    if (life % 2 === 0) await journal.close();
    else abandoned.push(journal);
    const last = (await readdir(root))
      .filter((name) => name.endsWith('.log'))
      .sort()
      .at(-1)!;
    await appendFile(join(root, last), random.bytes(random.integer(100)));
  }
  for (const journal of abandoned) await journal.close();
});

test('a folder with the name of the next segment is called that, and not another process', async () => {
  await mkdir(join(root, 'journal-00000001.log'));
  const message = expect.stringContaining('no file, a folder perhaps');
  await expect(open()).rejects.toMatchObject({ code: 'unavailable', message });
});
