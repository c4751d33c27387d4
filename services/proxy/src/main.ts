/**
 * The proxy as a process of its own: settings → parts → start → run. Prints one JSON line when it serves. Stops in order on
 * SIGTERM, SIGINT, and when its parent (by IPC) is gone. Exit codes: 2 wrong settings, 3 refused or fenced, 1 all else.
 */
import { createLambdaFunctions } from '@sion/aws';
import type { S3StoreOptions } from '@sion/aws/s3-store';
import {
  onParentGone,
  openFiles,
  openLog,
  openNetwork,
  openProcessIdentity,
  readProcessUsage,
  systemClock,
  systemRandom,
} from '@sion/components';
import { asSionError, SionError } from '@sion/wire';
import { type ProxyParts, startProxy } from './proxy.ts';
import type { ProxySettings } from './settings.ts';
import { functionsOptions, ownFolder, storePrices } from './settings-of-parts.ts';
import { readProxySettings } from './settings-relations.ts';
import { openStore } from './store/open-store.ts';
import { readVersion } from './version.ts';

function end(thrown: unknown): never {
  const error = asSionError(thrown);
  console.error(error.message);
  process.exit(error.code === 'invalid' ? 2 : error.code === 'closed' ? 3 : 1);
}

const openS3 = async (options: S3StoreOptions) => (await import('@sion/aws/s3-store')).openS3Store(options);

async function openParts(settings: ProxySettings): Promise<ProxyParts> {
  const [clock, random] = [systemClock, systemRandom];
  const log = openLog({ level: settings.logLevel, service: 'proxy' });
  const files = await openFiles(ownFolder(settings));
  return {
    version: readVersion(),
    ...{ clock, random, log, files, processUsage: readProcessUsage },
    network: openNetwork(),
    identity: openProcessIdentity(),
    functions: createLambdaFunctions(functionsOptions(settings, process.env)),
    store: await openStore(settings, { files, clock, random, log, environment: process.env, openS3 }),
    storePrices: storePrices(settings),
    onFenced: (reason) => end(new SionError('closed', reason.message)),
  };
}

try {
  const settings = readProxySettings(process.env);
  let leave: () => void = () => process.exit(1);
  onParentGone(() => leave());
  const proxy = await startProxy(await openParts(settings), settings);
  leave = () => void proxy.stop().then(() => process.exit(0), end);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, leave);
  console.log(JSON.stringify({ event: 'ready', service: 'proxy', pid: process.pid, ...proxy.ports }));
} catch (thrown) {
  end(thrown);
}
