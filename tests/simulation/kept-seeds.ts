/** Seeds that failed, or that reach what others seldom do; each with why it is kept. They run with every test. */
export const keptSeeds: Readonly<Record<string, string>> = {
  b1: 'two proxies are deposed while they are paused, and find out when they go on',
  b5: 'ETags are content hashes and come back with the bytes (A, B, A), values are in memory alone, in the journal, in the store',
  b13: 'writes and deletes land late while the journal brings others to the store',
  's-124':
    'an upload replaces one whose metadata is guarded in the journal, and a read comes before the journal has noted it',
};
