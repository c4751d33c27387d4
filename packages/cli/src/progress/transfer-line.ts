/**
 * A transfer as one line of a given width: name, bar, share, bytes, rate, time left. When the line gets narrow, the bar
 * goes first, then the name is shortened; the figures stay. Pure functions.
 */
import { formatBytes } from '@sion/proxy';

export interface TransferState {
  readonly name: string;
  readonly bytes: number;
  /** Undefined when nobody knows it, as for standard input. */
  readonly totalBytes?: number;
  readonly bytesPerSecond: number;
  readonly secondsLeft?: number;
  /** Said in the place of the time left, e.g. that the last answer is awaited. */
  readonly note?: string;
}

const maxBar = 30;
const minBar = 10;
const minName = 8;

/** One line of fewer than `columns` characters. */
export function transferLine(state: TransferState, columns: number): string {
  const room = Math.max(columns - 1, 1);
  const figures = figuresOf(state);
  const share = shareOf(state);
  const percent = share === undefined ? '' : `${Math.floor(share * 100)}%`.padStart(5);
  const tail = `${percent}  ${figures}`;
  const name = shorten(state.name, Math.max(room - tail.length - minBar - 3, Math.min(minName, room - tail.length)));
  const barRoom = Math.min(room - name.length - tail.length - 3, maxBar);
  const bar = share === undefined || barRoom < minBar ? '' : ` [${barOf(share, barRoom)}]`;
  const line = `${name}${bar}${tail}`;
  return line.length <= room ? line : figures.slice(0, room);
}

/** The line without bar and padding, for logs. */
export function plainTransferLine(state: TransferState): string {
  const share = shareOf(state);
  return `${state.name}: ${share === undefined ? '' : `${Math.floor(share * 100)}% `}${figuresOf(state)}`;
}

/** `12 s`, `3 min 05 s`, `2 h 07 min`, `4 d 03 h`. */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.ceil(seconds));
  const two = (value: number) => String(Math.floor(value)).padStart(2, '0');
  if (whole < 60) return `${whole} s`;
  if (whole < 3_600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  if (whole < 86_400) return `${Math.floor(whole / 3_600)} h ${two((whole % 3_600) / 60)} min`;
  return `${Math.floor(whole / 86_400)} d ${two((whole % 86_400) / 3_600)} h`;
}

/** `1.5 MiB/s`. */
export function formatRate(bytesPerSecond: number): string {
  return `${formatBytes(Math.round(bytesPerSecond))}/s`;
}

function figuresOf(state: TransferState): string {
  const { bytes, totalBytes, bytesPerSecond, secondsLeft, note } = state;
  const done = totalBytes === undefined ? formatBytes(bytes) : `${formatBytes(bytes)} of ${formatBytes(totalBytes)}`;
  if (note !== undefined) return `${done}  ${note}`;
  const left = totalBytes === undefined || bytes >= totalBytes ? '' : `  ${leftText(secondsLeft)}`;
  return `${done}  ${formatRate(bytesPerSecond)}${left}`;
}

function leftText(secondsLeft: number | undefined): string {
  return secondsLeft === undefined ? 'stalled' : `${formatDuration(secondsLeft)} left`;
}

function shareOf({ bytes, totalBytes }: TransferState): number | undefined {
  if (totalBytes === undefined) return undefined;
  return totalBytes === 0 ? 1 : Math.min(bytes / totalBytes, 1);
}

function barOf(share: number, width: number): string {
  const full = Math.floor(share * width);
  const head = full < width && full > 0 ? '>' : '';
  return `${'='.repeat(full - head.length)}${head}`.padEnd(width);
}

/** Cut in the middle, where names differ least. */
function shorten(name: string, room: number): string {
  const characters = Array.from(name);
  if (characters.length <= room) return name;
  if (room < 2) return '';
  const kept = room - 1;
  return `${characters.slice(0, Math.ceil(kept / 2)).join('')}…${characters.slice(characters.length - Math.floor(kept / 2)).join('')}`;
}
