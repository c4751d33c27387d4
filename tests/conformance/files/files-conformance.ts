/**
 * One suite for both forms of `Files`: what each promises while the machine lives. What its death leaves is shown by the
 * virtual disk's own tests.
 */
import type { Files } from '@sion/components';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

/** A fresh, empty folder for one test. */
export interface FilesSubject {
  readonly files: Files;
  /** Opens the same folder once more, as the next process does. */
  reopen(): Promise<Files>;
  remove(): Promise<void>;
}

const text = (value: string) => Buffer.from(value);
const unavailable = { code: 'unavailable' };

/** Runs the whole suite on one form. */
export function filesConformance(name: string, create: () => Promise<FilesSubject>): void {
  describe(`files conformance: ${name}`, () => {
    let subject: FilesSubject;
    let files: Files;
    beforeEach(async () => {
      subject = await create();
      files = subject.files;
    });
    afterEach(() => subject.remove());

    async function write(file: string, ...pieces: string[]): Promise<void> {
      const writable = await files.create(file);
      for (const piece of pieces) await writable.append([text(piece)]);
      await writable.sync();
      await writable.close();
    }

    async function read(from: Files, file: string): Promise<string | undefined> {
      const bytes = await from.read(file);
      return bytes && Buffer.from(bytes).toString();
    }

    test('a replaced file is read back, and is gone when it is removed, twice too', async () => {
      expect(await files.read('a')).toBeUndefined();
      await files.replace('a', text('one'));
      await files.replace('a', text('two'));
      expect(await read(files, 'a')).toBe('two');
      await files.remove('a');
      await files.remove('a');
      expect(await files.read('a')).toBeUndefined();
    });

    test('names are listed sorted', async () => {
      expect(await files.list()).toEqual([]);
      await files.replace('b', text('x'));
      await write('a.log', 'x');
      await write('B', 'x');
      expect(await files.list()).toEqual(['B', 'a.log', 'b']);
      await files.remove('b');
      expect(await files.list()).toEqual(['B', 'a.log']);
    });

    test('appends stand in the order of their calls, in all their parts', async () => {
      const file = await files.create('a');
      expect(file.sizeBytes).toBe(0);
      const long = Buffer.alloc(1_500_000, 'y');
      const appends = [
        file.append([text('one '), text(''), text('two ')]),
        file.append([]),
        file.append([long, text('!')]),
        file.append([text(' three')]),
      ];
      await file.sync();
      await Promise.all(appends);
      expect(file.sizeBytes).toBe(8 + 1_500_001 + 6);
      await file.close();
      expect(await read(await subject.reopen(), 'a')).toBe(`one two ${long}! three`);
    });

    test('an empty file is a file', async () => {
      await write('a');
      expect(await files.list()).toEqual(['a']);
      expect(await files.read('a')).toHaveLength(0);
      const opened = await files.open('a');
      expect(opened?.sizeBytes).toBe(0);
      expect(await opened?.read(0, 10)).toHaveLength(0);
      await opened?.close();
    });

    test('a name that is taken is not made again', async () => {
      await write('a', 'one');
      await expect(files.create('a')).rejects.toMatchObject({ code: 'invalid' });
      expect(await read(files, 'a')).toBe('one');
    });

    test('ranges are read, clipped at the end, and see what was appended after the opening', async () => {
      expect(await files.open('a')).toBeUndefined();
      const file = await files.create('a');
      await file.append([text('0123456789')]);
      const opened = (await files.open('a'))!;
      expect(opened.sizeBytes).toBe(10);
      const range = async (start: number, end: number) => Buffer.from(await opened.read(start, end)).toString();
      expect(await range(0, 10)).toBe('0123456789');
      expect(await range(3, 5)).toBe('34');
      expect(await range(8, 20)).toBe('89');
      expect(await range(10, 20)).toBe('');
      expect(await range(30, 40)).toBe('');
      await file.append([text('abc')]);
      expect(await range(8, 20)).toBe('89abc');
      await file.close();
      await opened.close();
      await opened.close();
    });

    test('what is open stays readable when it is removed or replaced', async () => {
      await write('a', 'one');
      await write('b', 'two');
      const [a, b] = [(await files.open('a'))!, (await files.open('b'))!];
      await files.remove('a');
      await files.replace('b', text('other'));
      expect(Buffer.from(await a.read(0, 9)).toString()).toBe('one');
      expect(Buffer.from(await b.read(0, 9)).toString()).toBe('two');
      await a.close();
      await b.close();
    });

    test('a file gets another name, over what had it', async () => {
      await write('a', 'one');
      await files.rename('a', 'b');
      expect([await read(files, 'a'), await read(files, 'b')]).toEqual([undefined, 'one']);
      await write('a', 'two');
      await files.rename('a', 'b');
      expect([await files.list(), await read(files, 'b')]).toEqual([['b'], 'two']);
      await expect(files.rename('a', 'c')).rejects.toMatchObject(unavailable);
      expect(await read(files, 'b')).toBe('two');
    });

    test('a closed file takes nothing more, and may be closed again', async () => {
      const file = await files.create('a');
      const append = file.append([text('one')]);
      await file.close();
      await append;
      await file.close();
      await expect((async () => file.append([text('two')]))()).rejects.toThrow('closed');
      await expect((async () => file.sync())()).rejects.toThrow('closed');
      expect(await read(files, 'a')).toBe('one');
    });
  });
}
