import { documentSettings, settingName } from '@sion/components';
import { emulatorSettings, localEmulatorSettings } from '@sion/emulator';
import { nodeSettingsSchema } from '@sion/node';
import { proxySettingsSchema } from '@sion/proxy';
import { describe, expect, test } from 'vitest';
import { CliError } from './cli-error.ts';
import {
  emulatorEnvironment,
  httpAddress,
  localSettingsSchema,
  proxyEnvironment,
  readLocalSettings,
} from './settings.ts';

const schemas = { emulatorSettings, localEmulatorSettings, nodeSettingsSchema, proxySettingsSchema };

test.each(Object.entries(schemas))('a setting of %s has one default and one kind everywhere', (_name, schema) => {
  const all = new Map(documentSettings(localSettingsSchema).map((row) => [row.name, row]));
  const shared = documentSettings(schema).filter(({ name }) => !name.startsWith('SION_EMULATOR_'));
  expect(shared.length).toBeGreaterThan(0);
  for (const row of shared) expect([row.name, row.default]).toEqual([row.name, all.get(row.name)?.default]);
});

describe('what is refused, with exit code 2', () => {
  test.each([
    [{ SION_RESP_PROT: '1' }, 'Did you mean SION_RESP_PORT?'],
    [{ SION_RESP_PORT: '70000' }, 'SION_RESP_PORT is "70000"'],
    [{ SION_RESP_PORT: '6381' }, 'SION_RESP_PORT and SION_HTTP_PORT are both 6381'],
    [{ SION_EMULATOR_REGIOM: 'x' }, 'Did you mean SION_EMULATOR_REGION?'],
    [{ SION_CONFIG: '/nowhere/sion.json' }, '/nowhere/sion.json'],
  ])('%o', (environment, words) => {
    const refused = () => readLocalSettings(environment);
    expect(refused).toThrow(words);
    expect(refused).toThrow(CliError);
    expect(refused).toThrow(expect.objectContaining({ exitCode: 2 }));
  });
});

test('each process gets its own settings and nobody else’s', () => {
  const given = { PATH: '/bin', SION_NODES: '30', SION_EMULATOR_REGION: 'eu-west-1', SION_LAMBDA_PORT: '7000' };
  const settings = readLocalSettings(given);
  const [emulator, proxy] = [emulatorEnvironment(given, settings), proxyEnvironment(given, settings)];
  expect(emulator).toMatchObject({ PATH: '/bin', SION_EMULATOR_REGION: 'eu-west-1', SION_LAMBDA_PORT: '7000' });
  expect(proxy).toMatchObject({ PATH: '/bin', SION_NODES: '30', SION_LAMBDA_PORT: '7000' });
  const known = (schema: typeof emulatorSettings | typeof proxySettingsSchema) =>
    Object.keys(schema.properties).map(settingName);
  const sion = (environment: object) => Object.keys(environment).filter((name) => name.startsWith('SION_'));
  expect(sion(emulator).filter((name) => !known(emulatorSettings).includes(name))).toEqual([]);
  expect(sion(proxy).filter((name) => !known(proxySettingsSchema).includes(name))).toEqual([]);
});

test('the emulator gets the figures of local mode', () => {
  expect(emulatorEnvironment({}, readLocalSettings({}))['SION_EMULATOR_COLD_START_MS']).toBe('0');
});

test('an address to listen on everywhere is dialled on this machine', () => {
  expect(httpAddress(readLocalSettings({ SION_HOST: '0.0.0.0' })).host).toBe('127.0.0.1');
});
