import createClient from 'openapi-fetch';
import { PREFIX } from '../app/base.js';
import { languageNow } from '../language/language.js';
import { problemOf, Unreachable } from './api-problem.js';
import type { paths } from './schema.js';

/**
 * The public API, typed by its document. It is called with the browser's session cookie, which no script can read. A refusal is
 * thrown as `ApiProblem`, no answer as `Unreachable`.
 */
export const api = createClient<paths>({ baseUrl: PREFIX, credentials: 'same-origin' });

api.use({
  onRequest: ({ request }) => {
    request.headers.set('accept', 'application/json, application/problem+json');
    request.headers.set('accept-language', languageNow());
    return request;
  },
  onResponse: async ({ response }) => {
    if (!response.ok) throw await problemOf(response);
  },
  onError: ({ error }) => {
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
