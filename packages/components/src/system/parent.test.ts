import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, expect, test } from 'vitest';

const module = JSON.stringify(new URL('./parent.ts', import.meta.url).href);
const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

/** A process that runs `script` in the knowledge of `onParentGone`, and lives for ever unless that ends it. */
function start(script: string, ipc: boolean): ChildProcess {
  const text = `import { onParentGone } from ${module}; setInterval(() => {}, 1e6); ${script}`;
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', text], {
    stdio: ['ignore', 'pipe', 'inherit', ...(ipc ? (['ipc'] as const) : [])],
  });
  children.push(child);
  return child;
}

test('a parent that goes is told of', async () => {
  const child = start('onParentGone(() => process.exit(7)); process.send("ready");', true);
  await once(child, 'message');
  child.disconnect();
  expect(await once(child, 'exit')).toEqual([7, null]);
});

test('a parent that went before anybody asked is told of at once', async () => {
  const child = start('process.once("disconnect", () => onParentGone(() => process.exit(7)));', true);
  child.disconnect();
  expect(await once(child, 'exit')).toEqual([7, null]);
});

test('without a channel nothing is told', async () => {
  const child = start(
    'onParentGone(() => process.exit(7)); process.exit(process.connected === undefined ? 3 : 4);',
    false,
  );
  expect(await once(child, 'exit')).toEqual([3, null]);
});
