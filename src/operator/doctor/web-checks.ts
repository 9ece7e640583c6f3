import { connect as connectTls } from 'node:tls';
import { type Finding, findingsAbout } from './finding.js';
import type { Check, Ground } from './ground.js';

const ANSWER_WITHIN_MS = 8000;
const DAY_MS = 86_400_000;
/** Certificates are renewed a month before their end; two weeks before, that has failed. */
const WARN_DAYS = 14;
const web = findingsAbout('PUBLIC_URL');
const tls = findingsAbout('certificate');

export const WEB_CHECKS: readonly Check[] = [
  { about: 'PUBLIC_URL', asks: ({ settings }) => settings.PUBLIC_URL, withinMs: ANSWER_WITHIN_MS + 1000, run: reach },
  { about: 'certificate', asks: () => 'the certificate', withinMs: ANSWER_WITHIN_MS + 1000, run: certificate },
];

/** Whether Roster answers where links lead; from here it may be out of reach although it works. */
async function reach({ settings: { PUBLIC_URL } }: Ground): Promise<readonly Finding[]> {
  try {
    const response = await fetch(`${PUBLIC_URL}/health/live`, {
      redirect: 'manual',
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    });
    await response.body?.cancel();
    if (response.ok && response.headers.has('x-trace-id')) return [web.ok(`Roster answers at ${PUBLIC_URL}`)];
    return [
      web.warning(`something answers ${response.status} at ${PUBLIC_URL}/health/live, and it is not Roster`, {
        advice: 'start the server, or let the proxy pass this host and path on to it (nginx/nginx.conf)',
      }),
    ];
  } catch (error) {
    const { cause, message } = error as Error & { cause?: Error & { code?: string } };
    return [
      web.unknown(
        `${PUBLIC_URL} could not be reached from here (${cause?.code ?? cause?.message ?? message}); no matter while no server runs`,
      ),
    ];
  }
}

async function certificate({ settings: { PUBLIC_URL } }: Ground): Promise<readonly Finding[]> {
  const { protocol, hostname, port } = new URL(PUBLIC_URL);
  if (protocol !== 'https:') return [];
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  const seen = await shownBy(host, Number(port) || 443);
  if (seen === undefined) return [tls.unknown(`that of ${host} could not be seen from here`)];
  const days = Math.floor((seen.until - Date.now()) / DAY_MS);
  const until = new Date(seen.until).toISOString().slice(0, 10);
  if (days < 0)
    return [tls.failed(`that of ${host} has expired on ${until}`, { advice: 'renew it, and reload the proxy' })];
  if (seen.objection !== undefined) {
    return [
      tls.failed(`that of ${host} is not trusted: ${seen.objection}`, {
        advice: 'let the proxy send the whole chain, for this name; a CA of your own goes into NODE_EXTRA_CA_CERTS',
      }),
    ];
  }
  const line = `that of ${host} lasts until ${until}, ${days} days`;
  return [
    days < WARN_DAYS
      ? tls.warning(line, { advice: 'see why it was not renewed: certbot renew --dry-run' })
      : tls.ok(line),
  ];
}

/** Whatever is wrong with it, it is looked at; nothing is sent. */
function shownBy(host: string, port: number): Promise<{ until: number; objection: string | undefined } | undefined> {
  return new Promise((resolve) => {
    const socket = connectTls({ host, port, servername: host, rejectUnauthorized: false });
    socket.setTimeout(ANSWER_WITHIN_MS, () => socket.destroy());
    socket.once('secureConnect', () => {
      const until = Date.parse(socket.getPeerCertificate().valid_to);
      const objection = socket.authorized ? undefined : String(socket.authorizationError);
      resolve(Number.isNaN(until) ? undefined : { until, objection });
      socket.destroy();
    });
    socket.on('error', () => undefined);
    socket.once('close', () => resolve(undefined));
  });
}
