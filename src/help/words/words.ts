import type { AuthEventType } from '../../auth/sign-in-evidence/auth-event.js';
import type { UserEventType } from '../../events/catalogue.js';
import type { MailTemplate } from '../../mail/notifications/mail-templates.js';
import { formatTime, tagOf } from '../../rendering/formats.js';
import type { FactCode, FactValues } from '../facts.js';

const TIME: Intl.DateTimeFormatOptions = {
  ...{ day: 'numeric', month: 'long', year: 'numeric' },
  ...{ hour: '2-digit', minute: '2-digit', timeZoneName: 'short' },
};

/** Formats of one reader. */
export class Reader {
  private readonly times: Intl.DateTimeFormat | undefined;

  /** @param timeZone an IANA name; UTC without one */
  constructor(
    private readonly locale: string,
    timeZone?: string,
  ) {
    // In an answer to one reader there are few times, so nothing is kept.
    this.times = timeZone === undefined ? undefined : new Intl.DateTimeFormat(tagOf(locale), { ...TIME, timeZone });
  }

  /** "21 November 2026 at 10:14 CET", or in UTC. */
  time(time: Date): string {
    return this.times?.format(time) ?? formatTime(time, this.locale);
  }

  /** "a, b and c". */
  list(items: readonly string[]): string {
    return new Intl.ListFormat(this.locale, { type: 'conjunction' }).format(items);
  }
}

/** Everything that help says, in one language. */
export interface Words {
  readonly facts: { readonly [Code in FactCode]: (values: FactValues[Code], reader: Reader) => string };
  readonly mails: Readonly<Record<MailTemplate, string>>;
  readonly changes: Readonly<Record<UserEventType, string>>;
  readonly signIns: Readonly<Record<AuthEventType, string>>;
}
