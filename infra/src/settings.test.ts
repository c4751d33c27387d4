import { describe, expect, test } from 'vitest';
import { missingCredentials } from './credentials.ts';
import { estimateCost, formatEstimate } from './estimate.ts';
import { presets, readDeployment } from './settings.ts';
import { onEc2 } from './templates.test-data.ts';

const read = (environment: Record<string, string> = {}) => readDeployment({ environment });

describe('a preset', () => {
  test.each(Object.entries(presets))('%s stands, and leaves 100 executions to others', (name, preset) => {
    expect(read({ SION_PRESET: name })).toMatchObject({ nodes: preset.nodes, nodeMemoryMb: preset.nodeMemoryMb });
    expect(preset.nodes).toBeLessThanOrEqual(read({ SION_PRESET: name }).concurrencyQuota - 100);
  });

  test('gives way to what is set', () => {
    expect(read({ SION_PRESET: 'small', SION_NODES: '50', SION_MAX_USD_PER_HOUR: '2' })).toMatchObject({
      nodes: 50,
      nodeMemoryMb: 1536,
      maxUsdPerHour: 2,
    });
  });
});

test.each([
  [{ SION_NODES: '901' }, /only 900 can be reserved/],
  [{ SION_DURABILITY: 'journal' }, /loses its disk.*Set SION_PROXY_HOST to ec2/],
  [{ SION_PROXY_HOST: 'ec2' }, /SION_HOST_IMAGE is empty/],
  [{ SION_PROXY_HOST: 'ec2', SION_HOST_IMAGE: 'ami-01234567', SION_ZONES: '2' }, /lies in one zone/],
  [{ ...onEc2, SION_PRESET: 'small' }, /find no room on SION_HOST_TYPE m7g.large/],
  [{ SION_PROXY_CPU: '1024', SION_PROXY_MEMORY_MB: '9000' }, /is no size of Fargate/],
  [{ SION_DRAIN_MS: '110000' }, /ECS kills a task after 120 s/],
  [{ SION_NODES: '4' }, /SION_STRIPES spreads objects over 12/],
  [{ SION_NODE_MEMORY_MB: '192', SION_NODE_RUNTIME_RESERVE_MB: '192' }, /has no room for chunks/],
  [{ SION_S3_BUCKET: 'mine' }, /SION_S3_BUCKET.*is not a setting/],
  [{ SION_HOST: '0.0.0.0' }, /SION_HOST.*is not a setting/],
  [{ SION_PRESET: 'huge' }, /one of dev, small, large/],
] as const)('%j is refused', (environment, message) => {
  expect(() => read(environment)).toThrow(message);
});

describe('the estimate', () => {
  test('has the floor of a proxy and its endpoints without a request', () => {
    const { floor, reads } = estimateCost(read());
    expect(floor.map(({ what }) => what)).toEqual([
      'proxy: Fargate, 1 vCPU, 2048 MB',
      '4 interface endpoints',
      'private zone, alarms',
    ]);
    expect(floor[0]?.usdPerHour).toBeCloseTo(0.03238 + 2 * 0.00356, 10);
    expect(floor[1]?.usdPerHour).toBeCloseTo(0.04, 10);
    expect(reads[0]).toEqual({ perSecond: 0, usdPerHour: 0 });
  });

  test('grows with reads up to all functions awake', () => {
    const { reads, mostUsdPerHour } = estimateCost(read());
    // Four functions of half a gigabyte for 100 ms, 3600 times.
    expect(reads[1]?.usdPerHour).toBeCloseTo(3600 * 4 * (0.0000002 + 0.0000133334 * 0.5 * 0.1), 8);
    expect(reads.at(-1)?.usdPerHour).toBe(mostUsdPerHour);
  });

  test('is told for people', () => {
    expect(formatEstimate(read(), estimateCost(read()))).toContain('the floor: without a single request');
  });
});

test('without credentials nothing is tried', () => {
  expect(missingCredentials({}, false)).toContain('There are no AWS credentials');
  expect(missingCredentials({ AWS_PROFILE: 'me' }, false)).toBeUndefined();
  expect(missingCredentials({}, true)).toBeUndefined();
});
