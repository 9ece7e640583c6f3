import type pg from 'pg';

/** A value of a column; arrays and composite values as PostgreSQL writes them. Objects become JSON. */
export type CopyValue = string | number | boolean | Date | Buffer | object | null;

/** The part of a connection of `pg` that COPY needs and its types leave out. */
interface CopyConnection {
  query(text: string): void;
  sendCopyFromChunk(chunk: Buffer): void;
  endCopyFrom(): void;
}

const CHUNK_BYTES = 64 * 1024;

/** Writes rows by COPY, in the transaction that is open on the client. */
export async function copyInto(
  client: pg.Client,
  table: string,
  columns: readonly string[],
  rows: readonly (readonly CopyValue[])[],
): Promise<void> {
  await copyText(client, table, columns, copyTextOf(rows));
}

/** Rows as COPY takes them. */
export function copyTextOf(rows: readonly (readonly CopyValue[])[]): Buffer {
  return Buffer.from(rows.map((row) => `${row.map(encode).join('\t')}\n`).join(''));
}

/** Writes rows that are encoded already. */
export async function copyText(
  client: pg.Client,
  table: string,
  columns: readonly string[],
  text: Buffer,
): Promise<void> {
  if (text.length === 0) return;
  await new Promise<void>((done, fail) => {
    client.query(new CopyIn(`COPY ${table} (${columns.join(', ')}) FROM STDIN`, text, done, fail));
  });
}

/** A query of `pg` that answers the server's readiness for data with the data; `pg` itself refuses COPY. */
class CopyIn implements pg.Submittable {
  private failure: Error | undefined;

  constructor(
    private readonly text: string,
    private readonly data: Buffer,
    private readonly done: () => void,
    private readonly fail: (error: Error) => void,
  ) {}

  submit = (connection: unknown): void => {
    (connection as CopyConnection).query(this.text);
  };

  handleCopyInResponse(connection: CopyConnection): void {
    for (let begin = 0; begin < this.data.length; begin += CHUNK_BYTES) {
      connection.sendCopyFromChunk(this.data.subarray(begin, begin + CHUNK_BYTES));
    }
    connection.endCopyFrom();
  }

  handleCommandComplete(): void {
    // `handleReadyForQuery` follows.
  }

  handleError(error: Error): void {
    this.failure = error;
    // A lost connection is never ready again.
    this.fail(error);
  }

  handleReadyForQuery(): void {
    if (!this.failure) this.done();
  }
}

const SPECIAL: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' };

/** The text format of COPY. */
function encode(value: CopyValue): string {
  if (value === null) return '\\N';
  if (typeof value === 'number') return String(value);
  if (typeof value === 'boolean') return value ? 't' : 'f';
  if (Buffer.isBuffer(value)) return `\\\\x${value.toString('hex')}`;
  if (value instanceof Date) return value.toISOString();
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return /[\\\t\n\r]/.test(text) ? text.replace(/[\\\t\n\r]/g, (character) => SPECIAL[character] ?? character) : text;
}
