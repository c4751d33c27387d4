/** Trials over our own S3 server. SION_S3_TRIALS sets how many seeds, SION_S3_TRIAL names one, whose history is printed. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { S3Server } from '../s3-server/s3-server.ts';
import { runTrial } from './trial.ts';

const single = process.env['SION_S3_TRIAL'];
const count = Number(process.env['SION_S3_TRIALS'] ?? 6);
const seeds = single === undefined ? Array.from({ length: count }, (_, index) => index + 1) : [Number(single)];

describe('the engine over S3 among faults', () => {
  let server: S3Server;
  beforeAll(async () => {
    server = await S3Server.start();
  });
  afterAll(() => server.close());

  test.each(seeds)('loses nothing, brings nothing back, and knows what it does not know (seed %i)', async (seed) => {
    const report = await runTrial(seed, { endpoint: server.endpoint, bucket: 'bucket', requestMs: 1000 });
    if (single !== undefined || report.problems.length > 0) console.log(report.log);
    expect(report.problems).toEqual([]);
    expect(report.faults).toBeGreaterThan(0);
  });
});
