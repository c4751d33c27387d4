#!/usr/bin/env node
/**
 * The `sion` command's launcher: plain JavaScript for any Node from 20 on. It installs what is missing, then runs
 * src/main.ts under the Node that the lock file pins: in this process when it already is that one, else in a child whose
 * end it mirrors. It must never do anything else.
 */
import { spawn } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ensureInstalled, nodeBinary, rootFolder } from './install.js';

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));

async function launch() {
  await ensureInstalled(rootFolder);
  const node = nodeBinary(rootFolder);
  if (realpathSync(node) === realpathSync(process.execPath)) {
    process.argv[1] = main;
    await import('../src/main.ts');
    return;
  }
  const child = spawn(node, [main, ...process.argv.slice(2)], { stdio: 'inherit' });
  // A terminal's Ctrl-C reaches the child by itself; other signals are handed on.
  process.on('SIGINT', () => {});
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  const [code, signal] = await new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (...ended) => resolve(ended));
  });
  if (signal === null) {
    process.exitCode = code;
  } else {
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  }
}

try {
  await launch();
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
