/**
 * What `sion up` says once everything runs: commands that can be pasted into another terminal. They have to find this very
 * SION, so that `reclaim` never takes the memory of another one.
 */
import { join } from 'node:path';
import type { Environment, LocalSettings } from '../settings.ts';

/** The text; the ports of `settings` are those that were taken. */
export function whatToTry(settings: LocalSettings, environment: Environment): string {
  const { respPort, httpPort, dataDir, store, s3Bucket } = settings;
  const plainBytes = store === 's3' ? `the bucket ${s3Bucket}` : join(dataDir, 'store');
  return `
Try, in another terminal:
${exportsFor(settings, environment)}  redis-cli -p ${respPort} SET greeting hello
  redis-cli -p ${respPort} GET greeting
  curl -T README.md http://127.0.0.1:${httpPort}/v1/objects/readme
  npx sion status greeting       which functions hold it
  npx sion reclaim --all         take all their memory away, then GET again
  npx sion status                everything at a glance
The plain bytes lie in ${plainBytes}, the logs in ${join(dataDir, 'log')}. Ctrl-C stops.
`;
}

/** The settings without which `npx sion` would ask a SION with the default ports. */
function exportsFor({ httpPort, lambdaPort, adminPort }: LocalSettings, environment: Environment): string {
  const ports = { SION_HTTP_PORT: httpPort, SION_LAMBDA_PORT: lambdaPort, SION_ADMIN_PORT: adminPort };
  const file = environment['SION_CONFIG'];
  const words = file === undefined ? [] : [`SION_CONFIG=${quoted(file)}`];
  for (const [name, port] of Object.entries(ports)) {
    if (environment[name] !== undefined) words.push(`${name}=${port}`);
  }
  return words.length === 0 ? '' : `  export ${words.join(' ')}\n`;
}

function quoted(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
