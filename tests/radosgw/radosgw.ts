/**
 * Debian's radosgw for tests: started in a folder of its own, on free ports of this machine, and ended with all that
 * belongs to it. `start.sh` has what it takes; this gives it ports and a folder.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const here = fileURLToPath(new URL('.', import.meta.url));
const run = promisify(execFile);

/** The keys and the bucket that `start.sh` makes. */
export const radosgwBucket = 'sion-test';
export const radosgwCredentials = { accessKeyId: 'key', secretAccessKey: 'secret' };

export interface Radosgw {
  readonly endpoint: string;
  /** Ends every process and removes the folder. */
  close(): Promise<void>;
}

/** Needs Debian's radosgw, ceph-mon, ceph-mgr and ceph-osd; rejects with what they said when one does not start. */
export async function startRadosgw(): Promise<Radosgw> {
  const folder = await mkdtemp(join(tmpdir(), 'sion-radosgw-'));
  const [port, monitorPort] = await freePorts(2);
  try {
    // Its own Node runs the script that makes the bucket.
    const PATH = `${dirname(process.execPath)}:${process.env['PATH']}`;
    const started = await run(join(here, 'start.sh'), [folder, `${port}`, `${monitorPort}`], {
      env: { ...process.env, PATH },
    });
    return {
      endpoint: started.stdout.trim(),
      close: async () => {
        await run(join(here, 'stop.sh'), [folder]);
        await rm(folder, { recursive: true });
      },
    };
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

/** Free a moment ago: Ceph cannot be told to choose by itself. */
async function freePorts(count: number): Promise<readonly number[]> {
  const servers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<ReturnType<typeof createServer>>((resolve) => {
          const server = createServer();
          server.listen(0, '127.0.0.1', () => resolve(server));
        }),
    ),
  );
  return await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve) => {
          const address = server.address();
          server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
        }),
    ),
  );
}
