/** Seeds that failed, or that reach what others seldom do; each with why it is kept. They run with every test. */
export const keptSeeds: Readonly<Record<string, string>> = {
  b1: 'two proxies are deposed while they are paused, and find out when they go on',
};
