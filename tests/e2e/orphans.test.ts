/** Whoever starts the emulator or the proxy may be gone before they serve: they must not stay behind. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const ports = ['SION_RESP_PORT', 'SION_HTTP_PORT', 'SION_LINK_PORT', 'SION_ADMIN_PORT', 'SION_LAMBDA_PORT'];

describe('started by a process that is gone at once', { timeout: 60_000 }, () => {
  let dataDir: string;
  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'sion-orphans-'));
  });
  afterEach(() => rm(dataDir, { recursive: true, force: true }));

  it.each(['packages/emulator/src/main.ts', 'services/proxy/src/main.ts'])('%s ends by itself', async (main) => {
    const child = spawn(process.execPath, [join(root, main)], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      env: {
        PATH: process.env['PATH'],
        SION_DATA_DIR: dataDir,
        ...Object.fromEntries(ports.map((name) => [name, '0'])),
      },
    });
    try {
      const ended = once(child, 'exit');
      child.disconnect();
      expect((await ended)[1]).toBeNull();
    } finally {
      child.kill('SIGKILL');
    }
  });
});
