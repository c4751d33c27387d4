export * from './chunk-id.ts';
export * from './manifest.ts';
export * from './directory.ts';
export * from './lease.ts';
