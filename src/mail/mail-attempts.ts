import { Injectable } from '@nestjs/common';
import { Transactions } from '../database/transaction.js';
import { InjectLog, type Log } from '../ops/log.js';
import { MailContents } from './mail-contents.js';
import type { RenderedMail } from './mail-templates.js';
import { type MailInHand, MailsInHand, type Outcome } from './mails-in-hand.js';
import { MailTransport } from './mail-transport.js';
import { retryDelay } from './server-outage.js';
import { SmtpFault } from './smtp-fault.js';

/** Their links are bound to the address that they go to. The links of all others belong to the address of the account. */
const TO_OTHER_ADDRESSES: ReadonlySet<string> = new Set(['confirm-contact', 'confirm-email-change']);

/** Tries to send one mail. */
@Injectable()
export class MailAttempts {
  constructor(
    @InjectLog() private readonly log: Log,
    private readonly transactions: Transactions,
    private readonly contents: MailContents,
    private readonly inHand: MailsInHand,
    private readonly transport: MailTransport,
  ) {}

  /** @param ending when the process does: what fails then is somebody else's to try, at once */
  async make(mail: MailInHand, ending: AbortSignal): Promise<Outcome> {
    const { id, template, trace_id: traceId } = mail;
    const about = { mailId: id, template, traceId };
    try {
      const content = await this.transactions.run((tx) => this.contents.of(tx, mail));
      if (!content || goesAstray(mail, content)) return notNeeded(mail);
      const answer = await this.transport.send({
        id,
        to: mail.recipient,
        subject: content.subject,
        html: content.html,
        text: content.text,
        traceId,
        date: mail.created_at,
      });
      this.log.info({ ...about, answer }, 'mail sent');
      return { id, state: 'sent', wasTried: true, reason: null, answer, waitMs: 0 };
    } catch (error) {
      const outcome = this.outcomeOf(mail, error, ending.aborted);
      const { state, reason } = outcome;
      this.log.warn({ ...about, attempt: mail.attempts + 1, final: state === 'failed', reason }, NOT_HANDED_OVER);
      if (error instanceof SmtpFault && error.about === 'server') await this.tellOthers(error.message);
      return outcome;
    }
  }

  private outcomeOf({ id, attempts }: MailInHand, error: unknown, isEnding: boolean): Outcome {
    const isFault = error instanceof SmtpFault;
    const reason = isFault ? error.message : `could not be put together: ${(error as Error).message}`.slice(0, 500);
    const state = isFault && error.isPermanent ? 'failed' : 'queued';
    // The server is given time, not the mail; and what the end of this process cut off, another takes up.
    const isDueAtOnce = isEnding || (isFault && error.about === 'server');
    return { id, state, wasTried: true, reason, answer: null, waitMs: isDueAtOnce ? 0 : retryDelay(attempts + 1) };
  }

  /** What waits says why, also what was never tried. */
  private async tellOthers(reason: string): Promise<void> {
    await this.inHand
      .note(reason)
      .catch((err: unknown) => this.log.warn({ err }, 'mails that wait could not be told why'));
  }
}

const NOT_HANDED_OVER = 'mail could not be handed over';

const LINK = /[?#&]token=/;

/** Whether a link would go to an address that is not its user's any more: the one of now must not reach who had the old one. */
export function goesAstray(
  { template, recipient, address }: Pick<MailInHand, 'template' | 'recipient' | 'address'>,
  { text }: RenderedMail,
): boolean {
  return recipient !== address && LINK.test(text) && !TO_OTHER_ADDRESSES.has(template);
}

function notNeeded({ id }: MailInHand): Outcome {
  const reason = 'not needed any more: its link was used or withdrawn, or has expired';
  return { id, state: 'failed', wasTried: false, reason, answer: null, waitMs: 0 };
}
