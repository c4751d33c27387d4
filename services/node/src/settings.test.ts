import { readSettings, systemRandom, VirtualStore } from '@sion/components';
import { SionError } from '@sion/wire';
import { expect, it } from 'vitest';
import { openOnUse, openSource } from './open-source.ts';
import { nodeSettings, nodeSettingsSchema } from './settings.ts';

const read = (environment: Record<string, string>) => readSettings(nodeSettingsSchema, { environment });

it('the capacity is the memory less both reserves', () => {
  const mib = 1024 * 1024;
  expect(nodeSettings(read({}), 612).capacityBytes).toBe(Math.floor(512 * mib * 0.9));
  const environment = read({ SION_NODE_RUNTIME_RESERVE_MB: '64', SION_NODE_RECOVERY_RESERVE: '0' });
  expect(nodeSettings(environment, 128).capacityBytes).toBe(32 * mib);
});

it('a function without room for chunks, or of unknown memory, is refused', () => {
  expect(() => nodeSettings(read({ SION_NODE_RUNTIME_RESERVE_MB: '128' }), 128)).toThrow(/SION_NODE_MEMORY_MB/);
  expect(() => nodeSettings(read({}), Number.NaN)).toThrow(/AWS_LAMBDA_FUNCTION_MEMORY_SIZE/);
});

const noS3 = () => Promise.reject(new Error('nobody asked for S3'));

it('a bucket without a name, and a folder that is not absolute, are refused', () => {
  expect(() => openSource(read({ SION_STORE: 's3' }), systemRandom, noS3)).toThrow(/SION_S3_BUCKET is empty/);
  expect(() => openSource(read({ SION_DATA_DIR: 'data' }), systemRandom, noS3)).toThrow(/SION_DATA_DIR is data/);
  expect(openSource(read({ SION_DATA_DIR: '/data' }), systemRandom, noS3)).toBeDefined();
});

it('S3 is opened with the first read, where the settings say', async () => {
  const opened: unknown[] = [];
  const environment = { SION_STORE: 's3', SION_S3_BUCKET: 'b', SION_S3_ENDPOINT: 'http://s3:9000', SION_PREFIX: 'p' };
  const source = openSource(read(environment), systemRandom, async (place) => {
    opened.push(place);
    return new VirtualStore({ wallMs: () => 0 });
  });
  expect(opened).toEqual([]);
  expect(await source.get('o')).toEqual({ kind: 'miss' });
  expect(opened).toEqual([{ bucket: 'b', prefix: 'p', endpoint: 'http://s3:9000' }]);
});

it('the store is opened with the first read, once, and again when that failed', async () => {
  const store = new VirtualStore({ wallMs: () => 0 });
  let openings = 0;
  const source = openOnUse(async () => {
    openings += 1;
    if (openings === 1) throw new SionError('unavailable', 'not mounted yet');
    return store;
  });
  expect(openings).toBe(0);
  await expect(source.get('o')).rejects.toMatchObject({ code: 'unavailable' });
  expect(await Promise.all([source.get('o'), source.get('o')])).toEqual([{ kind: 'miss' }, { kind: 'miss' }]);
  expect(openings).toBe(2);
});
