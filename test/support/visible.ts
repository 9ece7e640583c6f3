import type { Response } from 'supertest';

/** All that an observer can tell two answers apart by, byte for byte, but for the trace id and the date. */
export function visible({ status, headers, text }: Pick<Response, 'status' | 'headers' | 'text'>): object {
  const { date: _date, 'x-trace-id': trace, ...rest } = headers as Record<string, string>;
  return { status, headers: rest, text: text.replaceAll(trace ?? '-', 'TRACE') };
}
