import { type IncomingMessage, request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { Injectable } from '@nestjs/common';
import type { Settings } from '../../../config/settings.js';
import { InjectSettings } from '../../../config/settings.token.js';
import { OutboundTargets } from '../../../http/outbound/outbound-targets.js';
import { ProviderFailure } from '../provider-errors.js';

/** From the start of a connection to the end of the answer. */
const ANSWER_WITHIN_MS = 5000;
/** Discovery documents and key sets have some kilobytes. */
const MOST_BYTES = 256 * 1024;

/** What Roster asks of a provider. */
export interface ProviderRequest {
  readonly method?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: unknown;
}

/**
 * Requests to providers: only to where they may go, without redirects, within five seconds, and no more of the answer than there can
 * be. What discovery names is where a provider wants us to connect to, so every URL is checked.
 */
@Injectable()
export class ProviderHttp {
  private readonly targets: OutboundTargets;
  private readonly answerWithinMs: number = ANSWER_WITHIN_MS;

  constructor(@InjectSettings() { PROVIDERS_ALLOW_PRIVATE, NODE_ENV }: Settings) {
    this.targets = new OutboundTargets(PROVIDERS_ALLOW_PRIVATE ?? NODE_ENV !== 'production', {
      what: 'providers',
      setting: 'PROVIDERS_ALLOW_PRIVATE',
    });
    this.isProduction = NODE_ENV === 'production';
  }

  private readonly isProduction: boolean;

  /** As `fetch`, for `openid-client`. @throws ProviderFailure */
  readonly fetch = async (
    target: string,
    { method = 'GET', headers = {}, body }: ProviderRequest = {},
  ): Promise<Response> => {
    const stop = AbortSignal.timeout(this.answerWithinMs);
    try {
      const url = new URL(target);
      this.targets.check(url);
      if (this.isProduction && url.protocol !== 'https:') throw new Error('must start with https://');
      const answer = await this.send(url, { method, headers, body: textOf(body) }, stop);
      const bytes = await read(answer);
      const status = answer.statusCode ?? 0;
      if (status >= 500) throw new Error(`answered ${status}`);
      // Statuses without a body take none.
      return new Response(bytes.length > 0 ? new Uint8Array(bytes) : null, { status, headers: headersOf(answer) });
    } catch (error) {
      const why = stop.aborted ? `no answer within ${this.answerWithinMs} ms` : (error as Error).message;
      throw new ProviderFailure('unavailable', why, { cause: error });
    }
  };

  private async send(
    url: URL,
    { method, headers, body }: { method: string; headers: Readonly<Record<string, string>>; body: string | undefined },
    signal: AbortSignal,
  ): Promise<IncomingMessage> {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    const options = { method, headers: { ...headers, ...length }, lookup: this.targets.lookup, signal, agent: false };
    const request = send(url, options, resolve);
    request.on('error', reject);
    request.end(body);
    return promise;
  }
}

/** `openid-client` sends forms and nothing else. */
function textOf(body: unknown): string | undefined {
  if (body === undefined || body === null) return undefined;
  if (typeof body === 'string') return body;
  if (body instanceof URLSearchParams) return body.toString();
  throw new TypeError('Only forms are sent to providers');
}

async function read(answer: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    length += chunk.length;
    // Leaving the loop closes the connection.
    if (length > MOST_BYTES) throw new Error(`answered with more than ${MOST_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function headersOf({ headers }: IncomingMessage): Headers {
  const kept = new Headers();
  for (const name of ['content-type', 'www-authenticate'] as const) {
    const value = headers[name];
    if (value !== undefined) kept.set(name, value);
  }
  return kept;
}
