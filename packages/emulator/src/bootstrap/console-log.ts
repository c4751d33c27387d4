/**
 * The console as Lambda's runtime writes it: time, request, level and message separated by tabs, one entry per line
 * (line breaks within an entry become carriage returns). Written synchronously, so that an entry is in the log before
 * the answer is on its way.
 */
import { writeSync } from 'node:fs';
import { format } from 'node:util';

const levels = { trace: 'TRACE', debug: 'DEBUG', log: 'INFO', info: 'INFO', warn: 'WARN', error: 'ERROR' } as const;

/** Redirects the console; `requestId` gives the invocation under way. */
export function patchConsole(requestId: () => string | undefined): void {
  for (const [method, level] of Object.entries(levels)) {
    Reflect.set(console, method, (...values: unknown[]) => {
      const message = format(...values).replaceAll('\n', '\r');
      const fields = [new Date().toISOString(), requestId() ?? 'undefined', level, message];
      writeLine(`${fields.join('\t')}\n`);
    });
  }
}

function writeLine(line: string): void {
  const bytes = Buffer.from(line);
  for (let written = 0; written < bytes.length; ) {
    try {
      written += writeSync(1, bytes, written);
    } catch (thrown) {
      // The pipe is full: its reader needs a moment.
      if (!(thrown instanceof Error && 'code' in thrown && thrown.code === 'EAGAIN')) return;
    }
  }
}
