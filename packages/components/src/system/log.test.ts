import { SionError } from '@sion/wire';
import { expect, test } from 'vitest';
import { type LogLevel, openLog } from './log.ts';

function capture(level: LogLevel) {
  const lines: unknown[] = [];
  const log = openLog({ level, service: 'proxy', write: (line) => lines.push(JSON.parse(line)) });
  return { lines, log };
}

test('a line has level, time, service, event, and the fields of the log and of the call', () => {
  const { lines, log } = capture('info');
  log.child({ node: 3 }).warn('session-lost', { lingerMs: 5 });
  expect(lines).toEqual([
    {
      level: 'warn',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      service: 'proxy',
      node: 3,
      lingerMs: 5,
      event: 'session-lost',
    },
  ]);
});

test('lines below the level are dropped', () => {
  const { lines, log } = capture('warn');
  log.debug('a');
  log.info('b');
  log.error('c');
  expect(lines).toHaveLength(1);
});

test('errors are written with code and message, under any field', () => {
  const { lines, log } = capture('debug');
  log.debug('failed', { cause: new SionError('capacity', 'full') });
  expect(lines[0]).toMatchObject({ cause: { type: 'SionError', code: 'capacity', message: 'full' } });
});
