/** The published package under the oldest Node that it promises, and others: their binaries come from npm. */
import { execFile, execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Installed, installPackage } from './built-package.test-data.ts';
import { serveClient } from './fronts.test-data.ts';

const versions = ['20.0.0', '20.20.2', '22.23.3'];

/** Written so that both kinds of module can have it; `client` is there. */
const program = `
  const large = Buffer.alloc(3_000_000, 7);
  const texts = client.withCodec(stringCodec);
  const found = [];
  found.push(await texts.set('k', 'v', { ttl: 60 }), await texts.get('k'), await texts.ttl('k'), await texts.get('no'));
  found.push(await client.set('large', large), (await client.get('large')).equals(large));
  found.push((await client.setStream('s', Readable.from([large, large]))).created);
  found.push((await (await client.getStream('s')).toArray()).reduce((sum, piece) => sum + piece.length, 0));
  found.push((await new Response(await client.getWebStream('s')).arrayBuffer()).byteLength);
  found.push(await client.incr('n'), await texts.getRange('k', 0, 0).then(String));
  for await (const { key } of client.list({ prefix: 'l' })) found.push(key);
  found.push(await client.incr('k').catch((error) => error.code));
  await client.close();
  console.log(JSON.stringify([process.version, ...found]));
`;
const results = [true, 'v', 60, null, true, true, true, 6_000_000, 6_000_000, 1, 'v', 'large', 'invalid'];

let installed: Installed;
beforeAll(async () => {
  installed = await installPackage();
});
afterAll(() => installed.remove());

/** One of this version, in a folder that goes with the test. */
function nodeOf(version: string): string {
  const home = join(installed.folder, `node-${version}`);
  const name = `node-${process.platform}-${process.arch}`;
  execFileSync('npm', ['install', '--prefix', home, '--no-save', '--ignore-scripts', `${name}@${version}`], {
    stdio: 'ignore',
  });
  return join(home, 'node_modules', name, 'bin/node');
}

describe.each(versions)('Node %s', (version) => {
  it('runs it from an ES module and from CommonJS', { timeout: 180_000 }, async () => {
    const node = nodeOf(version);
    const names = '{ createClient, stringCodec }';
    const heads = {
      'use.mjs': `import ${names} from '@sion/client'; import { Readable } from 'node:stream'; (async () => {`,
      'use.cjs': `const ${names} = require('@sion/client'); const { Readable } = require('node:stream'); (async () => {`,
    };
    for (const [file, head] of Object.entries(heads)) {
      const { respPort, httpPort } = await serveClient();
      const start = `const client = createClient({ port: ${respPort}, httpPort: ${httpPort} });`;
      await writeFile(join(installed.folder, file), `${head} ${start} ${program} })();`);
      const { stdout } = await promisify(execFile)(node, [file], { cwd: installed.folder });
      expect(JSON.parse(stdout)).toEqual([`v${version}`, ...results]);
    }
  });
});
