/** Alarms stand on metrics that exist: each line that is counted is one that the proxy writes. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { synthesize } from './templates.test-data.ts';
import { countedLines } from './watch.ts';

const proxyFolder = fileURLToPath(new URL('.', import.meta.resolve('@sion/proxy')));
const proxySource = readdirSync(proxyFolder, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts') && !name.includes('.test'))
  .map((name) => readFileSync(join(proxyFolder, name), 'utf8'))
  .join('\n');

test.each(countedLines)('the proxy writes $event', ({ event }) => {
  expect(proxySource).toMatch(new RegExp(`log\\.(info|warn|error)\\('${event}'`));
});

test('alarms name metrics of the filters, or of ECS, and tell the topic that is given', () => {
  const topic = 'arn:aws:sns:us-east-1:123456789012:alarms';
  const { ofType } = synthesize({ SION_ALARM_TOPIC: topic });
  const alarms = ofType('AWS::CloudWatch::Alarm').map(({ Properties }) => Properties);
  const known = [...countedLines.map(({ metric }) => metric), 'CPUUtilization', 'MemoryUtilization'];
  expect(alarms).toHaveLength(countedLines.length + 3);
  for (const alarm of alarms) {
    expect(known).toContain(alarm['MetricName']);
    expect(alarm['AlarmActions']).toEqual([topic]);
  }
  expect(ofType('AWS::CloudWatch::Dashboard')).toHaveLength(1);
});
