import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { PartLog } from './part-log.ts';

let folder: string;
let path: string;
const logs: PartLog[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sion-log-'));
  path = join(folder, 'deep', 'part.log');
});
afterEach(() => {
  for (const log of logs.splice(0)) log.close();
  rmSync(folder, { recursive: true, force: true });
});

function open(maxBytes?: number): { log: PartLog; lines: string[] } {
  const lines: string[] = [];
  const log = new PartLog(path, (line) => lines.push(line), maxBytes);
  logs.push(log);
  return { log, lines };
}

test('gives whole lines, whatever the pieces they come in', () => {
  const { log, lines } = open();
  for (const piece of ['on', 'e\ntw', 'o\n\nthr']) {
    appendFileSync(path, piece);
    log.catchUp();
  }
  expect(lines).toEqual(['one', 'two', '']);
  appendFileSync(path, 'ee\n');
  log.catchUp();
  expect(lines.at(-1)).toBe('three');
  expect(log.lastLines).toEqual(['one', 'two', '', 'three']);
});

test('goes on with an older file without giving its lines again', () => {
  const first = open();
  appendFileSync(path, 'old\n');
  first.log.catchUp();
  const second = open();
  appendFileSync(path, 'new\n');
  second.log.catchUp();
  expect(second.lines).toEqual(['new']);
  expect(readFileSync(path, 'utf8')).toBe('old\nnew\n');
});

test('is cut at its bound, keeping what was in it once', () => {
  const { log, lines } = open(100);
  appendFileSync(path, `${'a'.repeat(120)}\n`);
  log.catchUp();
  appendFileSync(path, 'after\n');
  log.catchUp();
  expect(readFileSync(path, 'utf8')).toBe('after\n');
  expect(readFileSync(`${path}.1`, 'utf8')).toHaveLength(121);
  expect(lines).toEqual(['a'.repeat(120), 'after']);
});

test('keeps the last twenty lines and cuts endless ones', () => {
  const { log, lines } = open();
  appendFileSync(path, Array.from({ length: 30 }, (_, index) => `${index}\n`).join(''));
  appendFileSync(path, `${'x'.repeat(100_000)}\n`);
  log.catchUp();
  expect(log.lastLines).toHaveLength(20);
  expect(lines.at(-1)?.length).toBeLessThanOrEqual(8192);
});

test('a new run has no last words yet', () => {
  const { log } = open();
  appendFileSync(path, 'crash\n');
  log.begin();
  expect(log.lastLines).toEqual([]);
  appendFileSync(path, 'fresh\n');
  log.catchUp();
  expect(log.lastLines).toEqual(['fresh']);
});
