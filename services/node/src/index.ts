export { buildNodeBundle, type NodeBundle, type NodeBundleOptions } from './bundle.ts';
export type { ChunkLoaderSettings, ChunkSource } from './chunk-loader.ts';
export { chunkOverheadBytes } from './chunk-memory.ts';
export { createNode, type Node, type NodeParts } from './node.ts';
export { type NodeEnvironment, type NodeSettings, nodeDefaults, nodeSettings, nodeSettingsSchema } from './settings.ts';
