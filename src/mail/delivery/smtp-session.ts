import SMTPConnection, { type SMTPEnvelope } from 'nodemailer/lib/smtp-connection';
import type { SmtpServer } from '../../config/mail-settings.js';
import { openingFault, sendingFault, type SmtpFault, unwritableFault } from './smtp-fault.js';

// From the lookup of the name to a session that is ready: a server that keeps strangers waiting for a minute is waited for.
const READY_WITHIN_MS = 100_000;
// RFC 5321, 4.5.3.2.6: whoever hangs up before the answer to a mail sends it twice.
const SILENCE_MS = 600_000;
// Some servers, and what balances load in front of them, want to be left now and then.
const MAILS_A_SESSION = 100;
const GOODBYE_MS = 1000;
const BEYOND_ASCII = /[^\x20-\x7e]/;

/** One connection to the SMTP server (RFC 5321), ready to take mails, one after the other. */
export class SmtpSession {
  private mails = 0;
  private wasRefused = false;

  private constructor(
    private readonly connection: SMTPConnection,
    /** Whether it takes addresses with letters beyond ASCII before the @ (SMTPUTF8, RFC 6531). */
    private readonly takesUtf8: boolean,
  ) {}

  /** Connects, encrypts and signs in, unless `ending` comes first. @throws SmtpFault about the server */
  static async open(server: SmtpServer, ending: AbortSignal): Promise<SmtpSession> {
    const { host, port, secure, requireTls, auth, name } = server;
    const connection = new SMTPConnection({
      host,
      port,
      secure,
      requireTLS: requireTls,
      name,
      connectionTimeout: READY_WITHIN_MS,
      greetingTimeout: READY_WITHIN_MS,
      socketTimeout: SILENCE_MS,
    });
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    connection.on('error', reject);
    connection.once('end', () => reject(new Error('it closed the connection')));
    const stop = (): void => reject(new Error('Roster ends'));
    ending.addEventListener('abort', stop);
    let takesUtf8 = false;
    connection.connect((refusal) => {
      // Its answer to EHLO.
      takesUtf8 = /^\d+[ -]SMTPUTF8\b/im.test(String(connection.lastServerResponse));
      if (refusal) reject(refusal);
      else if (!auth) resolve(undefined);
      else if (!connection.allowsAuth) reject(new Error('it takes no user and password, and SMTP_URL has them'));
      else connection.login({ credentials: auth }, (error) => (error ? reject(error) : resolve(undefined)));
    });
    try {
      await promise;
      return new SmtpSession(connection, takesUtf8);
    } catch (error) {
      connection.close();
      throw openingFault(error);
    } finally {
      ending.removeEventListener('abort', stop);
    }
  }

  /** Whether it may take another mail. */
  get isOpen(): boolean {
    return !this.connection.destroyed && this.mails < MAILS_A_SESSION;
  }

  /**
   * Hands one mail over.
   * @returns what the server answered, such as `250 2.0.0 Ok: queued as 4Fx`
   * @throws SmtpFault
   */
  async send(envelope: SMTPEnvelope, message: Buffer): Promise<string> {
    const addresses = [envelope.from, envelope.to].flat() as (string | false)[];
    if (!this.takesUtf8 && addresses.some((one) => one !== false && BEYOND_ASCII.test(one))) throw unwritableFault();
    if (this.wasRefused) await this.reset();
    const { connection } = this;
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    // The callback knows why, and comes after.
    const ended = (): void => void setImmediate(() => reject(new Error('it was closed')));
    connection.once('end', ended);
    connection.send(envelope, message, (error, info) => (error ? reject(error) : resolve(info.response)));
    try {
      const answer = await promise;
      this.mails++;
      return answer;
    } catch (error) {
      this.wasRefused = true;
      throw this.faultOf(error);
    } finally {
      connection.off('end', ended);
    }
  }

  /** Asks whether it still answers, and begins anew what was begun. @throws SmtpFault about the server */
  async reset(): Promise<void> {
    const { connection } = this;
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    const ended = (): void => reject(new Error('it was closed'));
    connection.once('end', ended);
    connection.reset((error) => (error ? reject(error) : resolve(undefined)));
    try {
      await promise;
      this.wasRefused = false;
    } catch (error) {
      this.close();
      throw openingFault(error);
    } finally {
      connection.off('end', ended);
    }
  }

  /** Says goodbye. */
  quit(): void {
    if (this.connection.destroyed) return;
    this.connection.quit();
    setTimeout(() => this.connection.close(), GOODBYE_MS).unref();
  }

  /** At once, whatever is under way. */
  close(): void {
    this.connection.close();
  }

  private faultOf(error: unknown): SmtpFault {
    const { lastServerResponse } = this.connection;
    return sendingFault(error, typeof lastServerResponse === 'string' && lastServerResponse.startsWith('354'));
  }
}
