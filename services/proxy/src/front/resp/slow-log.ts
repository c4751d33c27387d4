/**
 * SLOWLOG: the last commands that took long, from their start to their answer, waiting for store and functions included.
 * It keeps at most `maxEntries`, each with its arguments cut short as Redis cuts them; never passwords.
 */
import type { Call } from './command.ts';

export interface SlowCommand {
  readonly id: number;
  readonly wallSeconds: number;
  readonly micros: number;
  readonly args: readonly string[];
  readonly remote: string;
  readonly name: string;
}

const maxArguments = 32;
const maxArgumentBytes = 128;

/** See the module. The newest first. */
export class SlowLog {
  /** −1 = nothing is logged. */
  slowerThanMicros = 10_000;
  #maxEntries = 128;
  #entries: SlowCommand[] = [];
  #nextId = 0;

  get maxEntries(): number {
    return this.#maxEntries;
  }

  set maxEntries(count: number) {
    this.#maxEntries = count;
    this.#entries.length = Math.min(this.#entries.length, count);
  }

  get length(): number {
    return this.#entries.length;
  }

  /** Whether a command of this duration belongs here. */
  takes(micros: number): boolean {
    return this.slowerThanMicros >= 0 && micros >= this.slowerThanMicros;
  }

  add(command: string, call: Call, micros: number): void {
    const id = this.#nextId;
    this.#nextId += 1;
    if (this.#maxEntries === 0) return;
    const { client, front } = call;
    const wallSeconds = Math.floor(front.clock.wallMs() / 1000);
    const entry = {
      id,
      wallSeconds,
      micros,
      args: argumentsOf(command, call),
      remote: client.remote,
      name: client.name,
    };
    this.#entries.unshift(entry);
    this.#entries.length = Math.min(this.#entries.length, this.#maxEntries);
  }

  /** At most `count`; −1 = all. */
  newest(count: number): readonly SlowCommand[] {
    return count < 0 ? [...this.#entries] : this.#entries.slice(0, count);
  }

  /** Ids go on. */
  clear(): void {
    this.#entries = [];
  }
}

function argumentsOf(command: string, { args, value }: Call): readonly string[] {
  const isLong = args.length > maxArguments;
  const shown = args.slice(0, isLong ? maxArguments - 1 : maxArguments).map(shorten);
  if (isLong) shown.push(`... (${args.length - maxArguments + 1} more arguments)`);
  if (value !== undefined) shown.push(`... (${value.sizeBytes} bytes)`);
  return withoutPasswords(command, shown);
}

function shorten(argument: Buffer): string {
  const text = argument.toString('latin1', 0, maxArgumentBytes);
  const missing = argument.length - text.length;
  return missing > 0 ? `${text}... (${missing} more bytes)` : text;
}

/** AUTH's arguments, and HELLO's behind its AUTH. */
function withoutPasswords(command: string, args: readonly string[]): readonly string[] {
  const from =
    command === 'auth' ? 1 : command === 'hello' ? args.findIndex((word) => word.toLowerCase() === 'auth') + 1 : 0;
  return from === 0 ? args : args.map((argument, at) => (at < from ? argument : '(redacted)'));
}
