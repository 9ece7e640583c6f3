import { Injectable } from '@nestjs/common';
import { Transactions } from '../../database/transaction.js';
import { InjectLog, type Log } from '../../ops/log.js';
import type { Facts } from '../../tracing/span.js';
import { inSpan } from '../../tracing/tracing.js';
import { MailContents, type CurrentData } from '../notifications/mail-contents.js';
import type { RenderedMail } from '../notifications/mail-templates.js';
import { type LeasedMail, MailLeases, type MailOutcome } from './mail-leases.js';
import { MailTransport } from './mail-transport.js';
import { retryDelay } from './server-outage.js';
import { SmtpFault } from './smtp-fault.js';

/** A leased mail with its current data, or the outcome where it cannot be sent. */
export interface PreparedMail {
  readonly mail: LeasedMail;
  readonly current: CurrentData | MailOutcome;
}

/** Composes mails and attempts to send them. */
@Injectable()
export class MailAttempts {
  constructor(
    @InjectLog() private readonly log: Log,
    private readonly transactions: Transactions,
    private readonly contents: MailContents,
    private readonly leases: MailLeases,
    private readonly transport: MailTransport,
  ) {}

  /** Loads the current data of all these mails at once: most of its cost is that of the transaction. */
  async prepare(mails: readonly LeasedMail[]): Promise<PreparedMail[]> {
    try {
      return await this.load(mails);
    } catch {
      // A mail that the database refuses must not hold up the others.
      return (await Promise.all(mails.map((mail) => this.prepareAlone(mail)))).flat();
    }
  }

  /** @param ending aborts when the process ends: a mail that fails then is due at once, for another process */
  async attempt(prepared: PreparedMail, ending: AbortSignal): Promise<MailOutcome> {
    const { template, traceparent, trace_id: trace, id, attempts } = prepared.mail;
    const facts = { 'roster.mail.id': id, 'roster.mail.template': template, 'roster.mail.attempt': attempts + 1 };
    const name = `mail ${template}`;
    return inSpan({ name, kind: 'client', parent: traceparent ?? undefined, trace, facts }, async (note) => {
      const outcome = await this.send(prepared, ending);
      note(outcomeFacts(outcome));
      return outcome;
    });
  }

  private async send({ mail, current }: PreparedMail, ending: AbortSignal): Promise<MailOutcome> {
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
      this.log.warn({ ...about, attempt, final: state === 'failed', reason }, 'could not send mail');
      if (error instanceof SmtpFault && error.about === 'server') await this.recordOutage(error.message);
      return outcome;
    }
  }

  private async prepareAlone(mail: LeasedMail): Promise<PreparedMail[]> {
    try {
      return await this.load([mail]);
    } catch (error) {
      return [{ mail, current: this.notComposed(mail, error) }];
    }
  }

  private async load(mails: readonly LeasedMail[]): Promise<PreparedMail[]> {
    const current = await this.transactions.run((tx) => this.contents.loadCurrentData(tx, mails));
    return mails.map((mail) => ({ mail, current: current.get(mail.id) ?? notNeeded(mail) }));
  }

  private compose(mail: LeasedMail, current: CurrentData): RenderedMail | MailOutcome {
    try {
      return this.contents.render(mail, current);
    } catch (error) {
      return this.notComposed(mail, error);
    }
  }

  private notComposed(mail: LeasedMail, err: unknown): MailOutcome {
    const { id: mailId, template, trace_id: traceId } = mail;
    this.log.error({ err, mailId, template, traceId }, 'could not compose mail');
    return failure(mail, err, false);
  }

  /** Waiting mails show the reason too, even if they were never attempted. */
  private async recordOutage(reason: string): Promise<void> {
    await this.leases
      .recordOutage(reason)
      .catch((err: unknown) => this.log.warn({ err }, 'could not record on waiting mails why they wait'));
  }
}

/** Not the reason nor the answer of the server, which may quote the address. */
function outcomeFacts({ state, wasTried }: MailOutcome): Facts {
  const failed = state !== 'sent' && wasTried;
  return { 'roster.mail.state': state, ...(failed && { 'error.type': 'SmtpFault' }) };
}

function failure({ id, attempts }: LeasedMail, error: unknown, isEnding: boolean): MailOutcome {
  const isFault = error instanceof SmtpFault;
  const reason = isFault ? error.message : `could not be composed: ${(error as Error).message}`.slice(0, 500);
  const state = isFault && error.isPermanent ? 'failed' : 'queued';
  // Back off from the server, not from the mail. A mail that was cut off by the end of this process is for another one.
  const isDueAtOnce = isEnding || (isFault && error.about === 'server');
  return { id, state, wasTried: true, reason, answer: null, waitMs: isDueAtOnce ? 0 : retryDelay(attempts + 1) };
}

const NOT_NEEDED = 'no longer needed: its link was used or revoked, or has expired';

/** Whether a mail was given up because it would have been useless. @param reason `last_error` of its row */
export function isNotNeeded(reason: string | null): boolean {
  return reason === NOT_NEEDED;
}

function notNeeded({ id }: LeasedMail): MailOutcome {
  const reason = NOT_NEEDED;
  return { id, state: 'failed', wasTried: false, reason, answer: null, waitMs: 0 };
}
