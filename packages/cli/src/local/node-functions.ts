/** What the functions of a local run are: the node's bundle, one instance each, with time for a session. */
import { resolve } from 'node:path';
import type { FunctionDefinition } from '@sion/emulator';
import type { LocalSettings } from '../settings.ts';

/** Longer than a session may last (5 minutes), with room to end it. */
const timeoutMs = 330_000;

/** The function that is node `index`, named as the proxy names it. */
export function nodeName(settings: Pick<LocalSettings, 'functionPrefix'>, index: number): string {
  return `${settings.functionPrefix}${String(index).padStart(3, '0')}`;
}

/** What every node's function is. `bundleFolder` holds the built bundle. */
export function nodeDefinition(settings: LocalSettings, bundleFolder: string, handler: string): FunctionDefinition {
  return {
    bundleFolder: resolve(bundleFolder),
    handler,
    memoryMb: settings.nodeMemoryMb,
    timeoutMs,
    reservedConcurrency: 1,
  };
}
