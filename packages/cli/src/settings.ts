/**
 * The settings of a local run: those of emulator, node and proxy as one, read once. A name that none of them knows is
 * refused; each process gets only what is its own. The commands that call a running SION read the same settings, so
 * that one environment or file serves both.
 */
import { readSettings, settingsEnvironment, withoutSettings } from '@sion/components';
import { localEmulatorSettings } from '@sion/emulator';
import { nodeSettingsSchema } from '@sion/node';
import { assertSettings, proxySettingsSchema } from '@sion/proxy';
import { SionError } from '@sion/wire';
import { type Static, Type } from 'typebox';
import { CliError } from './cli-error.ts';
import type { Address } from './client/http-call.ts';

/** All schemas in one; what several have (the data folder, the store) is described by the proxy's. */
export const localSettingsSchema = Type.Object(
  { ...localEmulatorSettings.properties, ...nodeSettingsSchema.properties, ...proxySettingsSchema.properties },
  { additionalProperties: false },
);

export type LocalSettings = Static<typeof localSettingsSchema>;

export type Environment = Readonly<Record<string, string | undefined>>;

/** Reads and checks all of it; what is wrong ends the command with exit code 2. */
export function readLocalSettings(environment: Environment): LocalSettings {
  try {
    const settings = readSettings(localSettingsSchema, { environment });
    assertSettings(settings);
    return settings;
  } catch (error) {
    if (error instanceof SionError && error.code === 'invalid') throw new CliError(2, error.message, { cause: error });
    throw error;
  }
}

/** The environment of the emulator's process. */
export function emulatorEnvironment(environment: Environment, settings: LocalSettings): Environment {
  return { ...withoutSettings(environment), ...settingsEnvironment(localEmulatorSettings, settings) };
}

/** The environment of the proxy's process. */
export function proxyEnvironment(environment: Environment, settings: LocalSettings): Environment {
  return { ...withoutSettings(environment), ...settingsEnvironment(proxySettingsSchema, settings) };
}

/** Where objects are served over HTTP. */
export function httpAddress(settings: LocalSettings): Address {
  return {
    purpose: 'the proxy’s HTTP port',
    host: dialled(settings.host),
    port: settings.httpPort,
    setting: 'SION_HTTP_PORT',
  };
}

/** Where the proxy tells its status. */
export function adminAddress(settings: LocalSettings): Address {
  return {
    purpose: 'the proxy’s admin port',
    host: dialled(settings.adminHost),
    port: settings.adminPort,
    setting: 'SION_ADMIN_PORT',
  };
}

/** Where the emulator is controlled. */
export function emulatorAddress(settings: LocalSettings): Address {
  return { purpose: 'the emulator', host: '127.0.0.1', port: settings.lambdaPort, setting: 'SION_LAMBDA_PORT' };
}

/** An address to listen on may be "everywhere"; nobody can dial that. */
function dialled(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  return host === '::' ? '::1' : host;
}
