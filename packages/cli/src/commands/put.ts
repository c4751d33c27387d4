/** `sion put KEY [FILE|-] [--ttl S]`: streams a file or standard input into an object. */
import { type FileHandle, open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { CliError } from '../cli-error.ts';
import { type Address, callHttp, isSuccess, readText, throwRefusal } from '../client/http-call.ts';
import { objectPath } from '../client/object-path.ts';

export interface PutOptions {
  /** Life time in seconds; undefined = for good. */
  readonly ttlSeconds?: number;
}

/** `source` is a path, or `-` for `input`. Resolves when the write is acknowledged. */
export async function putObject(
  http: Address,
  key: string,
  source: string,
  input: Readable,
  options: PutOptions,
): Promise<void> {
  const body = source === '-' ? { stream: input } : await openFile(source);
  const answer = await callHttp(http, {
    method: 'PUT',
    path: objectPath(key),
    headers: {
      'content-type': 'application/octet-stream',
      ...(body.sizeBytes === undefined ? {} : { 'content-length': body.sizeBytes }),
      ...(options.ttlSeconds === undefined ? {} : { 'sion-ttl': options.ttlSeconds }),
    },
    body: body.stream,
  });
  // A refusal may come before everything was read; what is left must not keep the process.
  body.stream.destroy();
  if (!isSuccess(answer)) return throwRefusal(answer);
  await readText(answer);
}

async function openFile(path: string): Promise<{ readonly stream: Readable; readonly sizeBytes?: number }> {
  try {
    const file = await open(path, 'r');
    const stat = await file.stat();
    if (stat.isDirectory()) {
      await file.close();
      throw new CliError(1, `${path} is a folder; put takes one file.`);
    }
    if (!stat.isFile()) return { stream: file.createReadStream() };
    // What is appended to the file meanwhile is left out: the length has been announced.
    const stream = stat.size === 0 ? await emptyStream(file) : file.createReadStream({ end: stat.size - 1 });
    return { stream, sizeBytes: stat.size };
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw new CliError(1, `${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

async function emptyStream(file: FileHandle): Promise<Readable> {
  await file.close();
  return Readable.from([]);
}
