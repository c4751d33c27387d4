/** The commands of docs/http-api.md, run as they stand there, one after the other, against a front of their own. */
import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { serveHttp } from '../doubles/http-front.ts';

const page = readFileSync(new URL('../../docs/http-api.md', import.meta.url), 'utf8');
const commands = [...page.matchAll(/^```sh\n([^]*?)^```$/gm)].flatMap(([, block = '']) => block.trim().split('\n'));
const hasCurl = spawnSync('curl', ['--version']).status === 0;
const run = promisify(execFile);

describe('docs/http-api.md', () => {
  it('has commands for this server only', () => {
    expect(commands.length).toBeGreaterThan(8);
    expect(commands.filter((line) => !/^curl .*http:\/\/127\.0\.0\.1:6381\/v1\/objects/.test(line))).toEqual([]);
  });

  it.skipIf(!hasCurl)('has commands that do what they say (needs curl)', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sion-http-examples-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const photo = Buffer.alloc(1000, 'photo');
    writeFileSync(join(folder, 'photo.jpg'), photo);
    const { port, objects } = await serveHttp();
    const outputs: string[] = [];
    for (const command of commands) {
      const line = command
        .replace(/^curl /, 'curl -sS --fail-with-body ')
        .replaceAll('127.0.0.1:6381', `127.0.0.1:${port}`);
      const { stdout } = await run('sh', ['-c', line], { cwd: folder });
      outputs.push(stdout);
    }
    const read = (name: string) => readFileSync(join(folder, name));
    expect(read('photo-copy.jpg').equals(photo)).toBe(true);
    expect(read('first-100-bytes').equals(photo.subarray(0, 100))).toBe(true);
    const output = outputs.join('\n');
    expect(output).toMatch(/"key":"photos\/1".*"contentType":"image\/jpeg","metadata":\{"owner":"anna"\}/);
    expect(output).toMatch(/sion-meta-city: =\?UTF-8\?B\?WsO8cmljaA==\?=/i);
    expect(objects.keys()).toEqual(['greeting']);
  });
});
