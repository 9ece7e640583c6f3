import { Injectable } from '@nestjs/common';
import { Transactions } from '../../database/transaction.js';
import { InjectLog, type Log } from '../../ops/log.js';
import { addressKey } from '../../users/aggregate/identifiers.js';
import { MailContents, type CurrentData } from '../notifications/mail-contents.js';
import type { RenderedMail } from '../notifications/mail-templates.js';
import { type MailInHand, MailsInHand, type Outcome } from './mails-in-hand.js';
import { MailTransport } from './mail-transport.js';
import { retryDelay } from './server-outage.js';
import { SmtpFault } from './smtp-fault.js';

/** A mail that may leave with what it has to say, or why it cannot. */
export interface PreparedMail {
  readonly mail: MailInHand;
  readonly current: CurrentData | Outcome;
}

/** Their links are bound to the address that they go to. The links of all others belong to the address of the account. */
const TO_OTHER_ADDRESSES: ReadonlySet<string> = new Set(['confirm-contact', 'confirm-email-change']);

/** Puts mails together and tries to send them. */
@Injectable()
export class MailAttempts {
  constructor(
    @InjectLog() private readonly log: Log,
    private readonly transactions: Transactions,
    private readonly contents: MailContents,
    private readonly inHand: MailsInHand,
    private readonly transport: MailTransport,
  ) {}

  /** Reads what the mails have to say, for all of them at once: what a transaction costs by itself is most of what it takes. */
  async prepare(mails: readonly MailInHand[]): Promise<PreparedMail[]> {
    try {
      return await this.read(mails);
    } catch {
      // One that the database refuses holds up no other.
      return (await Promise.all(mails.map((mail) => this.prepareAlone(mail)))).flat();
    }
  }

  /** @param ending when the process does: what fails then is somebody else's to try, at once */
  async make({ mail, current }: PreparedMail, ending: AbortSignal): Promise<Outcome> {
    const { id, template, recipient: to, trace_id: traceId, created_at: date } = mail;
    const about = { mailId: id, template, traceId };
    const content = 'state' in current ? current : this.compose(mail, current);
    if ('state' in content) return content;
    try {
      const answer = await this.transport.send({ ...content, id, to, traceId, date });
      this.log.info({ ...about, answer }, 'mail sent');
      return { id, state: 'sent', wasTried: true, reason: null, answer, waitMs: 0 };
    } catch (error) {
      const outcome = failure(mail, error, ending.aborted);
      const { state, reason } = outcome;
      const attempt = mail.attempts + 1;
      this.log.warn({ ...about, attempt, final: state === 'failed', reason }, 'mail could not be handed over');
      if (error instanceof SmtpFault && error.about === 'server') await this.tellOthers(error.message);
      return outcome;
    }
  }

  private async prepareAlone(mail: MailInHand): Promise<PreparedMail[]> {
    try {
      return await this.read([mail]);
    } catch (error) {
      return [{ mail, current: this.notComposed(mail, error) }];
    }
  }

  private async read(mails: readonly MailInHand[]): Promise<PreparedMail[]> {
    const current = await this.transactions.run((tx) => this.contents.loadCurrentData(tx, mails));
    return mails.map((mail) => ({ mail, current: current.get(mail.id) ?? notNeeded(mail) }));
  }

  private compose(mail: MailInHand, current: CurrentData): RenderedMail | Outcome {
    try {
      const content = this.contents.render(mail, current);
      return goesAstray(mail, content) ? notNeeded(mail) : content;
    } catch (error) {
      return this.notComposed(mail, error);
    }
  }

  private notComposed(mail: MailInHand, err: unknown): Outcome {
    const { id: mailId, template, trace_id: traceId } = mail;
    this.log.error({ err, mailId, template, traceId }, 'mail could not be put together');
    return failure(mail, err, false);
  }

  /** What waits says why, also what was never tried. */
  private async tellOthers(reason: string): Promise<void> {
    await this.inHand
      .note(reason)
      .catch((err: unknown) => this.log.warn({ err }, 'mails that wait could not be told why'));
  }
}

function failure({ id, attempts }: MailInHand, error: unknown, isEnding: boolean): Outcome {
  const isFault = error instanceof SmtpFault;
  const reason = isFault ? error.message : `could not be put together: ${(error as Error).message}`.slice(0, 500);
  const state = isFault && error.isPermanent ? 'failed' : 'queued';
  // The server is given time, not the mail; and what the end of this process cut off, another takes up.
  const isDueAtOnce = isEnding || (isFault && error.about === 'server');
  return { id, state, wasTried: true, reason, answer: null, waitMs: isDueAtOnce ? 0 : retryDelay(attempts + 1) };
}

const LINK = /[?#&]token=/;

/** Whether a link would go to an address that is not its user's any more: the one of now must not reach who had the old one. */
export function goesAstray(
  { template, recipient, address }: Pick<MailInHand, 'template' | 'recipient' | 'address'>,
  { text }: RenderedMail,
): boolean {
  const isTheirs = address !== null && addressKey(recipient) === addressKey(address);
  return !isTheirs && LINK.test(text) && !TO_OTHER_ADDRESSES.has(template);
}

function notNeeded({ id }: MailInHand): Outcome {
  const reason = 'not needed any more: its link was used or withdrawn, or has expired';
  return { id, state: 'failed', wasTried: false, reason, answer: null, waitMs: 0 };
}
