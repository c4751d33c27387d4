/** The client library of SION. */
export type {
  CallOptions,
  Description,
  Lifetime,
  ResendOptions,
  SetOptions,
  SetStreamOptions,
  WriteCondition,
  WriteOptions,
} from './call-options.ts';
export { type ExpireOptions, type ExpiryCondition, SionClient } from './client.ts';
export { bufferCodec, type Codec, type Decoder, type Encoder, jsonCodec, stringCodec } from './codec.ts';
export { createClient } from './create-client.ts';
export { isSionError, SionError, type SionErrorCode, sionErrorCodes } from './errors.ts';
export type { Key } from './key.ts';
export type { ListedObject, ListedPrefix, ListOptions } from './listing.ts';
export type { ObjectInfo, StoredObject } from './object-info.ts';
export type { ClientOptions, Durability } from './options.ts';
export type { Argument, Reply } from './resp-channel.ts';
export type { ScanOptions } from './scan.ts';
export type { GetStreamOptions, ObjectStream } from './streams.ts';
export type { ByteSource } from './transfer.ts';
