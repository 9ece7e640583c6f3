import { createHash, createVerify, type KeyObject } from 'node:crypto';

/** Whether the first DKIM signature of a mail is good (RFC 6376, relaxed/relaxed and rsa-sha256 only), by what it signs. */
export function verifyDkim(raw: string, publicKey: KeyObject): { tags: Record<string, string>; isGood: boolean } {
  const end = raw.indexOf('\r\n\r\n');
  const headers = raw.slice(0, end).split(/\r\n(?![ \t])/);
  const relaxed = (line: string) => {
    const colon = line.indexOf(':');
    const value = line
      .slice(colon + 1)
      .replace(/\r\n/g, '')
      .replace(/[ \t]+/g, ' ')
      .trim();
    return `${line.slice(0, colon).trim().toLowerCase()}:${value}`;
  };
  const signature = headers.find((line) => /^dkim-signature:/i.test(line)) ?? '';
  const tags = Object.fromEntries(
    signature
      .slice(signature.indexOf(':') + 1)
      .split(';')
      .map((tag) => [tag.slice(0, tag.indexOf('=')).trim(), tag.slice(tag.indexOf('=') + 1).replace(/\s+/g, '')]),
  );
  const body = `${raw
    .slice(end + 4)
    .replace(/[ \t]+/g, ' ')
    .replace(/ \r\n/g, '\r\n')
    .replace(/(\r\n)+$/, '')}\r\n`;
  const isBodyGood = createHash('sha256').update(body).digest('base64') === tags['bh'];

  // The lowest header of a name first (5.4.2).
  const left = [...headers].reverse();
  const signed = (tags['h'] ?? '').split(':').flatMap((name) => {
    const index = left.findIndex((line) => line.toLowerCase().startsWith(`${name.toLowerCase()}:`));
    return index < 0 ? [] : left.splice(index, 1).map(relaxed);
  });
  const unsigned = relaxed(signature.replace(/([;\s]b=)[^;]*/, '$1'));
  const verifier = createVerify('RSA-SHA256').update([...signed, unsigned].join('\r\n'));
  return { tags, isGood: isBodyGood && verifier.verify(publicKey, tags['b'] ?? '', 'base64') };
}
