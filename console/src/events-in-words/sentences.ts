import type { AuditEventType, MailItem, UserEventType } from '../api/schema.js';
import type { Language } from '../language/words.js';
import { changeWords, type ProviderNames } from './change-words.js';
import { mailSentence, mailWords } from './mail-words.js';
import { type Evidence, signInWords } from './sign-in-words.js';

/** Says in the reader's language what happened, without who did it and when. */
export interface Sentences {
  /** An event of a user, of `GET /users/{id}/history`, `GET /events` or a webhook. */
  readonly change: (event: { readonly type: UserEventType; readonly data: object }) => string;
  /** A piece of evidence, of `GET /users/{id}/sign-ins` or `GET /audit`. */
  readonly evidence: (item: Evidence & { readonly type: AuditEventType }) => string;
  readonly mail: (item: MailItem) => string;
}

/**
 * @param time how a moment within a sentence is written
 * @param providers what the sentences call providers of sign-ins; by their ids those that are not among them
 */
export function sentencesIn(
  language: Language,
  time: (iso: string) => string,
  providers: ProviderNames = {},
): Sentences {
  // A type that is newer than this console is better named than not told.
  const change: Partial<(typeof changeWords)[Language]> = changeWords[language];
  const evidence: Partial<(typeof signInWords)[Language]> = signInWords[language];
  return {
    change: ({ type, data }) => change[type]?.(data, time, providers) ?? type,
    evidence: (item) => {
      const method = item.method === null ? null : (providers[item.method] ?? item.method);
      return evidence[item.type]?.({ ...item, method }) ?? item.type;
    },
    mail: (item) => mailSentence(mailWords[language], item),
  };
}
