/** With real, tiny child processes; what they do is told by files and sockets, never by the passing of time. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@sion/components';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { PartLog } from './part-log.ts';
import { describeEnd, type PartEnd, type PartProcess, type ReadyFields, startPart } from './part-process.ts';
import { type RestartDecision, type RestartSettings, restartDefaults } from './restart-policy.ts';
import { SupervisedPart } from './supervised-part.ts';

const ready = 'console.log(JSON.stringify({ event: "ready", port: 7 }));';
const untilTold = `setInterval(() => {}, 1000);
  process.on('disconnect', () => process.exit(0));
  process.on('SIGTERM', () => { console.error('bye'); process.exit(0); });`;
const quickly: RestartSettings = { ...restartDefaults, firstDelayMs: 1, maxDelayMs: 1 };

let folder: string;
let log: PartLog;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sion-part-'));
  log = new PartLog(join(folder, 'part.log'), () => {});
});
afterEach(() => {
  log.close();
  rmSync(folder, { recursive: true, force: true });
});

function startScript(code: string): PartProcess {
  const path = join(folder, 'part.mjs');
  writeFileSync(path, code);
  return startPart({ command: process.execPath, args: [path], environment: { PATH: process.env['PATH'] }, log });
}

interface Watched {
  readonly part: SupervisedPart;
  /** Every start and every death, in order. */
  readonly seen: {
    readonly kind: 'ready' | 'died';
    readonly restarted?: boolean;
    readonly decision?: RestartDecision;
  }[];
  readonly starts: PartProcess[];
  /** Resolves when it has been ready for the n-th time. */
  untilReady(times: number): Promise<void>;
}

function watchPart(
  code: string | ((start: number) => string),
  options: { startTimeoutMs?: number; stopTimeoutMs?: number } = {},
): Watched {
  const seen: Watched['seen'] = [];
  const starts: PartProcess[] = [];
  const waiting: { readonly times: number; readonly resolve: () => void }[] = [];
  const readyCount = () => seen.filter(({ kind }) => kind === 'ready').length;
  const part = new SupervisedPart({
    clock: systemClock,
    startTimeoutMs: options.startTimeoutMs ?? 30_000,
    stopTimeoutMs: options.stopTimeoutMs ?? 30_000,
    restart: quickly,
    start: () => {
      const process = startScript(typeof code === 'string' ? code : code(starts.length));
      starts.push(process);
      return process;
    },
    hooks: {
      onReady: async (_fields: ReadyFields, restarted: boolean) => {
        seen.push({ kind: 'ready', restarted });
        for (const { times, resolve } of waiting) if (readyCount() >= times) resolve();
      },
      onDied: (_end: PartEnd, decision: RestartDecision) => {
        seen.push({ kind: 'died', decision });
      },
    },
  });
  return {
    part,
    seen,
    starts,
    untilReady: (times) =>
      new Promise((resolve) => {
        if (readyCount() >= times) resolve();
        else waiting.push({ times, resolve });
      }),
  };
}

function kill(process_: PartProcess | undefined, signal: NodeJS.Signals): void {
  if (process_?.pid === undefined) throw new Error('there is no such process');
  process.kill(process_.pid, signal);
}

describe('one run of a part', () => {
  test('is ready with what its ready line says, and stops when asked', async () => {
    const part = startScript(`console.log('noise'); console.error('words'); ${untilTold} ${ready}`);
    expect(await part.started).toEqual({ kind: 'ready', fields: { event: 'ready', port: 7 } });
    part.stop();
    expect(await part.ended).toEqual({ code: 0, signal: null });
    expect(log.lastLines).toEqual(['words', 'bye']);
  });

  test('that ends before it is ready says how', async () => {
    const part = startScript('console.error("no such luck"); process.exit(2);');
    expect(await part.started).toEqual({ kind: 'ended', end: { code: 2, signal: null } });
    expect(log.lastLines).toEqual(['no such luck']);
  });

  test('that cannot be started says why', async () => {
    const part = startPart({ command: join(folder, 'nothing'), args: [], environment: {}, log });
    const { error } = await part.ended;
    expect(error?.message).toContain('ENOENT');
    expect(await part.started).toMatchObject({ kind: 'ended' });
    part.stop();
    part.kill();
  });

  test('takes its whole group along when it is killed', async () => {
    const server = createServer();
    const child = await startWithChild(server);
    const closed = once(child.socket, 'close');
    child.part.kill();
    await Promise.all([child.part.ended, closed]);
    server.close();
  });

  test('ends are told in words', () => {
    expect(describeEnd({ code: 1, signal: null })).toBe('exited with code 1');
    expect(describeEnd({ code: null, signal: 'SIGKILL' })).toBe('was killed by SIGKILL');
    expect(describeEnd({ code: null, signal: null, error: new Error('no') })).toBe('could not be started: no');
  });

  /** A part that itself starts a process which holds a connection to `server`. */
  async function startWithChild(server: Server): Promise<{ part: PartProcess; socket: Socket }> {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const dial = `require('node:net').connect(${port}, '127.0.0.1').on('error', () => {})`;
    const part = startScript(
      `import { spawn } from 'node:child_process'; spawn(process.execPath, ['-e', ${JSON.stringify(dial)}]); ${untilTold} ${ready}`,
    );
    const [socket] = (await once(server, 'connection')) as [Socket];
    socket.on('error', () => {});
    return { part, socket };
  }
});

describe('a supervised part', () => {
  test('that is killed is started again', async () => {
    const { part, seen, starts, untilReady } = watchPart(`${untilTold} ${ready}`);
    expect(await part.start()).toEqual({ kind: 'serving' });
    kill(starts[0], 'SIGKILL');
    await untilReady(2);
    expect(seen.map(({ kind, restarted }) => [kind, restarted])).toEqual([
      ['ready', false],
      ['died', undefined],
      ['ready', true],
    ]);
    expect(part.pid).toBe(starts[1]?.pid);
    await part.stop();
    expect(await starts[1]?.ended).toEqual({ code: 0, signal: null });
  });

  test('that keeps dying is given up, with the reason', async () => {
    const { part, seen, starts } = watchPart(`${ready} console.error('my last words'); process.exitCode = 9;`);
    await part.start();
    expect(await part.givenUp).toEqual({ code: 9, signal: null });
    expect(starts).toHaveLength(restartDefaults.maxQuickFailures);
    expect(seen.at(-1)?.decision).toMatchObject({ kind: 'give-up', because: 'repeated' });
    expect(log.lastLines.at(-1)).toBe('my last words');
    await part.stop();
  });

  test('whose settings are refused later is given up at once', async () => {
    const { part, starts, untilReady } = watchPart((start) =>
      start === 0 ? `${untilTold} ${ready}` : 'process.exit(3)',
    );
    await part.start();
    await untilReady(1);
    kill(starts[0], 'SIGKILL');
    expect(await part.givenUp).toEqual({ code: 3, signal: null });
    expect(starts).toHaveLength(2);
    await part.stop();
  });

  test('whose first start fails is not tried twice', async () => {
    const { part, seen, starts } = watchPart('process.exit(1)');
    expect(await part.start()).toEqual({ kind: 'failed', end: { code: 1, signal: null } });
    await part.stop();
    expect([starts.length, seen]).toEqual([1, []]);
  });

  test('that never gets ready is ended', async () => {
    const { part } = watchPart('setInterval(() => {}, 1000);', { startTimeoutMs: 1 });
    expect(await part.start()).toEqual({ kind: 'failed', end: { code: null, signal: 'SIGKILL' } });
  });

  test('that does not stop when asked is ended hard', async () => {
    const deaf = `process.on('SIGTERM', () => {}); ${ready} setInterval(() => {}, 1000);`;
    const { part, starts } = watchPart(deaf, { stopTimeoutMs: 1 });
    await part.start();
    await part.stop();
    expect(await starts[0]?.ended).toEqual({ code: null, signal: 'SIGKILL' });
  });

  test('that was stopped is not started any more', async () => {
    const { part, starts } = watchPart(`${untilTold} ${ready}`);
    await part.stop();
    expect(await part.start()).toMatchObject({ kind: 'failed' });
    expect(starts).toHaveLength(0);
  });
});

test('when the supervising process is killed, its parts end by themselves', async () => {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const partPath = join(folder, 'part.mjs');
  writeFileSync(partPath, `import { connect } from 'node:net'; connect(${port}, '127.0.0.1'); ${untilTold} ${ready}`);
  const supervisor = startSupervisor(partPath);
  const [socket] = (await once(server, 'connection')) as [Socket];
  socket.on('error', () => {});
  const closed = once(socket, 'close');
  supervisor.kill('SIGKILL');
  await closed;
  server.close();
});

function startSupervisor(partPath: string): ChildProcess {
  const here = (name: string) => JSON.stringify(new URL(name, import.meta.url).href);
  const path = join(folder, 'supervisor.mjs');
  writeFileSync(
    path,
    `import { PartLog } from ${here('part-log.ts')};
     import { startPart } from ${here('part-process.ts')};
     const log = new PartLog(${JSON.stringify(join(folder, 'child.log'))}, () => {});
     startPart({ command: process.execPath, args: [${JSON.stringify(partPath)}], environment: {}, log });`,
  );
  return spawn(process.execPath, [path], { stdio: 'ignore' });
}

test('what a part says goes to its log file even when nobody is left to read it', async () => {
  const part = startScript(`${untilTold} ${ready}`);
  await part.started;
  part.stop();
  await part.ended;
  expect(readFileSync(log.path, 'utf8')).toBe('bye\n');
});
