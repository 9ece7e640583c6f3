import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { ValidationFailed } from './validation.js';

/** A position in a feed; undefined for anything else. */
export function parsePosition(text: string): number | undefined {
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/** Parameter: the position of a reader of server-sent events, from its `Last-Event-ID`. @throws ValidationFailed */
export const LastEventId = createParamDecorator((_: unknown, execution: ExecutionContext): number | undefined => {
  const text = execution.switchToHttp().getRequest<FastifyRequest>().headers['last-event-id'];
  if (text === undefined || text === '') return undefined;
  const position = typeof text === 'string' ? parsePosition(text) : undefined;
  if (position !== undefined) return position;
  throw new ValidationFailed([{ path: 'Last-Event-ID', message: 'must be the id of an event of this feed' }]);
});

/** Whether server-sent events are asked for. A HEAD has no body to stream. */
export function wantsStream({ method, headers }: FastifyRequest): boolean {
  return method !== 'HEAD' && /\btext\/event-stream\b/i.test(headers.accept ?? '');
}
