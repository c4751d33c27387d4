/**
 * `sion up`, which `npm start` runs: brings everything up step by step, says what to try, shows a live line, and stops
 * orderly on Ctrl-C (hard on the second). What it starts ends with it, however it ends.
 */
import { join } from 'node:path';
import { type Clock, openProcessIdentity } from '@sion/components';
import { buildNodeBundle } from '@sion/node';
import { formatBytes, formatLiveLine } from '@sion/proxy';
import { CliError } from '../cli-error.ts';
import { fetchStatus } from '../client/proxy-admin.ts';
import { claimDataFolder, type DataFolderClaim } from '../local/data-folder-claim.ts';
import { folderFault } from '../local/folder-fault.ts';
import { stoppedWords } from '../local/journal-news.ts';
import { LocalRun } from '../local/local-run.ts';
import { nodeDefinition } from '../local/node-functions.ts';
import { checkPorts, type WantedPort } from '../local/port-check.ts';
import type { Screen } from '../local/screen.ts';
import { adminAddress, type Environment, type LocalSettings } from '../settings.ts';
import { whatToTry } from './what-to-try.ts';

const liveEveryMs = 1_000;
const liveTimeoutMs = 2_000;

export interface UpParts {
  readonly settings: LocalSettings;
  readonly environment: Environment;
  readonly clock: Clock;
  readonly screen: Screen;
  /** Calls back for each request to stop: a signal, the terminal's end. Gives what takes the listener off. */
  readonly onStop: (listener: () => void) => () => void;
}

/** Runs until it is stopped; rejects when it cannot start or a part was given up. */
export async function runUp(parts: UpParts): Promise<void> {
  const { settings, clock, screen } = parts;
  if (settings.functions !== 'emulator') {
    throw new CliError(
      2,
      `SION_FUNCTIONS is ${settings.functions}, but "sion up" brings its own Lambda. Leave it out.`,
    );
  }
  if (settings.lambdaEndpoint !== '') {
    throw new CliError(
      2,
      `SION_LAMBDA_ENDPOINT is ${settings.lambdaEndpoint}, but "sion up" brings its own Lambda. Leave it out.`,
    );
  }
  const claim = claimFolder(settings.dataDir, clock);
  let run: LocalRun | undefined;
  let stops = 0;
  const stopped = Promise.withResolvers<void>();
  const removeListener = parts.onStop(() => {
    stops += 1;
    screen.endLive();
    if (stops === 1) {
      screen.say('Stopping: what was taken is finished first. Ctrl-C again to stop at once.');
      stopped.resolve();
    } else {
      run?.kill();
    }
  });
  try {
    await checkPorts(wantedPorts(settings));
    run = await prepare(parts);
    const failed = await Promise.race([serve(parts, run, stopped.promise), run.failed()]);
    if (failed !== undefined) throw failed;
  } catch (error) {
    throw folderFault(settings.dataDir, error);
  } finally {
    // A part that was given up ends the live line as well: its timer alone would keep this process.
    stopped.resolve();
    screen.endLive();
    await run?.stop();
    removeListener();
    claim.release();
  }
  screen.say(stoppedWords(run?.left, join(settings.dataDir, 'proxy')));
}

function claimFolder(folder: string, clock: Clock): DataFolderClaim {
  try {
    return claimDataFolder(folder, openProcessIdentity(), clock);
  } catch (error) {
    throw folderFault(folder, error);
  }
}

async function prepare(parts: UpParts): Promise<LocalRun> {
  const { settings, environment, clock, screen } = parts;
  const startedMs = clock.monotonicMs();
  const bundle = await buildNodeBundle({ outDir: join(settings.dataDir, 'build', 'node') });
  const tookMs = Math.round(clock.monotonicMs() - startedMs);
  screen.say(`  ${'node'.padEnd(10)}built in ${tookMs} ms, ${formatBytes(bundle.sizeBytes)}`);
  const definition = nodeDefinition(settings, bundle, environment);
  return new LocalRun({ settings, environment, clock, definition, say: (text) => screen.say(text) });
}

/** Starts the parts and shows the live line until a stop is asked for. */
async function serve(parts: UpParts, run: LocalRun, stopped: Promise<void>): Promise<undefined> {
  const { clock, screen } = parts;
  const started = await Promise.race([run.start().then(() => true), stopped.then(() => false)]);
  if (!started) return undefined;
  screen.say(whatToTry(run.settings, parts.environment));
  const live = keepLive(run, clock, screen);
  await stopped;
  live.end();
  return undefined;
}

function keepLive(run: LocalRun, clock: Clock, screen: Screen): { end(): void } {
  let ended = false;
  const show = async () => {
    const patience = new AbortController();
    const timer = clock.after(liveTimeoutMs, () => patience.abort());
    // A part that is down has been told of already; the line comes back with it.
    const status = await fetchStatus(adminAddress(run.settings), patience.signal).catch(() => undefined);
    timer.cancel();
    if (ended) return;
    if (status !== undefined) screen.live(formatLiveLine(status));
    next = clock.after(liveEveryMs, () => void show());
  };
  let next = clock.after(0, () => void show());
  return {
    end: () => {
      ended = true;
      next.cancel();
    },
  };
}

function wantedPorts(settings: LocalSettings): readonly WantedPort[] {
  const { host, linkHost, adminHost } = settings;
  return [
    { purpose: 'RESP', setting: 'SION_RESP_PORT', host, port: settings.respPort },
    { purpose: 'HTTP', setting: 'SION_HTTP_PORT', host, port: settings.httpPort },
    { purpose: 'links', setting: 'SION_LINK_PORT', host: linkHost, port: settings.linkPort },
    { purpose: 'emulator', setting: 'SION_LAMBDA_PORT', host: '127.0.0.1', port: settings.lambdaPort },
    { purpose: 'admin', setting: 'SION_ADMIN_PORT', host: adminHost, port: settings.adminPort },
  ];
}
