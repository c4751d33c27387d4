/**
 * Which lines of a part's log people see at once: its errors. A storm is cut to a few lines per period with a pointer to
 * the file, which has all of them. What is no log line (a crash's last words) is told with the part's end.
 */
import type { Clock } from '@sion/components';

const periodMs = 10_000;
const maxPerPeriod = 5;
/** Written by pino itself; no news to people. */
const bookkeeping = ['level', 'time', 'service', 'event', 'pid', 'hostname'];

export class TroubleFilter {
  readonly #name: string;
  readonly #clock: Clock;
  readonly #say: (text: string) => void;
  #periodStartMs = Number.NEGATIVE_INFINITY;
  #shown = 0;

  constructor(name: string, clock: Clock, say: (text: string) => void) {
    this.#name = name;
    this.#clock = clock;
    this.#say = say;
  }

  /** Shows the line if it is trouble. */
  take(line: string): void {
    const text = troubleIn(line);
    if (text === undefined) return;
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#periodStartMs >= periodMs) {
      this.#periodStartMs = nowMs;
      this.#shown = 0;
    }
    this.#shown += 1;
    if (this.#shown <= maxPerPeriod) this.#say(`  ${this.#name}: ${text}`);
    if (this.#shown === maxPerPeriod) this.#say(`  ${this.#name}: more of it is in its log file.`);
  }
}

/** The line as people read it, or undefined when it is none of their business. */
export function troubleIn(line: string): string | undefined {
  const fields = readLogLine(line);
  if (fields?.['level'] !== 'error') return undefined;
  const details = Object.entries(fields)
    .filter(([name]) => !bookkeeping.includes(name))
    .map(([name, value]) => `${name} ${typeof value === 'string' ? value : JSON.stringify(value)}`);
  return [String(fields['event']), ...details].join(', ');
}

/** The fields of a log line; undefined of anything else. */
export function readLogLine(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

/** The last of `lines` that are no log lines: what a part said to people before it ended. */
export function plainWords(lines: readonly string[]): string {
  return lines.filter((line) => line.trim() !== '' && readLogLine(line) === undefined).join('\n');
}
