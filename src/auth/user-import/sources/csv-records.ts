import { LineFault } from '../source-person.js';
import { type RawLine, rawLines, textOf } from './lines.js';

/** One record of CSV, by the names of the header or by place. */
export interface CsvRecord {
  readonly line: number;
  readonly cells?: readonly string[];
  readonly fault?: LineFault;
}

/** The records of CSV (RFC 4180), the header among them. */
export async function* csvRecords(chunks: AsyncIterable<Buffer>): AsyncGenerator<CsvRecord> {
  for await (const raw of rawLines(chunks, true)) yield recordOf(raw);
}

function recordOf({ line, bytes, fault }: RawLine): CsvRecord {
  if (!bytes) return { line, ...(fault && { fault }) };
  try {
    return { line, cells: cellsOf(textOf(bytes)) };
  } catch (error) {
    if (error instanceof LineFault) return { line, fault: error };
    throw error;
  }
}

/** @throws LineFault */
function cellsOf(text: string): string[] {
  const cells: string[] = [];
  const end = text.endsWith('\r') ? text.length - 1 : text.length;
  let at = 0;
  for (;;) {
    const quoted = text[at] === '"';
    const close = quoted ? closingQuote(text, at + 1, end) : nextComma(text, at, end);
    const cell = text.slice(quoted ? at + 1 : at, close);
    if (!quoted && cell.includes('"')) {
      throw new LineFault('malformed-csv', 'A quote stands in a cell that is not quoted.');
    }
    cells.push(quoted ? cell.replaceAll('""', '"') : cell);
    const next = quoted ? close + 1 : close;
    if (next >= end) return cells;
    if (text[next] !== ',') throw new LineFault('malformed-csv', 'Text follows a closing quote.');
    at = next + 1;
    if (at === end) return [...cells, ''];
  }
}

function closingQuote(text: string, from: number, end: number): number {
  for (let at = text.indexOf('"', from); at >= 0 && at < end; at = text.indexOf('"', at + 2)) {
    if (text[at + 1] !== '"') return at;
  }
  throw new LineFault('unterminated-quote', 'A quote is opened and never closed.');
}

function nextComma(text: string, from: number, end: number): number {
  const at = text.indexOf(',', from);
  return at < 0 ? end : at;
}

/** Rows by the names of the header, which is the first record. */
export interface CsvRow {
  readonly line: number;
  readonly row?: Readonly<Record<string, string>>;
  readonly fault?: LineFault;
}

/**
 * @param take told the header once, as it is written
 * @throws LineFault for a header that is none
 */
export async function* csvRows(
  chunks: AsyncIterable<Buffer>,
  take: (header: readonly string[]) => void,
): AsyncGenerator<CsvRow> {
  let header: readonly string[] | undefined;
  for await (const { line, cells, fault } of csvRecords(chunks)) {
    if (header === undefined) {
      if (!cells) throw fault ?? new LineFault('no-header', 'The file has no line of names.');
      header = cells.map((name) => name.trim());
      // As old Macs wrote it: the whole file would be one header, and nobody in it.
      if (header.some((name) => name.includes('\r')))
        throw new LineFault(
          'no-header',
          'Lines end with a carriage return (CR) alone. Save the file with LF or CRLF line endings.',
        );
      if (new Set(header).size < header.length) throw new LineFault('no-header', 'A column is named twice.');
      take(header);
      continue;
    }
    if (fault || !cells) yield { line, ...(fault && { fault }) };
    else if (cells.length !== header.length) {
      const message = `The record has ${cells.length} cells, and the header ${header.length}.`;
      yield { line, fault: new LineFault('wrong-number-of-cells', message) };
    } else yield { line, row: Object.fromEntries(header.map((name, place) => [name, cells[place] ?? ''])) };
  }
  if (header === undefined) throw new LineFault('no-header', 'The file is empty.');
}
