import { documentSettings, readSettings } from '@sion/components';
import { describe, expect, it } from 'vitest';
import { type ProxySettings, proxySettingsSchema, stripesOf } from './settings.ts';
import {
  adminSettings,
  budgetPolicy,
  engineSettings,
  fleetSettings,
  functionsOptions,
  httpSettings,
  journalingSettings,
  lambdaEndpoint,
  leaseTtlMs,
  ownFolder,
  placementOptions,
  respSettings,
  s3Options,
  storePlace,
  storePrices,
} from './settings-of-parts.ts';
import { assertSettings } from './settings-relations.ts';

const read = (environment: Record<string, string> = {}) => readSettings(proxySettingsSchema, { environment });

describe('the proxy’s settings', () => {
  it('stand by default, and fit together', () => {
    const settings = read();
    assertSettings(settings);
    expect(settings).toMatchObject({
      respPort: 6380,
      httpPort: 6381,
      linkPort: 6382,
      lambdaPort: 6383,
      adminPort: 6384,
      dataDir: '.sion',
      store: 'directory',
      durability: 'store',
      maxKeyBytes: 512,
      maxRespValueBytes: 512 * 2 ** 20,
      maxHttpObjectBytes: 64 * 2 ** 30,
    });
    expect(settings.nodes * settings.nodeMemoryMb).toBeLessThanOrEqual(12 * 1024);
  });

  it('are each described, bounded and optional', () => {
    for (const row of documentSettings(proxySettingsSchema)) {
      expect([row.name, row.required, row.description.length > 20]).toEqual([row.name, false, true]);
      expect(row.type).not.toBe('a whole number');
      expect(row.type).not.toBe('text');
    }
  });

  it.each([
    [{ SION_STORE: 's3' }, /SION_STORE is s3, but SION_S3_BUCKET is empty/],
    [
      { SION_STORE: 's3', SION_S3_BUCKET: 'b', SION_S3_ENDPOINT: 'here' },
      /SION_S3_ENDPOINT is "here", which is no URL/,
    ],
    [{ SION_FUNCTION_QUALIFIER: 'live' }, /SION_FUNCTION_QUALIFIER does nothing while SION_FUNCTIONS is emulator/],
    [{ SION_S3_BUCKET: 'b' }, /SION_S3_BUCKET does nothing while SION_STORE is directory/],
    [{ SION_PREFIX: 'p' }, /SION_PREFIX does nothing while SION_STORE is directory/],
    [
      { SION_JOURNAL_BYTES: '2000000' },
      /SION_JOURNAL_BYTES is 2000000, but must be at least four times SION_KEPT_MAX_BYTES/,
    ],
    [{ SION_LEASE_TTL_MS: '5' }, /SION_LEASE_TTL_MS is 5, but must be at least 1000/],
    [{ SION_NODES: '11' }, /over 12 functions, but SION_NODES is 11/],
    [{ SION_STRIPES: '*=1' }, /SION_STRIPES: stripes "\*=1"/],
    [{ SION_LEASE_TTL_MS: '6000' }, /SION_LEASE_RENEWAL_MS is \d+, but must be less than a third/],
    [{ SION_HTTP_PORT: '6380' }, /SION_RESP_PORT and SION_HTTP_PORT are both 6380/],
    [{ SION_MAX_CHUNK_BYTES: '16777216' }, /SION_MAX_CHUNK_BYTES is 16777216, but must be at most a sixteenth/, 192],
    [
      { SION_KEPT_MAX_BYTES: '67108864', SION_BODY_MEMORY_BYTES: '134217728' },
      /at most a quarter of SION_BODY_MEMORY_BYTES/,
    ],
    [{ SION_RESP_BUFFERED_TOTAL_BYTES: '1048576' }, /must be at most SION_RESP_BUFFERED_TOTAL_BYTES \(1048576\)/],
    [
      { SION_MAX_PLACED_BYTES: '34359738368' },
      /SION_MAX_PLACED_BYTES is 34359738368, but all functions have 12884901888 bytes/,
    ],
    [
      { SION_RECOVERY_CONCURRENCY: '3' },
      /SION_RECOVERY_CONCURRENCY is 3, but must be at least SION_RECOVERY_PER_NODE \(8\)/,
    ],
    [{ SION_LAMBDA_ENDPOINT: 'localhost' }, /SION_LAMBDA_ENDPOINT is "localhost", which is no URL/],
  ])('refuse %j together', (environment, message, nodeMemoryMb = 512) => {
    const settings = read({ SION_NODE_MEMORY_MB: String(nodeMemoryMb), ...environment });
    expect(() => assertSettings(settings)).toThrow(message);
  });

  it('name every impossible combination at once', () => {
    const settings = read({ SION_STORE: 's3', SION_NODES: '1' });
    expect(() => assertSettings(settings)).toThrow(/^2 settings are wrong:\n.*SION_STORE.*\n.*SION_NODES/);
  });

  it.each(['SION_ACLS', 'SION_RESP_PROT'])('refuse %s, which would do nothing', (name) => {
    expect(() => read({ [name]: '1' })).toThrow(new RegExp(`${name} .*is not a setting`));
  });

  it('take any free port as often as asked for', () => {
    const names = ['RESP', 'HTTP', 'LINK', 'LAMBDA', 'ADMIN'].map((name) => [`SION_${name}_PORT`, '0']);
    expect(() => assertSettings(read(Object.fromEntries(names)))).not.toThrow();
  });

  it('each reach a part, or are main’s own', () => {
    const mains = ['dataDir', 'store', 'logLevel', 'leaseRenewalMs', 'snapshotMs'];
    const reached = new Set<PropertyKey>(mains);
    const settings = new Proxy(read(), {
      get(target, name, receiver): unknown {
        reached.add(name);
        return Reflect.get(target, name, receiver);
      },
    });
    for (const part of [
      fleetSettings,
      engineSettings,
      httpSettings,
      respSettings,
      adminSettings,
      lambdaEndpoint,
      journalingSettings,
      placementOptions,
      budgetPolicy,
    ])
      part(settings);
    leaseTtlMs(settings);
    s3Options(settings, {});
    functionsOptions(settings, {});
    expect(Object.keys(proxySettingsSchema.properties).filter((name) => !reached.has(name))).toEqual([]);
  });

  it('let the lease outlast a longer outage where writes are journaled', () => {
    expect(leaseTtlMs(read())).toBe(60_000);
    expect(leaseTtlMs(read({ SION_DURABILITY: 'journal' }))).toBe(600_000);
    expect(leaseTtlMs(read({ SION_DURABILITY: 'journal', SION_LEASE_TTL_MS: '90000' }))).toBe(90_000);
  });

  it('put the store where they say, and keep what the proxy remembers of each apart', () => {
    const environment = { SION_STORE: 's3', SION_S3_BUCKET: 'b', SION_S3_ENDPOINT: 'http://s3:9000', SION_PREFIX: 'p' };
    const settings = read({ SION_DATA_DIR: '/data', ...environment });
    assertSettings(settings);
    const place = { bucket: 'b', prefix: 'p', endpoint: 'http://s3:9000' };
    expect(s3Options(settings, {})).toEqual({ ...place, region: 'us-east-1' });
    expect(s3Options(settings, { AWS_REGION: 'eu-west-1' })).toEqual({ ...place, region: 'eu-west-1' });
    expect(storePlace(settings)).toBe('s3://b/p');
    expect(storePrices(settings).put).toBeGreaterThan(storePrices(settings).get);
    expect(storePrices(read()).put).toBe(0);
    const folders = [read({ SION_DATA_DIR: '/data' }), settings, { ...settings, prefix: 'q' }].map(ownFolder);
    expect(folders[0]).toBe('/data/proxy');
    expect(new Set(folders).size).toBe(3);
  });

  it('keep objects out of memory that would take more than an eighth of it', () => {
    expect(engineSettings(read()).maxPlacedBytes).toBe(Math.floor((24 * Math.floor(370.8 * 2 ** 20)) / 8));
    expect(engineSettings(read({ SION_NODES: '48' })).maxPlacedBytes).toBe(
      Math.floor((48 * Math.floor(370.8 * 2 ** 20)) / 8),
    );
    expect(engineSettings(read({ SION_MAX_PLACED_BYTES: '1000' })).maxPlacedBytes).toBe(1000);
  });

  it('reach the parts that they are for', () => {
    const settings: ProxySettings = { ...read(), linkAdvertisedHost: 'proxy.example', linkAdvertisedPort: 443 };
    expect(fleetSettings(settings)).toMatchObject({
      nodes: 24,
      advertisedHost: 'proxy.example',
      advertisedPort: 443,
      assumedCapacityBytes: Math.floor(370.8 * 2 ** 20),
    });
    expect(fleetSettings(read())).not.toHaveProperty('advertisedHost');
    expect(engineSettings(settings).stripes).toEqual(stripesOf(settings));
    expect(engineSettings(settings).maxObjectBytes).toBe(settings.maxHttpObjectBytes);
    expect(httpSettings(settings).httpPort).toBe(6381);
    expect(respSettings({ ...settings, maxRespArguments: 77 })).toMatchObject({ respPort: 6380, maxArguments: 77 });
    expect(lambdaEndpoint(settings)).toBe('http://127.0.0.1:6383');
    expect(lambdaEndpoint({ ...settings, lambdaEndpoint: 'https://lambda.example' })).toBe('https://lambda.example');
  });
  it('of functions: the emulator with any credentials, AWS with those that the SDK finds', () => {
    const given = { AWS_REGION: 'eu-central-1' };
    expect(functionsOptions(read(), given)).toMatchObject({ region: 'us-east-1', endpoint: 'http://127.0.0.1:6383' });
    const lambda = functionsOptions(read({ SION_FUNCTIONS: 'lambda', SION_FUNCTION_QUALIFIER: 'v-1' }), given);
    expect(lambda).toMatchObject({ region: 'eu-central-1', qualifier: 'v-1' });
    expect(lambda).not.toHaveProperty('endpoint');
    expect(lambda).not.toHaveProperty('credentials');
    expect(functionsOptions(read({ SION_FUNCTIONS: 'lambda' }), {})).not.toHaveProperty('qualifier');
  });
});
