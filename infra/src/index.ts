export * from './environment.ts';
export * from './estimate.ts';
export * from './settings.ts';
export * from './sion-stack.ts';
