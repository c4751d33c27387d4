/** A writer that is paused anywhere in a write, while another claims the store, changes nothing when it wakes. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { until } from '../../../../tests/doubles/turns.ts';
import { systemRandom } from '../system/random.ts';
import { openDirectoryStore } from './directory-store.ts';
import { putAny, readAll } from './objects.test-data.ts';

const script = fileURLToPath(new URL('./paused-writer.test-data.ts', import.meta.url));
const [oldBytes, laterBytes] = [Buffer.from('old'), Buffer.from('by the later writer')];

/** The process that is paused, and what it says. */
function startWriter() {
  const child = spawn(process.execPath, [script], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    ask: (line: string) => child.stdin.write(`${line}\n`),
    said: async (): Promise<unknown> => (await lines.next()).value,
    stopped: async () => {
      await until(() => stateOf(child.pid) === 'T');
    },
    wake: () => child.kill('SIGCONT'),
    end: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** One round; false when the write had fewer steps than that. */
async function pauseAndTakeOver(writer: ReturnType<typeof startWriter>, change: string, step: number) {
  const root = await mkdtemp(join(tmpdir(), 'sion-fencing-'));
  const later = await openDirectoryStore({ root, create: true, random: systemRandom });
  try {
    await later.claim();
    await putAny(later, 'a', oldBytes, { version: '1.1' });
    writer.ask(`${root} ${change} ${step}`);
    if ((await writer.said()) !== 'pausing') return false;
    await writer.stopped();

    await later.claim();
    const atClaim = await readAll(later, 'a');
    const untouched = atClaim?.[1].version === '1.1';
    if (untouched) await putAny(later, 'a', laterBytes, { version: '2.1' });
    const before = await later.head('a');

    writer.wake();
    // It may have been past its commit point: then it says so, and the later writer had seen the change.
    expect(await writer.said()).toBe(untouched ? 'closed' : change === 'delete' ? 'deleted' : 'written');
    expect(await later.head('a')).toEqual(before);
    expect(await readAll(later, 'a')).toEqual(untouched ? [laterBytes, { version: '2.1' }] : atClaim);
    expect((await later.list('', { limit: 9 })).objects).toEqual(before === undefined ? [] : [before]);
    return true;
  } finally {
    await later.close();
    await rm(root, { recursive: true });
  }
}

function stateOf(pid: number | undefined): string | undefined {
  return readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.[0];
}

test.skipIf(!existsSync('/proc/self/stat')).each(['put', 'upload', 'metadata', 'delete'])(
  'a paused writer changes nothing after a claim: %s',
  async (change) => {
    const writer = startWriter();
    try {
      let step = 1;
      while (await pauseAndTakeOver(writer, change, step)) step += 1;
      expect(step).toBeGreaterThan(3);
    } finally {
      await writer.end();
    }
  },
);
