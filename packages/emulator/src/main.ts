/**
 * The emulator as a process of its own: settings → parts → create → run. Prints one JSON line when it serves. It stops
 * on SIGTERM and SIGINT, and when whoever started it with an IPC channel is gone. Exit codes: 2 for wrong settings, 3
 * when it cannot serve with them.
 */
import { onParentGone, openLog, readSettings, systemClock, systemRandom } from '@sion/components';
import { asSionError } from '@sion/wire';
import { createEmulator } from './emulator.ts';
import { type EmulatorSettings, emulatorSettings } from './settings.ts';

async function run(settings: EmulatorSettings): Promise<void> {
  const log = openLog({ level: settings.emulatorLogLevel, service: 'emulator' });
  // Until there is an emulator, there is nothing to be put in order.
  let stop: (why: string) => void = () => process.exit(1);
  onParentGone(() => stop('parent gone'));
  const emulator = await createEmulator({ settings, clock: systemClock, random: systemRandom, log });
  let stopping = false;
  stop = (why) => {
    if (stopping) return;
    stopping = true;
    log.info('stopping', { why });
    emulator.close().then(
      () => process.exit(0),
      (error: unknown) => {
        log.error('stop-failed', { error });
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', () => stop('SIGTERM'));
  process.on('SIGINT', () => stop('SIGINT'));
  const { port, endpoint } = emulator;
  console.log(JSON.stringify({ event: 'ready', service: 'emulator', pid: process.pid, port, endpoint }));
}

function fail(exitCode: number): (error: unknown) => never {
  return (error) => {
    console.error(asSionError(error).message);
    process.exit(exitCode);
  };
}

function settingsOfEnvironment(): EmulatorSettings {
  try {
    return readSettings(emulatorSettings, { environment: process.env });
  } catch (error) {
    return fail(2)(error);
  }
}

run(settingsOfEnvironment()).catch(fail(3));
