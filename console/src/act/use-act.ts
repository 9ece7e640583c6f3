import { type QueryKey, useQueryClient } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import { ApiProblem } from '../api/api-problem.js';
import { refusalText } from '../api/refusals.js';
import type { ProblemCode } from '../api/schema.js';
import { notify, type Notice } from '../components/toasts.js';
import { languageNow } from '../language/language.js';
import { SESSION_KEY } from '../session/session.js';
import { type Changed, changedMeanwhile } from './questions.js';

export interface Act<Input, Output> {
  /**
   * The calls. They may be repeated, with another ETag, where somebody else has changed the same.
   * @param again `etag` replaces the one that was read with the form
   */
  readonly run: (input: Input, again: { readonly etag?: string | undefined }) => Promise<Output>;
  /** What to say once it is done: a toast, with Undo where there is one. */
  readonly done?: (output: Output, input: Input) => Notice | undefined;
  /** What is read again afterwards: whatever begins with these keys. Everything by default. */
  readonly refresh?: readonly QueryKey[];
  /** What has changed where the API answers 412; without it, that is said as every other refusal. */
  readonly changed?: (input: Input) => Promise<Changed>;
  /** Called where what somebody else has saved is taken instead: nothing is left to ask. */
  readonly theirs?: () => void;
  /** Own words for a refusal, in the reader's language. */
  readonly refusals?: Readonly<Partial<Record<ProblemCode, string>>>;
  /** `caller`: a form or dialog that shows `error` by `Refusal` itself. A toast by default. */
  readonly errors?: 'toast' | 'caller';
}

interface Done<Output> {
  readonly output: Output;
}

export interface Acting<Input, Output> {
  /** @returns what it answered; undefined if it was refused, given up or is under way already */
  readonly start: (input: Input) => Promise<Done<Output> | undefined>;
  readonly busy: boolean;
  /** Why it was refused, for `Refusal`; its `fieldError` says what is wrong with a field. */
  readonly error: Error | undefined;
  /** Forgets the refusal, as when its dialog is closed. */
  readonly reset: () => void;
}

/**
 * Something that somebody does. It shows what has changed meanwhile, says every refusal in words, and what was done; `api` asks for a
 * fresh proof where one is due. It is never repeated without the person who started it.
 */
export function useAct<Input = void, Output = unknown>(act: Act<Input, Output>): Acting<Input, Output> {
  const queries = useQueryClient();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<Error>();
  // State comes too late for a second click.
  const isUnderWay = useRef(false);

  const refresh = async (): Promise<void> => {
    const keys = act.refresh ?? [[]];
    await Promise.all(keys.map((queryKey) => queries.invalidateQueries({ queryKey })));
  };

  const attempt = async (input: Input, etag?: string): Promise<Done<Output> | undefined> => {
    try {
      return { output: await act.run(input, etag === undefined ? {} : { etag }) };
    } catch (refusal) {
      if (!(refusal instanceof ApiProblem)) throw refusal;
      // The proof was asked for (`api`) and not given.
      if (refusal.code === 'step-up-required') return undefined;
      if (refusal.status === 412 && act.changed) {
        const { changed } = act;
        const decided = await changedMeanwhile.ask(() => changed(input));
        if (decided === 'theirs') act.theirs?.();
        else if (decided) return attempt(input, decided.etag);
        // Not waited for: meanwhile it can be tried again.
        void refresh();
        return undefined;
      }
      throw refusal;
    }
  };

  const start = async (input: Input): Promise<Done<Output> | undefined> => {
    if (isUnderWay.current) return undefined;
    isUnderWay.current = true;
    setBusy(true);
    setError(undefined);
    try {
      const done = await attempt(input);
      if (!done) return undefined;
      const notice = act.done?.(done.output, input);
      if (notice) notify(notice);
      void refresh();
      return done;
    } catch (caught) {
      const refusal = caught instanceof Error ? caught : new Error(String(caught));
      // Somebody else has been there: show what is so now.
      if (refusal instanceof ApiProblem && [404, 409, 410, 412].includes(refusal.status)) void refresh();
      if (refusal instanceof ApiProblem && refusal.code === 'not-authenticated') {
        void queries.invalidateQueries({ queryKey: SESSION_KEY });
      }
      const own = refusal instanceof ApiProblem && refusal.code ? act.refusals?.[refusal.code] : undefined;
      const said = own === undefined ? refusal : Object.assign(refusal, { ownWords: own });
      if (act.errors === 'caller') setError(said);
      else notify({ text: own ?? refusalText(refusal, languageNow()), tone: 'bad' });
      return undefined;
    } finally {
      isUnderWay.current = false;
      setBusy(false);
    }
  };

  return { start, busy, error, reset: () => setError(undefined) };
}
