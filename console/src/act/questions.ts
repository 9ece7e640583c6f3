import { createQuestion } from './question.js';

/** What somebody else has changed: each field by what is saved now and what was to be saved. */
export interface Changed {
  readonly fields: readonly { readonly label: string; readonly now: string | null; readonly yours: string | null }[];
  /** Of the state that is saved now: what is sent with "save mine anyway". */
  readonly etag: string | undefined;
}

/** Asks for a fresh proof. @returns whether it was given */
export const stepUp = createQuestion<undefined, boolean>();

/** To save all the same, over the state with that ETag; to take what somebody else has saved; or, if undefined, to go back and look again. */
export type Decision = { readonly etag: string | undefined } | 'theirs' | undefined;

/** Shows what has changed meanwhile, and asks what to do about it. */
export const changedMeanwhile = createQuestion<() => Promise<Changed>, Decision>();
