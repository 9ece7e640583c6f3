import SMTPConnection, { type SMTPEnvelope } from 'nodemailer/lib/smtp-connection';
import type { SmtpServer } from '../../config/mail-settings.js';
import { openingFault, sendingFault, type SmtpFault, smtpUtf8Fault } from './smtp-fault.js';

// From the DNS lookup to a ready session. Some servers delay their greeting to strangers for a minute.
const READY_WITHIN_MS = 100_000;
// RFC 5321, 4.5.3.2.6: a client that hangs up before the answer to a mail sends it twice.
const SOCKET_TIMEOUT_MS = 600_000;
// Some servers and load balancers expect clients to reconnect now and then.
const MAILS_PER_SESSION = 100;
const QUIT_WITHIN_MS = 1000;
const BEYOND_ASCII = /[^\x20-\x7e]/;

/** What nodemailer's own commands are made with. */
interface InsideConnection {
  readonly _responseActions: ((answer: string) => void)[];
  _sendCommand(command: string): void;
}

/** One connection to the SMTP server (RFC 5321), which sends mails one after the other. */
export class SmtpSession {
  private mails = 0;
  private wasRefused = false;

  private constructor(
    private readonly connection: SMTPConnection,
    /** Whether the server accepts addresses with non-ASCII letters before the @ (SMTPUTF8, RFC 6531). */
    private readonly offersUtf8: boolean,
  ) {}

  /** Connects, starts TLS and authenticates, unless `ending` aborts first. @throws SmtpFault about the server */
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
      socketTimeout: SOCKET_TIMEOUT_MS,
    });
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    connection.on('error', reject);
    connection.once('end', () => reject(new Error('it closed the connection')));
    const stop = (): void => reject(new Error('Roster is shutting down'));
    ending.addEventListener('abort', stop);
    let offersUtf8 = false;
    connection.connect((refusal) => {
      // The answer to EHLO.
      offersUtf8 = /^\d+[ -]SMTPUTF8\b/im.test(String(connection.lastServerResponse));
      if (refusal) reject(refusal);
      else if (!auth) resolve(undefined);
      else if (!connection.allowsAuth)
        reject(new Error('it does not accept a user and password, and SMTP_URL has them'));
      else connection.login({ credentials: auth }, (error) => (error ? reject(error) : resolve(undefined)));
    });
    try {
      await promise;
      return new SmtpSession(connection, offersUtf8);
    } catch (error) {
      connection.close();
      throw openingFault(error);
    } finally {
      ending.removeEventListener('abort', stop);
    }
  }

  /** Whether it can send another mail. */
  get isOpen(): boolean {
    return !this.connection.destroyed && this.mails < MAILS_PER_SESSION;
  }

  /**
   * Sends one mail.
   * @returns the answer of the server, such as `250 2.0.0 Ok: queued as 4Fx`
   * @throws SmtpFault
   */
  async send(envelope: SMTPEnvelope, message: Buffer): Promise<string> {
    const addresses = [envelope.from, envelope.to].flat() as (string | false)[];
    if (!this.offersUtf8 && addresses.some((one) => one !== false && BEYOND_ASCII.test(one))) throw smtpUtf8Fault();
    if (this.wasRefused) await this.reset();
    const { connection } = this;
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    // The callback of `send` comes later, with a better error.
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

  /** Whether the connection is encrypted. */
  get isEncrypted(): boolean {
    return this.connection.secure;
  }

  /** Begins a mail from this address and drops it again: whether the server takes mails from it. @throws SmtpFault */
  async offer(from: string): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    // Its public `send` goes on to the recipients.
    const inside = this.connection as unknown as InsideConnection;
    inside._responseActions.push((answer) =>
      /^2/.test(answer) ? resolve(undefined) : reject(sendingFault(new Error(answer), false)),
    );
    this.connection.once('end', () => reject(new Error('it closed the connection')));
    inside._sendCommand(`MAIL FROM:<${from}>`);
    await promise;
    await this.reset();
  }

  /** Checks that the server still answers (RSET), and drops a mail that was begun. @throws SmtpFault about the server */
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

  /** Closes the session with QUIT. */
  quit(): void {
    if (this.connection.destroyed) return;
    this.connection.quit();
    setTimeout(() => this.connection.close(), QUIT_WITHIN_MS).unref();
  }

  /** Closes the connection at once, also during a mail. */
  close(): void {
    this.connection.close();
  }

  private faultOf(error: unknown): SmtpFault {
    const { lastServerResponse } = this.connection;
    return sendingFault(error, typeof lastServerResponse === 'string' && lastServerResponse.startsWith('354'));
  }
}
