import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openProcessIdentity } from './process-identity.ts';

const linux = existsSync('/proc/self/stat');
const module = new URL('./process-identity.ts', import.meta.url).href;
const script = `import { openProcessIdentity } from ${JSON.stringify(module)};
console.log(openProcessIdentity().self);
process.stdin.resume();`;

async function startChild(): Promise<{ child: ChildProcess; identity: string }> {
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', script], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  if (child.stdout === null) throw new Error('no output');
  const [chunk] = await once(child.stdout, 'data');
  return { child, identity: String(chunk).trim() };
}

test('this process is alive, and other texts are unknown', () => {
  const { self, liveness } = openProcessIdentity();
  expect(liveness(self)).toBe('alive');
  for (const text of ['', 'x', 'host/-/-/1/2', `${self}/1`, `other-${self}`]) expect(liveness(text)).toBe('unknown');
});

test.skipIf(!linux)('a pid that was given to a later process counts as dead', () => {
  const { self, liveness } = openProcessIdentity();
  expect(liveness(self.replace(/\d+$/, (ticks) => String(Number(ticks) - 1)))).toBe('dead');
});

test.skipIf(!linux)('another boot or pid namespace is unknown', () => {
  const { self, liveness } = openProcessIdentity();
  const [host, boot, namespace, pid, ticks] = self.split('/');
  expect(liveness([host, 'another-boot', namespace, pid, ticks].join('/'))).toBe('unknown');
  expect(liveness([host, boot, '1', pid, ticks].join('/'))).toBe('unknown');
});

test.skipIf(!linux)('a child is alive while it runs, stopped or not, and dead once it was killed', async () => {
  const { liveness } = openProcessIdentity();
  const { child, identity } = await startChild();
  try {
    expect(liveness(identity)).toBe('alive');
    child.kill('SIGSTOP');
    expect(liveness(identity)).toBe('alive');
  } finally {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  expect(liveness(identity)).toBe('dead');
});

test.skipIf(!linux)('a zombie is dead', async () => {
  // The shell becomes `sleep`, which never waits for the child that it inherits.
  const parent = spawn('sh', ['-c', 'sleep 0 & echo $!; exec sleep 600'], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const [chunk] = await once(parent.stdout, 'data');
    const pid = Number(String(chunk).trim());
    const stat = () => readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? [];
    while (stat()[0] !== 'Z') await new Promise((resolve) => setImmediate(resolve));
    const { self, liveness } = openProcessIdentity();
    expect(liveness(self.replace(/\d+\/\d+$/, `${pid}/${stat()[19]}`))).toBe('dead');
  } finally {
    parent.kill('SIGKILL');
    await once(parent, 'exit');
  }
});

test('without /proc everything but this process is unknown', () => {
  const { self, liveness } = openProcessIdentity(join(tmpdir(), 'no-such-proc'));
  expect(self).toContain('/-/-/');
  expect(liveness(self)).toBe('alive');
  expect(liveness(openProcessIdentity().self)).toBe('unknown');
});
