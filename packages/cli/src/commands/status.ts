/** `sion status [key] [--json]`: what a running SION says of itself, or which functions hold an object. */
import type { EmulatorStatus, Meter } from '@sion/emulator';
import { formatStatus, formatUsd } from '@sion/proxy';
import { CliError } from '../cli-error.ts';
import { callEmulator } from '../client/emulator-call.ts';
import type { ObjectName } from '../client/object-name.ts';
import { fetchPlaces, fetchStatus } from '../client/proxy-admin.ts';
import { adminAddress, emulatorAddress, type LocalSettings } from '../settings.ts';
import { describePlaces } from './places-text.ts';

/** The text to print, without its last line feed. */
export async function describeStatus(settings: LocalSettings, json: boolean): Promise<string> {
  const status = await fetchStatus(adminAddress(settings));
  const emulator = await readEmulator(settings);
  if (json) return JSON.stringify({ ...status, emulator: emulator ?? null }, undefined, 2);
  if (!hasEmulator(settings)) return formatStatus(status);
  return `${formatStatus(status)}\n\n${emulatorLine(settings, emulator)}`;
}

/** The text to print for one object, without its last line feed; exit code 1 when no function holds it. */
export async function describeObject(settings: LocalSettings, name: ObjectName, json: boolean): Promise<string> {
  const places = await fetchPlaces(adminAddress(settings), name);
  if (places === undefined) {
    throw new CliError(1, `No function holds ${name.shown}. It may still be in the store: npx sion get ${name.shown}`);
  }
  return json ? JSON.stringify(places, undefined, 2) : describePlaces(places);
}

interface EmulatorReading {
  readonly status: EmulatorStatus;
  readonly meter: Meter;
}

/** Whether the functions are the emulator's of this machine. */
function hasEmulator({ functions, lambdaEndpoint }: LocalSettings): boolean {
  return functions === 'emulator' && lambdaEndpoint === '';
}

/** Undefined when there is none: the proxy's status stands without it. */
async function readEmulator(settings: LocalSettings): Promise<EmulatorReading | undefined> {
  if (!hasEmulator(settings)) return undefined;
  try {
    return await callEmulator(emulatorAddress(settings), async (control) => ({
      status: await control.status(),
      meter: await control.meter(),
    }));
  } catch (error) {
    if (error instanceof CliError) return undefined;
    throw error;
  }
}

function emulatorLine(settings: LocalSettings, reading: EmulatorReading | undefined): string {
  if (reading === undefined) return `  emulator    nothing answers on port ${settings.lambdaPort}`;
  const { status, meter } = reading;
  const instances = Object.entries(status.instances).map(([state, count]) => `${count} ${state}`);
  const { invocations, gbSeconds, coldStarts, usd } = meter.total;
  return [
    `  emulator    ${status.endpoint}, process ${status.pid}: ${status.functions} functions; instances: ${instances.join(', ')}`,
    `  meter       ${invocations} invocations, ${coldStarts} cold starts, ${gbSeconds.toFixed(3)} GB-s, ${formatUsd(usd)}`,
  ].join('\n');
}
