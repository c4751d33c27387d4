export * from './clock.ts';
export * from './files.ts';
export * from './functions.ts';
export * from './log.ts';
export * from './network.ts';
export * from './process-identity.ts';
export * from './random.ts';
export * from './store.ts';
