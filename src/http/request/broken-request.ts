import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { PROBLEM_CONTENT_TYPE, problemFrom } from '../problem.js';
import { newTraceId } from '../../config/trace-id.js';

const STATUS_OF: Record<string, number> = { HPE_HEADER_OVERFLOW: 431, ERR_HTTP_REQUEST_TIMEOUT: 408 };

/** Answers bytes that are not an HTTP request with a problem, and closes the connection. */
export function refuseBrokenRequest(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const statusCode = STATUS_OF[error.code ?? ''] ?? 400;
  const cause = Object.assign(new Error('The request is not valid HTTP.'), { statusCode });
  const problem = problemFrom(cause, { instance: '/', traceId: newTraceId() });
  const body = JSON.stringify(problem);
  socket.end(
    [
      `HTTP/1.1 ${statusCode} ${STATUS_CODES[statusCode]}`,
      `Content-Type: ${PROBLEM_CONTENT_TYPE}`,
      `Content-Length: ${Buffer.byteLength(body)}`,
      `X-Trace-Id: ${problem.traceId}`,
      'Connection: close',
      '',
      body,
    ].join('\r\n'),
  );
}
