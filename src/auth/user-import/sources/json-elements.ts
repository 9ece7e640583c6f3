import { LineFault } from '../source-person.js';
import { type RawLine, TOO_LONG } from './lines.js';

const LONGEST_BYTES = 1024 * 1024;
const [NEWLINE, QUOTE, BACKSLASH, COLON, COMMA] = [0x0a, 0x22, 0x5c, 0x3a, 0x2c];
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];

/**
 * The elements of a list in a large JSON document, in constant memory: of a document that is a list, or of the list of this name in one
 * that is an object. What surrounds them is passed over; each element is parsed by the caller.
 * @throws LineFault where the document has no such list
 */
export async function* jsonElements(chunks: AsyncIterable<Buffer>, name: string): AsyncGenerator<RawLine> {
  const scanner = new Scanner(name);
  for await (const chunk of chunks) yield* scanner.scan(chunk);
  scanner.finish();
}

class Scanner {
  private line = 1;
  private depth = 0;
  private isInText = false;
  private isEscaped = false;
  /** The text of the last string at depth 1, which may be a key. */
  private word: number[] | undefined;
  private key = '';
  /** The depth of elements; undefined outside the list. */
  private elementDepth: number | undefined;
  private found = false;
  private begin = 0;
  private element: Buffer[] = [];
  private elementBytes = 0;
  private isInElement = false;
  private isSkipped = false;

  constructor(private readonly name: string) {}

  finish(): void {
    if (!this.found) throw new LineFault('no-users', `The file has no list "${this.name}".`);
    if (this.isInElement || this.depth > 0) throw new LineFault('malformed-json', 'The file ends in the middle.');
  }

  *scan(chunk: Buffer): Generator<RawLine> {
    let start = 0;
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at] as number;
      if (byte === NEWLINE) this.line++;
      if (this.isInText) {
        this.text(byte);
        continue;
      }
      if (byte === QUOTE) this.beginText();
      else if (byte === COLON) this.endKey();
      const opens = byte === OPEN_OBJECT || byte === OPEN_LIST;
      const isBreak = byte === COMMA || byte <= 0x20 || byte === 0xef || byte === 0xbb || byte === 0xbf;
      const closes = byte === CLOSE_OBJECT || byte === CLOSE_LIST;
      if (this.depth === this.elementDepth && !this.isInElement && !isBreak && !closes) {
        [this.isInElement, this.begin, start] = [true, this.line, at];
      }
      const isEnd = this.isInElement && this.depth === this.elementDepth && (closes || byte === COMMA);
      // Of an element that is no object or list, such as a number.
      if (isEnd) yield this.end(chunk.subarray(start, at));
      if (opens) this.open(byte);
      if (closes) this.close();
      if (closes && this.isInElement && this.depth === this.elementDepth) yield this.end(chunk.subarray(start, at + 1));
    }
    if (this.isInElement) this.keep(chunk.subarray(start));
  }

  private open(byte: number): void {
    this.depth++;
    if (this.elementDepth !== undefined || byte !== OPEN_LIST) return;
    const isRoot = this.depth === 1;
    if (isRoot || (this.depth === 2 && this.key === this.name)) [this.elementDepth, this.found] = [this.depth, true];
  }

  private close(): void {
    this.depth--;
    if (this.elementDepth !== undefined && this.depth < this.elementDepth) this.elementDepth = undefined;
  }

  private beginText(): void {
    this.isInText = true;
    this.word = this.depth === 1 && this.elementDepth === undefined ? [] : undefined;
  }

  private text(byte: number): void {
    if (this.isEscaped) this.isEscaped = false;
    else if (byte === BACKSLASH) this.isEscaped = true;
    else if (byte === QUOTE) this.isInText = false;
    if (this.isInText && this.word && this.word.length < 64) this.word.push(byte);
  }

  private endKey(): void {
    if (this.depth === 1 && this.word) this.key = Buffer.from(this.word).toString();
  }

  private keep(part: Buffer): void {
    this.elementBytes += part.length;
    if (this.elementBytes > LONGEST_BYTES) [this.element, this.isSkipped] = [[], true];
    else this.element.push(Buffer.from(part));
  }

  private end(last: Buffer): RawLine {
    this.keep(last);
    const result = this.isSkipped
      ? { line: this.begin, fault: TOO_LONG() }
      : { line: this.begin, bytes: Buffer.concat(this.element) };
    [this.element, this.elementBytes, this.isInElement, this.isSkipped] = [[], 0, false, false];
    return result;
  }
}
