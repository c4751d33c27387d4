/** What the functions of a local run are: the node's bundle, one instance each, with time for a session. */
import { resolve } from 'node:path';
import { settingsEnvironment } from '@sion/components';
import type { FunctionDefinition } from '@sion/emulator';
import { type NodeBundle, nodeSettingsSchema } from '@sion/node';
import type { Environment, LocalSettings } from '../settings.ts';

/** Longer than a session may last (5 minutes), with room to end it. */
const timeoutMs = 330_000;

/** The function that is node `index`, named as the proxy names it. */
export function nodeName(settings: Pick<LocalSettings, 'functionPrefix'>, index: number): string {
  return `${settings.functionPrefix}${String(index).padStart(3, '0')}`;
}

/** What stands for the role that a function has on AWS; only S3 asks for it. */
const credentialNames = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN'];

/**
 * What every node's function is: it runs in a folder of its own, so that the data folder's path must be absolute.
 * `caller` is the environment of whoever starts it.
 */
export function nodeDefinition(
  settings: LocalSettings,
  bundle: NodeBundle,
  caller: Environment = {},
): FunctionDefinition {
  const given = settings.store === 's3' ? credentialNames.map((name) => [name, caller[name]] as const) : [];
  const environment = {
    ...settingsEnvironment(nodeSettingsSchema, { ...settings, dataDir: resolve(settings.dataDir) }),
    ...Object.fromEntries(given.flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]))),
  };
  return {
    bundleFolder: bundle.folder,
    handler: bundle.handler,
    codeVersion: bundle.codeVersion,
    memoryMb: settings.nodeMemoryMb,
    timeoutMs,
    reservedConcurrency: 1,
    environment,
  };
}
