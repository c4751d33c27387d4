/**
 * `sion get KEY [FILE|-]`: streams an object to a file or to standard output. A file appears under its name only when
 * every byte has come; what has come of a transfer that ends early is kept beside it, and the next run goes on from
 * there if the object is still the same. Who reads standard output may go first (`sion get KEY | head -c 10`): that is no
 * fault.
 */
import { createWriteStream } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { formatBytes } from '@sion/proxy';
import { CliError } from '../cli-error.ts';
import type { Address } from '../client/http-call.ts';
import { type ObjectName, objectPath } from '../client/object-name.ts';
import { type OpenedRead, openRead, type ReadParts, type Wanted } from '../client/object-read.ts';
import { findPart, type LeftPart, PartFile, type PartOrigin, removePart, unwritable } from '../client/part-file.ts';
import { TransferDisplay } from '../progress/transfer-display.ts';
import { isGone } from '../text-output.ts';
import { displayParts, firstLine, type Loudness, type Surroundings } from './surroundings.ts';

export interface GetRequest extends Loudness {
  readonly http: Address;
  readonly name: ObjectName;
  /** A path, or `-` for standard output. */
  readonly target: string;
  /** `FIRST-LAST`, `FIRST-` or `-COUNT`; absent = the whole object. */
  readonly range?: string;
}

type Opened = Extract<OpenedRead, { kind: 'open' }>;

export async function getObject(request: GetRequest, around: Surroundings): Promise<void> {
  const target = request.target === '-' ? undefined : await fileTarget(request.target);
  if (target?.kind === 'file') await new FileDownload(request, around, target.path).run();
  else await streamObject(request, around, target?.path);
}

type FileTarget = { readonly kind: 'file' | 'device'; readonly path: string };

/** A link stays a link: the file behind it is what is written. */
async function fileTarget(path: string): Promise<FileTarget> {
  const status = await stat(path).catch(() => undefined);
  if (status === undefined) return { kind: 'file', path };
  if (status.isDirectory()) throw unwritable(path, 'it is a folder. Name the file in it.');
  return status.isFile() ? { kind: 'file', path: await realpath(path) } : { kind: 'device', path };
}

/** To standard output, or into a device or pipe: what is written there cannot be taken back or gone on with later. */
async function streamObject(request: GetRequest, around: Surroundings, device: string | undefined): Promise<void> {
  const { name, range } = request;
  const shown: { display?: TransferDisplay } = {};
  const parts = readParts(request, around, () => shown.display);
  const { span, pieces } = present(name, await openRead(parts, wanted(range)));
  const toTerminal = device === undefined && around.output.isTTY === true;
  const display = new TransferDisplay(displayParts(around, request, toTerminal), name.shown, span.end - span.start);
  shown.display = display;
  const output: Writable = device === undefined ? around.output : createWriteStream(device);
  try {
    await pipeline(counted(pieces, display), output, { end: device !== undefined });
    display.end('done');
  } catch (error) {
    display.end('failed');
    if (isGone(error)) return;
    if (error instanceof CliError) throw error;
    throw unwritable(device ?? 'Standard output', error);
  }
}

/** One download into a file: looks for what an earlier run left, goes on or begins anew, keeps what has come. */
class FileDownload {
  readonly #request: GetRequest;
  readonly #around: Surroundings;
  readonly #target: string;
  readonly #origin: PartOrigin;
  #display: TransferDisplay | undefined;
  /** The part that was found is of a version that is no more. */
  #isStale = false;

  constructor(request: GetRequest, around: Surroundings, target: string) {
    const { http, name, range = '' } = request;
    this.#request = request;
    this.#around = around;
    this.#target = target;
    this.#origin = { object: `${http.host}:${http.port}${objectPath(name)}`, range };
  }

  async run(): Promise<void> {
    const { opened, file } = (await this.#resume()) ?? (await this.#begin());
    const { span, pieces } = opened;
    const display = this.#openDisplay(span.end - span.start, file.keptBytes);
    try {
      for await (const piece of pieces) {
        await file.write(piece);
        display.moved(piece.byteLength);
      }
      await file.finish();
    } catch (error) {
      await file.leave();
      display.end('failed');
      throw this.#withKept(error, file);
    }
    display.end('done');
  }

  async #begin(): Promise<{ readonly opened: Opened; readonly file: PartFile }> {
    const { name, range } = this.#request;
    const answer = await openRead(this.#readParts(), wanted(range));
    if (answer.kind === 'missing' && this.#isStale) await removePart(this.#target);
    const opened = present(name, answer);
    try {
      return { opened, file: await PartFile.begin(this.#target, this.#origin, opened.span) };
    } catch (error) {
      await opened.pieces.return();
      throw error;
    }
  }

  /** Undefined when there is nothing to go on from. */
  async #resume(): Promise<{ readonly opened: Opened; readonly file: PartFile } | undefined> {
    const found = await findPart(this.#target, this.#origin);
    if (found.kind === 'none') return undefined;
    if (found.kind === 'useless') {
      this.#say(`${this.#target}.sion-part is of something else; beginning anew.`);
      return undefined;
    }
    const { left } = found;
    const { span } = left;
    // The last byte is always asked for: that the object is still the same is known only then.
    const kept = Math.min(left.keptBytes, span.end - span.start - 1);
    const range = `bytes=${span.start + kept}-${span.end - 1}`;
    const opened = await openRead(this.#readParts(), { range, etag: span.etag });
    if (opened.kind === 'open') {
      if (opened.span.start === span.start + kept && opened.span.end === span.end && opened.span.etag === span.etag) {
        return this.#goOn(opened, left, kept);
      }
      await opened.pieces.return();
    }
    this.#isStale = true;
    this.#say(`${this.#request.name.shown} was changed since the last run; beginning anew.`);
    return undefined;
  }

  async #goOn(
    opened: Opened,
    left: LeftPart,
    kept: number,
  ): Promise<{ readonly opened: Opened; readonly file: PartFile }> {
    try {
      const file = await PartFile.resume(this.#target, this.#origin, left, kept);
      this.#say(`Going on after ${formatBytes(kept)} of ${formatBytes(left.span.end - left.span.start)}.`);
      return { opened: { ...opened, span: left.span }, file };
    } catch (error) {
      await opened.pieces.return();
      throw error;
    }
  }

  #readParts(): ReadParts {
    return readParts(this.#request, this.#around, () => this.#display);
  }

  #openDisplay(totalBytes: number, startBytes: number): TransferDisplay {
    const parts = displayParts(this.#around, this.#request, false);
    this.#display = new TransferDisplay(parts, this.#request.name.shown, totalBytes, startBytes);
    return this.#display;
  }

  #say(text: string): void {
    if (this.#request.quiet !== true) this.#around.errors.write(`${text}\n`);
  }

  #withKept(error: unknown, file: PartFile): unknown {
    if (!(error instanceof CliError) || file.keptBytes === 0) return error;
    const kept = `${formatBytes(file.keptBytes)} are kept in ${this.#target}.sion-part; the same command goes on from there.`;
    return new CliError(error.exitCode, `${error.message}\n${kept}`, { cause: error });
  }
}

function wanted(range: string | undefined): Wanted {
  return range === undefined ? {} : { range: `bytes=${range}` };
}

function readParts(request: GetRequest, around: Surroundings, display: () => TransferDisplay | undefined): ReadParts {
  const { clock, patience, signal } = around;
  let told = -1;
  const onRetry = (reason: string, positionBytes: number) => {
    // Once per cut, however many attempts it takes.
    if (positionBytes !== told) display()?.say(`${firstLine(reason)} Going on after ${formatBytes(positionBytes)}.`);
    told = positionBytes;
  };
  return { http: request.http, name: request.name, clock, patience, signal, onRetry };
}

function present(name: ObjectName, opened: OpenedRead): Opened {
  if (opened.kind === 'open') return opened;
  if (opened.kind === 'outside') throw new CliError(1, `${name.shown}: ${opened.message}`);
  throw new CliError(1, `There is no object ${name.shown}.`);
}

async function* counted(
  pieces: AsyncGenerator<Uint8Array, void, undefined>,
  display: TransferDisplay,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const piece of pieces) {
    yield piece;
    display.moved(piece.byteLength);
  }
}
