/**
 * What a person sees of a transfer, on standard error: a bar on a terminal, a line every ten seconds with `--progress`
 * elsewhere, nothing otherwise. It draws by a timer of its own, so that a stall shows as one, and not at all before a
 * moment has passed, so that small transfers do not flash. It must never write to standard output.
 */
import type { Clock, Timer } from '@sion/components';
import { formatBytes } from '@sion/proxy';
import { Screen, type ScreenOutput } from '../local/screen.ts';
import { formatDuration, formatRate, plainTransferLine, transferLine } from './transfer-line.ts';
import { TransferPace } from './transfer-pace.ts';

/** `lines`: now and then one line. */
export type ProgressMode = 'bar' | 'lines' | 'none';

export interface DisplayParts {
  readonly clock: Clock;
  readonly output: ScreenOutput;
  readonly mode: ProgressMode;
  /** No notices either; errors are not told here. */
  readonly quiet: boolean;
}

const firstMs = 400;
const everyMs = 200;
const defaultColumns = 80;

export class TransferDisplay {
  readonly #parts: DisplayParts;
  readonly #name: string;
  readonly #screen: Screen;
  readonly #pace: TransferPace;
  readonly #totalBytes: number | undefined;
  #bytes: number;
  #note: string | undefined;
  #timer: Timer | undefined;
  #drawn = false;

  /** `startBytes` are there already; `totalBytes` undefined = nobody knows. */
  constructor(parts: DisplayParts, name: string, totalBytes: number | undefined, startBytes = 0) {
    this.#parts = parts;
    this.#name = name;
    this.#screen = new Screen(
      { ...columnsOf(parts.output), isTTY: parts.mode === 'bar', write: (text) => parts.output.write(text) },
      parts.clock,
    );
    this.#pace = new TransferPace(parts.clock.monotonicMs(), startBytes);
    this.#totalBytes = totalBytes;
    this.#bytes = startBytes;
    if (parts.mode !== 'none') this.#timer = parts.clock.after(firstMs, () => this.#tick());
  }

  /** So many bytes more are done. */
  moved(bytes: number): void {
    this.#bytes += bytes;
    this.#note = undefined;
  }

  /** The transfer starts again from the beginning. */
  restart(): void {
    this.#bytes = 0;
  }

  /** What is waited for, until bytes move again. */
  wait(note: string): void {
    this.#note = note;
  }

  /** A line that stays. */
  say(text: string): void {
    if (this.#parts.quiet) return;
    if (this.#parts.mode === 'bar') this.#screen.say(text);
    else this.#parts.output.write(`${text}\n`);
  }

  /** It is over; after a success one line says what was done, in the place of the bar. */
  end(outcome: 'done' | 'failed'): void {
    this.#timer?.cancel();
    const { mode, clock } = this.#parts;
    if (mode === 'none') return;
    if (outcome === 'done') {
      const { movedBytes, seconds, rate } = this.#pace.summary(clock.monotonicMs(), this.#bytes);
      const took = seconds < 10 ? `${seconds.toFixed(1)} s` : formatDuration(seconds);
      const text = `${this.#name}: ${formatBytes(movedBytes)} in ${took}, ${formatRate(rate)}`;
      if (mode === 'bar') this.#screen.live(text);
      else this.#screen.say(text);
    } else if (this.#drawn) {
      this.#draw();
    }
    if (mode === 'bar') this.#screen.endLive();
  }

  #tick(): void {
    this.#pace.note(this.#parts.clock.monotonicMs(), this.#bytes);
    this.#draw();
    this.#timer = this.#parts.clock.after(everyMs, () => this.#tick());
  }

  #draw(): void {
    this.#drawn = true;
    const secondsLeft = this.#totalBytes === undefined ? undefined : this.#pace.secondsLeft(this.#totalBytes);
    const state = {
      name: this.#name,
      bytes: this.#bytes,
      bytesPerSecond: this.#pace.bytesPerSecond,
      ...(this.#totalBytes === undefined ? {} : { totalBytes: this.#totalBytes }),
      ...(secondsLeft === undefined ? {} : { secondsLeft }),
      ...(this.#note === undefined ? {} : { note: this.#note }),
    };
    const columns = this.#parts.output.columns ?? defaultColumns;
    this.#screen.live(this.#parts.mode === 'bar' ? transferLine(state, columns) : plainTransferLine(state));
  }
}

/** The width as it is at each look: a terminal can be made narrower. */
function columnsOf(output: ScreenOutput): { readonly columns: number } {
  return {
    get columns() {
      return output.columns ?? defaultColumns;
    },
  };
}
