/** The fixed numbers of the link protocol. Both sides know them by heart; none of them is negotiated. */

/** The link protocol's version; either side refuses another one. */
export const linkProtocolVersion = 1;

/** Bytes of a frame's header. */
export const frameHeaderBytes = 16;

/** The longest head: its length is a u16. */
export const maxHeadBytes = 65_535;

/** The longest payload that a decoder takes unless it is told another limit. */
export const defaultMaxPayloadBytes = 16 * 1024 * 1024;

/** Most chunk ids in one `evict` and most entries in one `manifest`. */
export const maxChunksPerFrame = 1024;

/** Longest name of a deployed function, in bytes of UTF-8 (Lambda allows 64 characters). */
export const maxNodeNameBytes = 128;

/** Longest token, in bytes (half its hexadecimal digits). */
export const maxTokenBytes = 64;

/** Longest store name, in bytes of UTF-8 (S3 allows 1,024). */
export const maxStoreNameBytes = 4096;

/** Longest ETag, in bytes of UTF-8. */
export const maxEtagBytes = 1024;

/** Longest text for people in `refuse` and `failed`, in bytes of UTF-8; longer ones are cut. */
export const maxReasonBytes = 1024;
