import pg from 'pg';

const BEGIN = 'START TRANSACTION';
const ENDS = new Set(['COMMIT', 'ROLLBACK']);

type Query = (...given: unknown[]) => unknown;
type Answer = Pick<pg.QueryResult, 'command' | 'rows' | 'rowCount' | 'fields'>;
type Callback = (error: Error | null, result: unknown) => void;

/** Of `pg`, what its types leave out: a query that writes itself to the connection, and what the connection knows and writes. */
interface SelfSubmitting {
  callback: Callback;
  submit: (connection: Wire) => Error | null;
  handleCommandComplete: (message: unknown, connection: Wire) => void;
}
interface Wire {
  readonly parsedStatements: Readonly<Record<string, string | undefined>>;
  readonly stream: { cork(): void; uncork(): void };
  parse(statement: object): void;
  bind(portal: object): void;
  execute(portal: object): void;
}

const answered = (command: string): Answer => ({ command, rows: [], rowCount: null, fields: [] });

/**
 * Has a connection send the beginning of a transaction together with its first statement: in one packet, without a wait between
 * them. What fails then fails with the first statement. A transaction without a statement is never begun.
 *
 * To begin costs PostgreSQL next to nothing; to be woken, to read and to answer once more for it costs more than many a statement.
 */
export function beginWithFirstStatement(client: pg.ClientBase): void {
  const query = client.query.bind(client) as Query;
  const { connection } = client as unknown as { readonly connection: Wire };
  let isDue = false;
  /** While a transaction is begun by a statement of its own. */
  let begins: Promise<unknown> | undefined;
  const beginning = (...given: unknown[]): unknown => {
    // Not before what was asked for first: above all, no end of the transaction before a statement of it.
    if (begins) return begins.then(() => query(...given));
    const [text] = given;
    const isOfPromise = typeof given.at(-1) !== 'function';
    if (text === BEGIN && isOfPromise) {
      isDue = true;
      return Promise.resolve(answered('START'));
    }
    if (!isDue) return query(...given);
    isDue = false;
    if (ENDS.has(text as string) && isOfPromise) return Promise.resolve(answered(text as string));
    const first = isOfPromise ? preparable(text, given[1]) : undefined;
    // PostgreSQL would confirm two new statements, and `pg` remembers one.
    const isNew = first?.name !== undefined && connection.parsedStatements[first.name] === undefined;
    if (!first || isNew) {
      begins = (query(BEGIN) as Promise<unknown>).finally(() => (begins = undefined));
      return begins.then(() => query(...given));
    }
    return new Promise((resolve, reject) => {
      query(begun(first, (error, result) => (error ? reject(error) : resolve(result))));
    });
  };
  client.query = beginning as typeof client.query;
}

/** A statement with values; one without is a message of another kind. */
function preparable(text: unknown, values: unknown): pg.QueryConfig | undefined {
  const config = typeof text === 'string' ? { text, values } : ((text ?? {}) as Record<string, unknown>);
  const isOne = typeof config['text'] === 'string' && !('submit' in config) && Array.isArray(config['values']);
  return isOne && (config['values'] as unknown[]).length > 0 ? (config as unknown as pg.QueryConfig) : undefined;
}

/** The statement, with the beginning of a transaction before it. */
function begun(first: pg.QueryConfig, callback: Callback): SelfSubmitting {
  const query = new pg.Query(first) as unknown as SelfSubmitting;
  const { submit, handleCommandComplete } = query;
  let hasBegun = false;
  query.callback = callback;
  query.submit = (connection) => {
    connection.stream.cork();
    try {
      connection.parse({ text: BEGIN });
      connection.bind({});
      connection.execute({});
      return submit.call(query, connection);
    } finally {
      connection.stream.uncork();
    }
  };
  query.handleCommandComplete = (message, connection) => {
    if (hasBegun) handleCommandComplete.call(query, message, connection);
    hasBegun = true;
  };
  return query;
}
