/** The REPORT line of Lambda's log, as the tail of an invocation ends with it. */
import type { InvocationReport } from '@sion/components';

/** Finds the last REPORT line in a log tail; undefined when it has none that is whole. */
export function parseReport(logTail: string): InvocationReport | undefined {
  const line = logTail.slice(Math.max(0, logTail.lastIndexOf('REPORT RequestId: '))).split('\n', 1)[0] ?? '';
  const requestId = /^REPORT RequestId: (\S+)/.exec(line)?.[1];
  const [durationMs, billedMs, memoryMb, maxMemoryMb, initMs] = [
    field(line, 'Duration', 'ms'),
    field(line, 'Billed Duration', 'ms'),
    field(line, 'Memory Size', 'MB'),
    field(line, 'Max Memory Used', 'MB'),
    field(line, 'Init Duration', 'ms'),
  ];
  if (requestId === undefined || durationMs === undefined || billedMs === undefined) return undefined;
  if (memoryMb === undefined || maxMemoryMb === undefined) return undefined;
  return { requestId, durationMs, billedMs, memoryMb, maxMemoryMb, ...(initMs === undefined ? {} : { initMs }) };
}

/** Fields are separated by tabs; `Duration` must not be found within `Billed Duration`. */
function field(line: string, name: string, unit: string): number | undefined {
  const text = new RegExp(`\\t${name}: ([0-9.]+) ${unit}`).exec(line)?.[1];
  return text === undefined ? undefined : Number(text);
}
