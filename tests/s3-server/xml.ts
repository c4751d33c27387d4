/** The little XML that S3 needs: writing answers, and reading the parts that a completed upload lists. */

export function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

export type XmlFields = readonly (readonly [name: string, value: string | XmlFields])[];

/** `[['A', 'text'], ['B', [['C', 'nested']]]]` within a root element. */
export function writeXml(root: string, fields: XmlFields): string {
  const write = (list: XmlFields): string =>
    list
      .map(([name, value]) => `<${name}>${typeof value === 'string' ? escapeXml(value) : write(value)}</${name}>`)
      .join('');
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${root} xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${write(fields)}</${root}>`;
}

/** The parts of a CompleteMultipartUpload, in the order of the document. */
export function readParts(xml: string): readonly { readonly number: number; readonly etag: string }[] {
  return [...xml.matchAll(/<Part>([\s\S]*?)<\/Part>/g)].map((part) => {
    const field = (name: string) => new RegExp(`<${name}>([\\s\\S]*?)</${name}>`).exec(part[1] ?? '')?.[1] ?? '';
    return { number: Number(field('PartNumber')), etag: field('ETag').replaceAll('&quot;', '"').replaceAll('"', '') };
  });
}
