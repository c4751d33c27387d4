/**
 * The log file of one child process. The child writes into it directly, by an inherited descriptor: so nothing is lost
 * and nothing breaks when this process dies before the child. This side follows the file, to show what matters and to
 * keep its size within bounds. It must never hold up the child.
 */
import {
  closeSync,
  copyFileSync,
  type FSWatcher,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readSync,
  watch,
} from 'node:fs';
import { dirname } from 'node:path';
import { StringDecoder } from 'node:string_decoder';

/** A log file is cut at this size; what was in it is kept as `<name>.1`. */
const maxLogBytes = 8 * 1024 * 1024;

const readBytes = 64 * 1024;
/** A line is shown up to here. */
const maxLineChars = 4096;
const keptLines = 20;

export class PartLog {
  readonly path: string;
  /** For the child's stdio; stays open until {@link PartLog.close}. */
  readonly descriptor: number;
  readonly #onLine: (line: string) => void;
  readonly #maxBytes: number;
  readonly #watcher: FSWatcher;
  readonly #lastLines: string[] = [];
  readonly #decoder = new StringDecoder('utf8');
  #offset: number;
  #rest = '';

  /** Opens (or goes on with) the file at `path`; `onLine` gets each new line without its line feed. */
  constructor(path: string, onLine: (line: string) => void, maxBytes = maxLogBytes) {
    this.path = path;
    this.#onLine = onLine;
    this.#maxBytes = maxBytes;
    mkdirSync(dirname(path), { recursive: true });
    this.descriptor = openSync(path, 'a+', 0o600);
    this.#offset = fstatSync(this.descriptor).size;
    this.#watcher = watch(path, () => this.catchUp());
    this.#watcher.on('error', () => this.#watcher.close());
  }

  /** The last lines of the present run, oldest first, at most twenty. */
  get lastLines(): readonly string[] {
    return this.#lastLines;
  }

  /** Begins a new run: what was said before is no longer the last words of anybody. */
  begin(): void {
    this.catchUp();
    this.#lastLines.length = 0;
  }

  /** Reads what is new. Called by the watcher; also to be called when the child has ended. */
  catchUp(): void {
    const buffer = Buffer.allocUnsafe(readBytes);
    for (;;) {
      const count = readSync(this.descriptor, buffer, 0, buffer.byteLength, this.#offset);
      if (count === 0) break;
      this.#offset += count;
      this.#take(this.#decoder.write(buffer.subarray(0, count)));
    }
    if (this.#offset > this.#maxBytes) this.#cut();
  }

  close(): void {
    this.#watcher.close();
    this.catchUp();
    closeSync(this.descriptor);
  }

  #take(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = (lines.pop() ?? '').slice(0, maxLineChars);
    for (const line of lines) {
      this.#lastLines.push(line.slice(0, maxLineChars));
      if (this.#lastLines.length > keptLines) this.#lastLines.shift();
      this.#onLine(line.slice(0, maxLineChars));
    }
  }

  /** The child appends, so that after the cut it goes on at the new end. */
  #cut(): void {
    copyFileSync(this.path, `${this.path}.1`);
    ftruncateSync(this.descriptor, 0);
    this.#offset = 0;
  }
}
