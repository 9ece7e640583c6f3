import type { AuditEventType, MailItem, UserEventType } from '../api/schema.js';
import { localeOf, localTime } from '../language/formats.js';
import { useLanguage } from '../language/language.js';
import type { Language } from '../language/words.js';
import { changeWords } from './change-words.js';
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

/** @param time how a moment within a sentence is written */
export function sentencesIn(language: Language, time: (iso: string) => string): Sentences {
  // A type that is newer than this console is better named than not told.
  const change: Partial<(typeof changeWords)[Language]> = changeWords[language];
  const evidence: Partial<(typeof signInWords)[Language]> = signInWords[language];
  return {
    change: ({ type, data }) => change[type]?.(data, time) ?? type,
    evidence: (item) => evidence[item.type]?.(item) ?? item.type,
    mail: (item) => mailSentence(mailWords[language], item),
  };
}

/** The sentences in the reader's language, with times in the reader's zone. */
export function useSentences(): Sentences {
  const language = useLanguage();
  return sentencesIn(language, (iso) => localTime(new Date(iso), localeOf(language)));
}
