export * from './chunk-id.ts';
export * from './manifest.ts';
