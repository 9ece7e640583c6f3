import { randomUUID } from 'node:crypto';
import { newTraceId } from '../../config/trace-id.js';
import { isOwnMachine } from '../../config/production.js';
import { senderOf, smtpServerOf } from '../../config/mail-settings.js';
import { MailTransport } from '../../mail/delivery/mail-transport.js';
import type { SmtpFault } from '../../mail/delivery/smtp-fault.js';
import { SmtpSession } from '../../mail/delivery/smtp-session.js';
import { type Finding, findingsAbout } from './finding.js';
import type { Check, Ground } from './ground.js';

const ANSWER_WITHIN_MS = 30_000;
const about = findingsAbout('SMTP');

export const SMTP_CHECKS: readonly Check[] = [
  { about: 'SMTP', asks: place, withinMs: ANSWER_WITHIN_MS + 2000, run: session },
  {
    about: 'SMTP',
    asks: ({ mailTo }) => `the mail to ${mailTo ?? 'nobody'}`,
    withinMs: 2 * ANSWER_WITHIN_MS,
    run: testMail,
  },
];

function place({ settings: { SMTP_URL } }: Ground): string {
  return SMTP_URL === undefined ? 'the mail server' : `the mail server ${shown(SMTP_URL)}`;
}

function shown(url: string): string {
  const { host, port } = smtpServerOf(url);
  return `${host}:${port}`;
}

/** A real session, up to MAIL FROM; nothing is sent. */
async function session({ settings }: Ground): Promise<readonly Finding[]> {
  const { SMTP_URL, MAIL_FROM } = settings;
  if (SMTP_URL === undefined)
    return [about.ok('SMTP_URL is not set: mails go to the development mailbox, and to nobody else')];
  const ending = new AbortController();
  const late = setTimeout(() => ending.abort(), ANSWER_WITHIN_MS);
  const server = smtpServerOf(SMTP_URL);
  let open: SmtpSession | undefined;
  try {
    open = await SmtpSession.open(server, ending.signal);
    const from = MAIL_FROM === undefined ? undefined : senderOf(MAIL_FROM).address;
    if (from !== undefined) await open.offer(from);
    const did = [
      open.isEncrypted ? 'encrypts' : 'does not encrypt',
      server.auth ? 'accepts user and password' : 'asks for no password',
      ...(from === undefined ? [] : [`takes mails from ${from}`]),
    ].join(', ');
    const seen = `${shown(SMTP_URL)} ${did}`;
    if (open.isEncrypted || isOwnMachine(`smtp://${hostInUrl(server.host)}`)) return [about.ok(seen)];
    return [
      about.warning(`${seen}: mails, with their links, can be read on the way`, {
        advice: 'use smtps://, or smtp://...?requireTLS=true if the server offers STARTTLS',
      }),
    ];
  } catch (error) {
    const seen = ending.signal.aborted ? `no answer within ${ANSWER_WITHIN_MS / 1000} s` : (error as Error).message;
    return [about.failed(`${shown(SMTP_URL)}: ${seen}`, { advice: adviceFor(seen) })];
  } finally {
    clearTimeout(late);
    open?.quit();
  }
}

async function testMail({ settings, mailTo }: Ground): Promise<readonly Finding[]> {
  if (mailTo === undefined) return [];
  if (settings.SMTP_URL === undefined) return [about.unknown('--mail: SMTP_URL is not set')];
  const transport = new MailTransport(settings);
  const id = randomUUID();
  const text = `This is the mail that "roster doctor --mail" was asked to send from ${settings.PUBLIC_URL}. It arrived.`;
  const mail = {
    id,
    to: mailTo,
    subject: `${settings.PRODUCT_NAME}: mails arrive`,
    text,
    html: `<p>${text.replaceAll('"', '&quot;')}</p>`,
  };
  try {
    const answer = await transport.send({ ...mail, traceId: newTraceId(), date: new Date() });
    return [about.ok(`a mail to ${mailTo} was accepted: ${answer}. Look whether it arrives, and not among spam`)];
  } catch (error) {
    return [
      about.failed(`a mail to ${mailTo} was not accepted: ${(error as Error).message}`, {
        advice: adviceFor((error as SmtpFault).message),
      }),
    ];
  } finally {
    transport.close();
  }
}

function adviceFor(seen: string): string {
  if (/certificate|self.signed|altname/i.test(seen)) {
    return 'use the host name that the certificate is for; a CA of your own goes into NODE_EXTRA_CA_CERTS';
  }
  if (/STARTTLS|upgrade|TLS|SSL/i.test(seen)) {
    return 'the server offers no encryption there: use its port for TLS (smtps://, 465), or on a network you trust requireTLS=false';
  }
  if (/5[37]\d|auth|credential|password|login/i.test(seen)) {
    return 'correct user and password in SMTP_URL (percent-encoded); many providers want a key of their own in place of the password';
  }
  if (/sender|from|relay|verif/i.test(seen))
    return 'the provider has to know MAIL_FROM: verify its domain there, or use another sender';
  return 'correct host and port in SMTP_URL (587, or smtps:// for 465); many networks block port 25';
}

function hostInUrl(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
