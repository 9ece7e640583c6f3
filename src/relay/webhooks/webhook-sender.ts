import { Agent as HttpAgent, type ClientRequest, type IncomingMessage, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { Facts } from '../../tracing/span.js';
import { currentTraceparent, inSpan } from '../../tracing/tracing.js';
import { WebhookTargets } from './webhook-targets.js';

/** The outcome of one attempt. */
export interface DeliveryOutcome {
  readonly accepted: boolean;
  /** Null where no response came. */
  readonly status: number | null;
  readonly durationMs: number;
  /** Why it was not accepted, for people; null when it was. */
  readonly error: string | null;
  /** The beginning of the response body, as text; null where there was none. */
  readonly answer: string | null;
}

export interface WebhookMessage {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** From the start of the connection to the end of the response. */
export const ANSWER_WITHIN_MS = 10_000;
const ANSWER_CHARACTERS = 300;

/** Connections are kept alive for the next message. */
const KEPT = { keepAlive: true, timeout: 15_000 };

/** Posts messages to endpoints. Redirects are not followed: nothing is sent anywhere but to the URL. */
@Injectable()
export class WebhookSender implements OnApplicationShutdown {
  private readonly agents = { http: new HttpAgent(KEPT), https: new HttpsAgent(KEPT) };

  private readonly answerWithinMs: number = ANSWER_WITHIN_MS;

  constructor(private readonly targets: WebhookTargets) {}

  /**
   * Has an outcome after `ANSWER_WITHIN_MS` at the latest. Where traces are sent, the receiver's spans belong below that of the attempt.
   * @throws the reason of `ending` when that is aborted
   */
  async send(message: WebhookMessage, ending: AbortSignal): Promise<DeliveryOutcome> {
    const { traceparent: parent } = message.headers;
    // The host alone: paths of webhooks often are secrets.
    const facts = { 'http.request.method': 'POST', 'server.address': new URL(message.url).hostname };
    return inSpan({ name: 'POST webhook', kind: 'client', parent, facts }, async (note) => {
      const traceparent = currentTraceparent();
      const headers = { ...message.headers, ...(parent !== undefined && traceparent !== undefined && { traceparent }) };
      const outcome = await this.attempt({ ...message, headers }, ending);
      note(outcomeFacts(outcome));
      return outcome;
    });
  }

  private async attempt(message: WebhookMessage, ending: AbortSignal): Promise<DeliveryOutcome> {
    const begin = performance.now();
    // Not `AbortSignal.any` and `timeout`: they leave a timer and weak references to the garbage collector for each message.
    ending.throwIfAborted();
    const stop = new AbortController();
    const end = (): void => stop.abort();
    const late = setTimeout(end, this.answerWithinMs);
    ending.addEventListener('abort', end, { once: true });
    const outcome = (status: number | null, error: string | null, answer: string | null): DeliveryOutcome => ({
      accepted: error === null,
      status,
      durationMs: Math.round(performance.now() - begin),
      error,
      answer,
    });
    try {
      const { status, answer } = await this.post(message, stop.signal);
      return outcome(status, errorOf(status), answer);
    } catch (error) {
      ending.throwIfAborted();
      const reason = stop.signal.aborted
        ? `no answer within ${this.answerWithinMs / 1000} seconds`
        : connectionError(error);
      return outcome(null, reason, null);
    } finally {
      clearTimeout(late);
      ending.removeEventListener('abort', end);
    }
  }

  onApplicationShutdown(): void {
    for (const agent of Object.values(this.agents)) agent.destroy();
  }

  private async post(message: WebhookMessage, signal: AbortSignal): Promise<{ status: number; answer: string | null }> {
    const url = new URL(message.url);
    // The settings may be stricter now than when the endpoint was added.
    this.targets.check(url);
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const options = { method: 'POST', headers: message.headers, lookup: this.targets.lookup, signal };
    const request: ClientRequest =
      url.protocol === 'https:'
        ? httpsRequest(url, { ...options, agent: this.agents.https }, resolve)
        : httpRequest(url, { ...options, agent: this.agents.http }, resolve);
    request.on('error', reject);
    request.end(message.body);
    const response = await promise.catch((error: unknown) => {
      // The receiver had closed the kept connection before it got this message.
      if (request.reusedSocket && (error as NodeJS.ErrnoException).code === 'ECONNRESET') return null;
      throw error;
    });
    if (!response) return this.post(message, signal);
    return { status: response.statusCode ?? 0, answer: await beginningOf(response) };
  }
}

function outcomeFacts({ accepted, status }: DeliveryOutcome): Facts {
  return {
    ...(status !== null && { 'http.response.status_code': status }),
    ...(!accepted && { 'error.type': status === null ? 'no_answer' : String(status) }),
  };
}

/** Reads no more than is kept; the connection of a longer response is closed. */
async function beginningOf(response: IncomingMessage): Promise<string | null> {
  response.setEncoding('utf8');
  let text = '';
  try {
    for await (const chunk of response) {
      text += chunk as string;
      if (text.length > ANSWER_CHARACTERS) break;
    }
  } catch {
    // The status has arrived, and decides.
  }
  // PostgreSQL takes no NUL.
  const beginning = text.replaceAll('\0', '').slice(0, ANSWER_CHARACTERS).toWellFormed().trim();
  return beginning === '' ? null : beginning;
}

function errorOf(status: number): string | null {
  if (status >= 200 && status < 300) return null;
  if (status >= 300 && status < 400) return `answered ${status}; redirects are not followed`;
  return `answered ${status}`;
}

/** Where several addresses were tried and all failed, the error has a code and no message. */
function connectionError(error: unknown): string {
  const { message, code } = error as NodeJS.ErrnoException;
  return (message || code || 'no connection').slice(0, 300);
}
