import { LineFault } from '../source-person.js';

const NEWLINE = 0x0a;
const QUOTE = 0x22;
const LONGEST_BYTES = 1024 * 1024;

/** The bytes of one record and the number of the line where it begins, from 1. */
export interface RawLine {
  readonly line: number;
  readonly bytes?: Buffer;
  readonly fault?: LineFault;
}

export const TOO_LONG = (): LineFault => new LineFault('line-too-long', 'The record has more than a megabyte.');

/**
 * Splits bytes into records at line breaks, in constant memory.
 * @param quoted whether a line break between quotes belongs to the record, as in CSV (RFC 4180)
 */
export async function* rawLines(chunks: AsyncIterable<Buffer>, quoted: boolean): AsyncGenerator<RawLine> {
  let kept: Buffer[] = [];
  let [keptBytes, line, begin, isOpen, isSkipped] = [0, 1, 1, false, false];
  const end = (last: Buffer): RawLine[] => {
    const bytes = Buffer.concat([...kept, last]);
    const record = isSkipped ? { line: begin, fault: TOO_LONG() } : { line: begin, bytes };
    [kept, keptBytes, isOpen, isSkipped] = [[], 0, false, false];
    return isBlank(bytes) && !record.fault ? [] : [record];
  };
  for await (const chunk of chunks) {
    let start = 0;
    for (let at = 0; at < chunk.length; at++) {
      if (!quoted) {
        const next = chunk.indexOf(NEWLINE, at);
        if (next < 0) break;
        at = next;
      }
      const byte = chunk[at];
      if (byte === QUOTE && quoted && !isSkipped) isOpen = !isOpen;
      if (byte !== NEWLINE) continue;
      line++;
      if (isOpen && !isSkipped && keptBytes + at - start <= LONGEST_BYTES) continue;
      if (keptBytes + at - start > LONGEST_BYTES) isSkipped = true;
      yield* end(chunk.subarray(start, at));
      [start, begin] = [at + 1, line];
    }
    keptBytes += chunk.length - start;
    if (keptBytes > LONGEST_BYTES) [kept, isSkipped] = [[], true];
    else kept.push(Buffer.from(chunk.subarray(start)));
  }
  if (isOpen && !isSkipped) {
    yield { line: begin, fault: new LineFault('unterminated-quote', 'A quote is opened and never closed.') };
  } else yield* end(Buffer.alloc(0));
}

function isBlank(bytes: Buffer): boolean {
  return bytes.length < 3 && bytes.toString('latin1').trim() === '';
}

const decoder = new TextDecoder('utf-8', { fatal: true });

/** @throws LineFault where it is not UTF-8. A byte order mark is left out. */
export function textOf(bytes: Buffer): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw new LineFault('not-utf8', 'The record is not UTF-8.');
  }
}

/** An object of JSON. @throws LineFault */
export function objectOf(bytes: Buffer): Record<string, unknown> {
  const text = textOf(bytes);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new LineFault('malformed-json', 'The record is not valid JSON.');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new LineFault('malformed-json', 'The record is not a JSON object.');
  }
  return value as Record<string, unknown>;
}
