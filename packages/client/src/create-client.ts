/** Making a client: what the user gave is judged here, once, and put together with the real world. */
import { SionClient } from './client.ts';
import { bufferCodec, type Codec } from './codec.ts';
import { Connection } from './connection.ts';
import { type ClientOptions, readSettings, readUrl } from './options.ts';
import { realSystem } from './system.ts';

/** Makes a client. It connects with its first call. */
export function createClient(options?: ClientOptions): SionClient;
export function createClient<Out, In>(options: ClientOptions & { readonly codec: Codec<Out, In> }): SionClient<Out, In>;
/** `sion://user:password@host:6380?http=6381`; `sions://` for TLS. Options hold over what the address says. */
export function createClient(url: string, options?: ClientOptions): SionClient;
export function createClient<Out, In>(
  url: string,
  options: ClientOptions & { readonly codec: Codec<Out, In> },
): SionClient<Out, In>;
export function createClient(
  first: string | (ClientOptions & { readonly codec?: Codec<unknown, never> }) = {},
  second: ClientOptions & { readonly codec?: Codec<unknown, never> } = {},
): SionClient<unknown, never> {
  const options = typeof first === 'string' ? { ...readUrl(first), ...second } : first;
  const codec: Codec<unknown, never> = options.codec ?? bufferCodec;
  return new SionClient(new Connection(readSettings(options), realSystem), codec);
}
