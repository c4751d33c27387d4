/**
 * What SION keeps beside the bytes, as S3 keeps it: three entries of user metadata (`x-amz-meta-…`), the content type,
 * and the user's own entries under their own names, so that any S3 tool shows them.
 *
 *     sion-version   <epoch>.<counter>
 *     sion-expires   milliseconds since the Unix epoch, decimal
 *     sion-crc32     of all bytes, eight hexadecimal digits
 *     Content-Type   the user's; `binary/octet-stream`, S3's own default, stands for none
 *     <name>         printable ASCII without blanks at its ends or in a row as it is; any other value, and one that looks
 *                    like it, as an encoded word of RFC 2047: =?UTF-8?B?<base64>?=
 *
 * It must never let a user's entry pass for one of SION's.
 */
import {
  decodeUserMetadataValue,
  encodeUserMetadataValue,
  maxUserMetadataBytes,
  type StoredMetadata,
  userMetadataBytes,
} from '@sion/components';
import { SionError } from '@sion/wire';

/** The part of a request, or an answer, that carries metadata. */
export interface MetadataFields {
  readonly ContentType?: string | undefined;
  readonly Metadata?: Record<string, string> | undefined;
}

const ownNames = { version: 'sion-version', expires: 'sion-expires', crc32: 'sion-crc32' } as const;

/** S3's default when a writer names none. */
const noContentType = 'binary/octet-stream';

/** Throws `invalid` for what no header can carry. */
export function encodeMetadata(metadata: StoredMetadata): Required<MetadataFields> {
  const fields: Record<string, string> = {};
  for (const [name, value] of Object.entries(metadata.user ?? {})) {
    assertUserName(name);
    fields[name] = encodeUserMetadataValue(value);
  }
  const userBytes = userMetadataBytes(metadata.user ?? {});
  if (userBytes > maxUserMetadataBytes) {
    const message = `The user metadata is ${userBytes} bytes, but S3 takes at most ${maxUserMetadataBytes}. Keep less of it.`;
    throw new SionError('invalid', message);
  }
  if (metadata.version !== undefined) fields[ownNames.version] = metadata.version;
  if (metadata.expiresAtMs !== undefined) fields[ownNames.expires] = String(metadata.expiresAtMs);
  if (metadata.crc32 !== undefined) fields[ownNames.crc32] = metadata.crc32.toString(16).padStart(8, '0');
  return { ContentType: contentTypeField(metadata.contentType), Metadata: fields };
}

/** Takes whatever others may have put; what is no metadata of SION's is the user's or is left out. */
export function decodeMetadata(fields: MetadataFields): StoredMetadata {
  const {
    [ownNames.version]: version,
    [ownNames.expires]: expires,
    [ownNames.crc32]: crc,
    ...rest
  } = fields.Metadata ?? {};
  const user = Object.entries(rest).map(
    ([name, value]) => [name.toLowerCase(), decodeUserMetadataValue(value)] as const,
  );
  const contentType = fields.ContentType;
  return {
    ...(version === undefined || version === '' ? {} : { version }),
    ...(expires !== undefined && /^\d{1,16}$/.test(expires) ? { expiresAtMs: Number(expires) } : {}),
    ...(crc !== undefined && /^[0-9a-f]{8}$/.test(crc) ? { crc32: Number.parseInt(crc, 16) } : {}),
    ...(contentType === undefined || contentType === '' || contentType === noContentType ? {} : { contentType }),
    ...(user.length === 0 ? {} : { user: Object.fromEntries(user) }),
  };
}

/** The front refuses all names under `sion-`; others may have put some, which are kept unless they are SION's own three. */
function assertUserName(name: string): void {
  const isOwn = Object.values<string>(ownNames).includes(name) || name === '__proto__';
  if (/^[a-z0-9!#$%&'*+.^_`|~-]+$/.test(name) && !isOwn) return;
  const remedy = 'Use lower-case letters, digits, "-", "_" and "."; names that begin with "sion-" are SION’s own.';
  throw new SionError('invalid', `${JSON.stringify(name)} is no name for metadata. ${remedy}`);
}

function contentTypeField(contentType: string | undefined): string {
  if (contentType === undefined || contentType === '') return noContentType;
  if (/^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(contentType)) return contentType;
  throw new SionError('invalid', `${JSON.stringify(contentType)} is no content type. Use printable ASCII.`);
}
