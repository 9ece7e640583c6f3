import createClient from 'openapi-fetch';
import { stepUp } from '../act/questions.js';
import { PREFIX } from '../app/base.js';
import { languageNow } from '../language/language.js';
import { problemOf, Unreachable } from './api-problem.js';
import type { paths } from './schema.js';

/**
 * The public API, typed by its document. It is called with the browser's session cookie, which no script can read. A refusal is
 * thrown as `ApiProblem`, no answer as `Unreachable`. Where the API wants a fresh proof of who somebody is (`step-up-required`), a dialog
 * asks for it and the call is repeated; if it is not given, that refusal is thrown.
 */
export const api = createClient<paths>({ baseUrl: PREFIX, credentials: 'same-origin' });

/** What may have to be sent again, by the id of the call: a request is good for one use. */
const sent = new Map<string, Request>();

api.use({
  onRequest: ({ request, id }) => {
    request.headers.set('accept', 'application/json, application/problem+json');
    request.headers.set('accept-language', languageNow());
    sent.set(id, request.clone());
    return request;
  },
  onResponse: async ({ response, id, schemaPath }) => {
    const again = sent.get(id);
    sent.delete(id);
    if (response.ok) return;
    const problem = await problemOf(response);
    const takesProof = problem.code === 'step-up-required' && !schemaPath.startsWith('/auth/step-up');
    if (!takesProof || !again || !(await stepUp.ask(undefined))) throw problem;
    const repeated = await fetch(again).catch((error: unknown) => {
      throw new Unreachable('No answer', { cause: error });
    });
    if (!repeated.ok) throw await problemOf(repeated);
    return repeated;
  },
  onError: ({ error, id }) => {
    sent.delete(id);
    // A query that nobody waits for any more.
    if (error instanceof DOMException && error.name === 'AbortError') return error;
    return new Unreachable('No answer', { cause: error });
  },
});

interface Answer<T> {
  readonly data?: T;
  readonly response: Response;
}

/** What a call answers: `await answer(api.GET('/users/{id}', { params: { path: { id } } }))`. @throws ApiProblem, Unreachable */
export async function answer<T>(call: Promise<Answer<T>>): Promise<T> {
  const { data } = await call;
  return data as T;
}

/** What a call answers, with the ETag to send as `If-Match` with a change of it. @throws ApiProblem, Unreachable */
export async function answerWithEtag<T>(
  call: Promise<Answer<T>>,
): Promise<{ readonly data: T; readonly etag: string | undefined }> {
  const { data, response } = await call;
  return { data: data as T, etag: response.headers.get('etag') ?? undefined };
}
