import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Type } from 'typebox';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  documentSettings,
  readSettings,
  type SettingsSources,
  settingName,
  settingsEnvironment,
  unionSettings,
  withoutSettings,
} from './settings.ts';

const schema = Type.Object(
  {
    respPort: Type.Integer({ minimum: 0, maximum: 65_535, default: 6380, description: 'Port of the RESP front.' }),
    maxUsdPerHour: Type.Number({ exclusiveMinimum: 0, default: 1.5 }),
    verify: Type.Boolean({ default: true }),
    store: Type.Union([Type.Literal('directory'), Type.Literal('s3')], { default: 'directory' }),
    durability: Type.Enum(['store', 'memory'], { default: 'store' }),
    dataDir: Type.String({ minLength: 1, maxLength: 1024, default: '.sion' }),
    s3Bucket: Type.Optional(Type.String()),
  },
  { additionalProperties: false },
);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sion-settings-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function file(content: unknown): string {
  const path = join(folder, 'sion.json');
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

function problemsOf(sources: SettingsSources): string {
  try {
    readSettings(schema, sources);
  } catch (error) {
    expect(error).toMatchObject({ name: 'SionError', code: 'invalid' });
    return error instanceof Error ? error.message : '';
  }
  throw new Error('accepted');
}

test('names are the environment’s form of the property', () => {
  expect(settingName('respPort')).toBe('SION_RESP_PORT');
  expect(settingName('s3Bucket')).toBe('SION_S3_BUCKET');
  expect(settingName('maxUsdPerHour')).toBe('SION_MAX_USD_PER_HOUR');
  expect(settingName('store')).toBe('SION_STORE');
});

test('without any source the defaults apply and optional settings are absent', () => {
  const settings = readSettings(schema, { environment: { PATH: '/bin' } });
  expect(settings).toEqual({
    respPort: 6380,
    maxUsdPerHour: 1.5,
    verify: true,
    store: 'directory',
    durability: 'store',
    dataDir: '.sion',
  });
  const port: number = settings.respPort;
  const bucket: string | undefined = settings.s3Bucket;
  const store: 'directory' | 's3' = settings.store;
  expect([port, bucket, store]).toEqual([6380, undefined, 'directory']);
});

test('text becomes what the schema says', () => {
  const environment = {
    SION_RESP_PORT: '0',
    SION_MAX_USD_PER_HOUR: '2e-1',
    SION_VERIFY: 'false',
    SION_STORE: 's3',
    SION_DURABILITY: 'memory',
    SION_DATA_DIR: '/data',
    SION_S3_BUCKET: '17',
  };
  expect(readSettings(schema, { environment })).toEqual({
    respPort: 0,
    maxUsdPerHour: 0.2,
    verify: false,
    store: 's3',
    durability: 'memory',
    dataDir: '/data',
    s3Bucket: '17',
  });
});

test('the environment wins over the file, which may hold JSON values or text', () => {
  const SION_CONFIG = file({ SION_RESP_PORT: 7000, SION_VERIFY: 'false', SION_MAX_USD_PER_HOUR: 3 });
  const settings = readSettings(schema, { environment: { SION_CONFIG, SION_RESP_PORT: '7001' } });
  expect(settings).toMatchObject({ respPort: 7001, verify: false, maxUsdPerHour: 3 });
  expect(readSettings(schema, { environment: {}, file: SION_CONFIG }).respPort).toBe(7000);
});

describe('what is wrong is refused', () => {
  test.each([
    ['SION_RESP_PORT', '65536', 'a whole number from 0 to 65535'],
    ['SION_RESP_PORT', '1.5', 'a whole number from 0 to 65535'],
    ['SION_RESP_PORT', '', 'a whole number from 0 to 65535'],
    ['SION_RESP_PORT', '0x10', 'a whole number from 0 to 65535'],
    ['SION_RESP_PORT', '99999999999999999999', 'a whole number from 0 to 65535'],
    ['SION_MAX_USD_PER_HOUR', '0', 'a number above 0'],
    ['SION_MAX_USD_PER_HOUR', 'Infinity', 'a number above 0'],
    ['SION_VERIFY', 'maybe', 'true or false'],
    ['SION_STORE', 'S3', 'one of directory, s3'],
    ['SION_DURABILITY', 'disk', 'one of store, memory'],
    ['SION_DATA_DIR', '', 'text of 1 to 1024 characters'],
  ])('%s=%j', (name, value, allowed) => {
    const message = problemsOf({ environment: { [name]: value } });
    expect(message).toContain(`${name} is ${JSON.stringify(value)} (from the environment), but must be ${allowed}.`);
    expect(message).toContain('leave it out for the default');
  });

  test('an unknown name, with the nearest known one', () => {
    expect(problemsOf({ environment: { SION_RESP_PROT: '1' } })).toContain('Did you mean SION_RESP_PORT?');
    expect(problemsOf({ environment: { SION_WHATEVER_ELSE: '1' } })).toContain('docs/settings.md');
    expect(problemsOf({ environment: {}, file: file({ SION_CONFIG: 'x' }) })).toContain('SION_CONFIG (from');
    expect(problemsOf({ environment: {}, file: file({ respPort: 1 }) })).toContain('respPort (from');
  });

  test('a JSON value of the wrong type', () => {
    expect(problemsOf({ environment: {}, file: file({ SION_RESP_PORT: null }) })).toContain('SION_RESP_PORT is null');
    expect(problemsOf({ environment: {}, file: file({ SION_VERIFY: 1 }) })).toContain('SION_VERIFY is 1');
  });

  test('a file that is missing, no JSON, or no object', () => {
    const missing = join(folder, 'missing.json');
    expect(problemsOf({ environment: { SION_CONFIG: missing } })).toContain(missing);
    expect(problemsOf({ environment: {}, file: file('{') })).toContain('cannot be read');
    expect(problemsOf({ environment: {}, file: file('[]') })).toContain('one JSON object');
  });

  test('all problems at once', () => {
    const message = problemsOf({ environment: { SION_RESP_PORT: 'x', SION_STORE: 'y', SION_Z: 'z' } });
    expect(message).toMatch(/^3 settings are wrong:\n/);
    expect(message.split('\n')).toHaveLength(4);
  });

  test('a required setting that is missing', () => {
    const strict = Type.Object({ nodeName: Type.String({ minLength: 3 }) }, { additionalProperties: false });
    expect(() => readSettings(strict, { environment: {} })).toThrow(
      'SION_NODE_NAME is missing: set it to text of at least 3 characters.',
    );
  });
});

test('a schema that is not strict, or of a shape that no text can have, is a programmer error', () => {
  expect(() => readSettings(Type.Object({}), { environment: {} })).toThrow('must be strict');
  const nested = Type.Object({ list: Type.Array(Type.String()) }, { additionalProperties: false });
  expect(() => documentSettings(nested)).toThrow('cannot have this shape');
});

test('services share an environment through a union, and each gets its own', () => {
  const node = Type.Object(
    { respPort: schema.properties.respPort, memoryMb: Type.Integer({ minimum: 128, default: 128 }) },
    { additionalProperties: false },
  );
  const environment = { SION_RESP_PORT: '1', SION_MEMORY_MB: '256', SION_STORE: 's3', HOME: '/' };
  const all = readSettings(unionSettings(schema, node), { environment });
  expect(all).toMatchObject({ respPort: 1, memoryMb: 256, store: 's3' });
  const own = { ...withoutSettings(environment), ...settingsEnvironment(node, all) };
  expect(own).toEqual({ HOME: '/', SION_RESP_PORT: '1', SION_MEMORY_MB: '256' });
  expect(readSettings(node, { environment: own })).toEqual({ respPort: 1, memoryMb: 256 });
  expect(readSettings(node, { environment, others: [schema] })).toEqual({ respPort: 1, memoryMb: 256 });
  const clash = Type.Object({ respPort: Type.String() }, { additionalProperties: false });
  expect(() => unionSettings(schema, clash)).toThrow('SION_RESP_PORT differently');
});

test('the documentation has a row for each setting', () => {
  expect(documentSettings(schema)[0]).toEqual({
    name: 'SION_RESP_PORT',
    type: 'a whole number from 0 to 65535',
    default: '6380',
    required: false,
    description: 'Port of the RESP front.',
  });
  expect(documentSettings(schema).map((row) => row.name)).toEqual(Object.keys(schema.properties).map(settingName));
});
