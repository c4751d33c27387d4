/**
 * The report of one attempt at an invocation: what was billed, and the REPORT line that says so. Durations are rounded
 * to the hundredths that the line prints before they are billed, so that line and bill can never disagree:
 * billed = ceil(init + duration) in whole milliseconds, at least one.
 */

/** How an attempt ended. */
export type AttemptStatus = 'success' | 'error' | 'timeout' | 'out-of-memory' | 'lost';

/** One attempt, as billed. Durations in milliseconds with two decimals. */
export interface Report {
  readonly requestId: string;
  readonly functionName: string;
  readonly instance: number;
  readonly durationMs: number;
  readonly billedMs: number;
  /** Only on the first invocation of an instance. */
  readonly initMs?: number;
  readonly memoryMb: number;
  readonly maxMemoryMb: number;
  readonly status: AttemptStatus;
}

/** Rounds both durations and computes the bill. */
export function billedDurations(
  durationMs: number,
  initMs: number | undefined,
): Pick<Report, 'durationMs' | 'billedMs' | 'initMs'> {
  const duration = Math.max(0, Math.round(durationMs * 100));
  const init = initMs === undefined ? 0 : Math.max(0, Math.round(initMs * 100));
  const billedMs = Math.max(1, Math.ceil((duration + init) / 100));
  return { durationMs: duration / 100, billedMs, ...(initMs === undefined ? {} : { initMs: init / 100 }) };
}

/** The line as Lambda writes it to the log, without its newline. */
export function reportLine(report: Report): string {
  const fields = [
    `REPORT RequestId: ${report.requestId}`,
    `Duration: ${report.durationMs.toFixed(2)} ms`,
    `Billed Duration: ${report.billedMs} ms`,
    `Memory Size: ${report.memoryMb} MB`,
    `Max Memory Used: ${report.maxMemoryMb} MB`,
  ];
  if (report.initMs !== undefined) fields.push(`Init Duration: ${report.initMs.toFixed(2)} ms`);
  if (report.status === 'timeout') fields.push('Status: timeout');
  if (report.status === 'out-of-memory') fields.push('Status: error', 'Error Type: Runtime.OutOfMemory');
  if (report.status === 'lost') fields.push('Status: error', 'Error Type: Runtime.ExitError');
  return `${fields.join('\t')}\t`;
}
