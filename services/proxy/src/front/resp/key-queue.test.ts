import { describe, expect, it } from 'vitest';
import { KeyQueue } from './key-queue.ts';

describe('KeyQueue', () => {
  it('runs the work on a key one by one, in order, past failures; other keys do not wait', async () => {
    const queue = new KeyQueue();
    const events: string[] = [];
    const gate = Promise.withResolvers<void>();
    const first = queue.run('k', async () => {
      events.push('first begins');
      await gate.promise;
      events.push('first fails');
      throw new Error('why');
    });
    const second = queue.run('k', async () => {
      events.push('second');
      return 2;
    });
    await queue.run('other', async () => events.push('other'));
    expect(events).toEqual(['first begins', 'other']);
    gate.resolve();
    await expect(first).rejects.toThrow('why');
    expect(await second).toBe(2);
    expect(events).toEqual(['first begins', 'other', 'first fails', 'second']);
    expect(queue.size).toBe(0);
  });
});
