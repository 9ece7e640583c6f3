import { kindOf, type OpenSpan } from './span.js';
import { activeTracer } from './tracing.js';

/** What a client of `pg` has that matters here. */
interface Client {
  query: unknown;
}
type Query = (...given: unknown[]) => unknown;
type Callback = (error: unknown, result: unknown) => void;

const MOST_NAMES = 2000;
const names = new Map<string, { readonly name: string; readonly facts: Record<string, string> }>();

/** Opens a span for every statement of this connection that belongs to one. The span names the statement, and holds no value of it. */
export function traceStatements(client: Client): void {
  if (!activeTracer()) return;
  const query = (client.query as Query).bind(client);
  client.query = (...given: unknown[]): unknown => {
    const span = openStatement(given[0]);
    return span ? traced(span, query, given) : query(...given);
  };
}

function openStatement(statement: unknown): OpenSpan | undefined {
  const { text, submit } =
    typeof statement === 'string' ? { text: statement } : ((statement ?? {}) as { text?: unknown; submit?: unknown });
  // A stream, such as that of COPY, ends by itself.
  if (typeof text !== 'string' || submit !== undefined) return undefined;
  return activeTracer()?.openDetail({ kind: 'client', ...described(text) });
}

function traced(span: OpenSpan, query: Query, given: unknown[]): unknown {
  const callback = given.at(-1);
  if (typeof callback === 'function') {
    const ending: Callback = (error, result) => {
      span.end(error ? kindOf(error) : undefined);
      (callback as Callback)(error, result);
    };
    return query(...given.slice(0, -1), ending);
  }
  const result = query(...given) as Promise<unknown>;
  result.then(
    () => span.end(),
    (error: unknown) => span.end(kindOf(error)),
  );
  return result;
}

function described(text: string): { readonly name: string; readonly facts: Record<string, string> } {
  const known = names.get(text);
  if (known) return known;
  const { operation, table } = partsOf(text);
  const name = table === undefined ? operation : `${operation} ${table}`;
  const facts = { 'db.system.name': 'postgresql', 'db.query.summary': name, 'db.operation.name': operation };
  const description = { name, facts: table === undefined ? facts : { ...facts, 'db.collection.name': table } };
  if (names.size < MOST_NAMES) names.set(text, description);
  return description;
}

const CHANGE = /(?:\b(INSERT)\s+INTO|\b(DELETE)\s+FROM|(?<!\bFOR\s|\bKEY\s)\b(UPDATE))\s+"?([a-z_]\w*)/i;
const READ = /\b(SELECT)\b(?:[^]*?\bFROM\s+"?([a-z_]\w*)(?![\w.]*"?\())?/i;
const CALL = /^\s*SELECT\s+(?:[a-z_]\w*\.)?([a-z_]\w*)\(/i;
const OTHER = /^\s*(BEGIN|START TRANSACTION|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|SET|NOTIFY|LOCK|COPY)\b/i;

/** By what is changed, else by what is read first; only words that a schema could have. */
function partsOf(text: string): { readonly operation: string; readonly table: string | undefined } {
  const change = CHANGE.exec(text);
  if (change) return { operation: (change[1] ?? change[2] ?? change[3] ?? '').toUpperCase(), table: change[4] };
  const read = READ.exec(text);
  if (read) return { operation: 'SELECT', table: read[2] ?? CALL.exec(text)?.[1] };
  return { operation: OTHER.exec(text)?.[1]?.toUpperCase() ?? 'STATEMENT', table: undefined };
}
