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
  expect(nodeSettings(environment, 128).capacityBytes).toBe(64 * mib);
});

it('a function without room for chunks, or of unknown memory, is refused', () => {
  expect(() => nodeSettings(read({ SION_NODE_RUNTIME_RESERVE_MB: '128' }), 128)).toThrow(/SION_NODE_MEMORY_MB/);
  expect(() => nodeSettings(read({}), Number.NaN)).toThrow(/AWS_LAMBDA_FUNCTION_MEMORY_SIZE/);
});

it('a store that there is not, and a folder that is not absolute, are refused', () => {
  expect(() => openSource(read({ SION_STORE: 's3' }), systemRandom)).toThrow(/SION_STORE is s3/);
  expect(() => openSource(read({ SION_DATA_DIR: 'data' }), systemRandom)).toThrow(/SION_DATA_DIR is data/);
  expect(openSource(read({ SION_DATA_DIR: '/data' }), systemRandom)).toBeDefined();
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
