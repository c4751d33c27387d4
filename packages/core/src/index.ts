export * from './chunk-id.ts';
export * from './directory.ts';
export * from './key-name.ts';
export * from './lease.ts';
export * from './manifest.ts';
export * from './read-plan.ts';
export * from './session.ts';
export * from './striping.ts';
