/**
 * What `put` sends: a file or standard input. A file is sent as it is at one moment or not at all: its last piece is held
 * back until a look has shown that size and time of change are still those from the beginning, so a file that is written
 * to meanwhile never becomes an object of two halves.
 */
import type { BigIntStats } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { CliError } from '../cli-error.ts';

const pieceBytes = 256 * 1024;

/** Bytes to be sent. */
export interface Source {
  /** For people: the path, or `standard input`. */
  readonly name: string;
  /** Absent = until its end. */
  readonly sizeBytes?: number;
  /** True = it can be opened again, from the beginning. */
  readonly repeatable: boolean;
  /** A fresh reading. `onPiece` is told of each piece before it is handed on. */
  open(onPiece: (bytes: number) => void): Reading;
  close(): Promise<void>;
}

export interface Reading {
  readonly stream: Readable;
  /** True once the last byte was handed on: before that, nobody can have received everything. */
  isHandedOver(): boolean;
}

/** `path` is a file, or `-` for `input`. */
export async function openSource(path: string, input: Readable): Promise<Source> {
  if (path === '-') return streamSource('standard input', input);
  const file = await opened(path, () => open(path, 'r'));
  try {
    const before = await file.stat({ bigint: true });
    if (before.isDirectory()) throw new CliError(1, `${path} is a folder; put takes one file.`);
    if (!before.isFile()) return { ...streamSource(path, file.createReadStream()), close: () => file.close() };
    return fileSource(path, file, before);
  } catch (error) {
    await file.close();
    throw error;
  }
}

function streamSource(name: string, input: Readable): Source {
  return {
    name,
    repeatable: false,
    open: (onPiece) => {
      let ended = false;
      const pieces = async function* () {
        for await (const piece of input) {
          const bytes = Buffer.from(piece);
          onPiece(bytes.byteLength);
          yield bytes;
        }
        ended = true;
      };
      const stream = Readable.from(pieces(), { objectMode: false });
      // A refusal may come before everything was read; what is left must not keep the process.
      stream.once('close', () => input.destroy());
      return { stream, isHandedOver: () => ended };
    },
    close: async () => {},
  };
}

function fileSource(path: string, file: FileHandle, before: BigIntStats): Source {
  return {
    name: path,
    sizeBytes: Number(before.size),
    repeatable: true,
    open: (onPiece) => {
      let handedOver = false;
      const onLast = () => {
        handedOver = true;
      };
      return {
        stream: Readable.from(filePieces(path, file, before, onPiece, onLast), { objectMode: false }),
        isHandedOver: () => handedOver,
      };
    },
    close: () => file.close(),
  };
}

async function* filePieces(
  path: string,
  file: FileHandle,
  before: BigIntStats,
  onPiece: (bytes: number) => void,
  onLast: () => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  const sizeBytes = Number(before.size);
  for (let position = 0; position < sizeBytes; ) {
    const piece = Buffer.allocUnsafe(Math.min(pieceBytes, sizeBytes - position));
    const { bytesRead } = await opened(path, () => file.read(piece, 0, piece.byteLength, position));
    if (bytesRead === 0) throw changed(path, sizeBytes, position);
    position += bytesRead;
    if (position === sizeBytes) {
      await assertUnchanged(path, file, before);
      onLast();
    }
    onPiece(bytesRead);
    yield piece.subarray(0, bytesRead);
  }
  onLast();
}

async function assertUnchanged(path: string, file: FileHandle, before: BigIntStats): Promise<void> {
  const now = await opened(path, () => file.stat({ bigint: true }));
  if (now.size === before.size && now.mtimeNs === before.mtimeNs) return;
  throw changed(path, Number(before.size), Number(now.size));
}

function changed(path: string, beforeBytes: number, nowBytes: number): CliError {
  const how = beforeBytes === nowBytes ? '' : ` (${beforeBytes} bytes before, ${nowBytes} now)`;
  return new CliError(
    1,
    `${path} was changed while it was being read${how}; nothing was stored. Put it again when nobody writes to it, ` +
      `or send what it has now: cat ${path} | sion put KEY -`,
  );
}

async function opened<T>(path: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    throw new CliError(1, `${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}
