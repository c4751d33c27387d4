/** `sion put KEY [FILE|-]`: streams a file or standard input into an object. */
import { openSource } from '../client/file-source.ts';
import type { Address } from '../client/http-call.ts';
import type { ObjectName } from '../client/object-name.ts';
import { type PutTerms, putRetries, writeObject } from '../client/object-write.ts';
import { TransferDisplay } from '../progress/transfer-display.ts';
import { displayParts, firstLine, type Loudness, type Surroundings } from './surroundings.ts';

export interface PutRequest extends Loudness {
  readonly http: Address;
  readonly name: ObjectName;
  /** A path, or `-` for standard input. */
  readonly source: string;
  readonly terms: PutTerms;
}

const awaited = {
  store: 'waiting for the store',
  journal: 'waiting for the journal',
  memory: 'waiting for the functions',
} as const;

/** Resolves when the write is acknowledged. */
export async function putObject(request: PutRequest, around: Surroundings): Promise<void> {
  const { http, name, terms } = request;
  const { clock, signal } = around;
  const source = await openSource(request.source, around.input);
  const fromTerminal = request.source === '-' && around.input.isTTY === true;
  const display = new TransferDisplay(displayParts(around, request, fromTerminal), name.shown, source.sizeBytes);
  if (fromTerminal) display.say('Reading what is typed here; Ctrl-D ends it.');
  const patience = { ...around.patience, maxRetries: Math.min(around.patience.maxRetries, putRetries) };
  const watch = {
    onPiece: (bytes: number) => display.moved(bytes),
    onSent: () => display.wait(awaited[terms.durability ?? 'store']),
    onRetry: (reason: string) => {
      display.restart();
      display.say(`${firstLine(reason)} It is sent again from the beginning.`);
    },
  };
  try {
    await writeObject({ http, name, source, terms, clock, patience, signal, watch });
    display.end('done');
  } catch (error) {
    display.end('failed');
    throw error;
  } finally {
    await source.close();
  }
}
