import { createPublicKey } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { isOwnMachine } from '../../config/production.js';
import { senderOf } from '../../config/mail-settings.js';
import { type Finding, findingsAbout } from './finding.js';
import type { Check, Ground } from './ground.js';

const about = findingsAbout('DNS');
/** The name or the kind of record does not exist. Every other error says only that nobody answered. */
const ABSENT = new Set(['ENOTFOUND', 'ENODATA', 'ENONAME']);

export const DNS_CHECKS: readonly Check[] = [
  { about: 'DNS', asks: () => 'the name server about the host of links', withinMs: 15_000, run: linkHost },
  { about: 'DNS', asks: () => "the name server about the sender's domain", withinMs: 40_000, run: sender },
];

async function linkHost(ground: Ground): Promise<readonly Finding[]> {
  const { hostname } = new URL(ground.settings.PUBLIC_URL);
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  if (isIP(host) !== 0 || isOwnMachine(ground.settings.PUBLIC_URL)) return [];
  const addresses = await answerOf(() => addressesOf(host, ground));
  if (addresses === 'unknown') return [couldNotAsk(host)];
  if (addresses.length > 0) return [about.ok(`${host} (PUBLIC_URL) is ${addresses.slice(0, 4).join(', ')}`)];
  return [
    about.failed(`${host}, the host of PUBLIC_URL, does not exist: links in mails lead nowhere`, {
      advice: 'add an A or AAAA record for it, or correct PUBLIC_URL',
    }),
  ];
}

async function addressesOf(host: string, { resolver, hasOwnDns }: Ground): Promise<string[]> {
  if (!hasOwnDns) return (await lookup(host, { all: true })).map(({ address }) => address);
  const [four, six] = await Promise.all([
    absentAsEmpty(() => resolver.resolve4(host)),
    absentAsEmpty(() => resolver.resolve6(host)),
  ]);
  return [...four, ...six];
}

/** SPF (RFC 7208), DMARC (RFC 7489) and DKIM (RFC 6376) of the sender. */
async function sender(ground: Ground): Promise<readonly Finding[]> {
  const { MAIL_FROM, SMTP_URL } = ground.settings;
  if (MAIL_FROM === undefined || SMTP_URL === undefined) return [];
  const domain = senderOf(MAIL_FROM).address.split('@').at(-1)?.toLowerCase() ?? '';
  if (domain === '' || isOwnMachine(`http://${domain}`)) return [];
  const first = await spf(domain, ground);
  // Somebody waits, and the others would be asked of the same name server.
  if (first.state === 'unknown') return [first];
  return [first, await dmarc(domain, ground), await dkim(domain, ground)];
}

async function spf(domain: string, ground: Ground): Promise<Finding> {
  const records = await textsAt(domain, ground);
  if (records === 'unknown') return couldNotAsk(domain);
  const found = records.filter((text) => /^v=spf1(?: |$)/i.test(text));
  const advice = `publish what your mail provider names as TXT record of ${domain}, such as "v=spf1 include:spf.provider.example -all"`;
  if (found.length === 0)
    return about.warning(`${domain} has no SPF record: receivers may refuse the mails, or take them for spam`, {
      advice,
    });
  if (found.length > 1) {
    return about.warning(`${domain} has ${found.length} SPF records, which counts as none`, {
      expected: 'one',
      advice: 'join them into one record',
    });
  }
  const [only = ''] = found;
  if (/[+\s]all\b/i.test(only) && !/[-~?]all\b/i.test(only)) {
    return about.warning(`the SPF record of ${domain} lets everybody send: ${only}`, {
      advice: 'end it with -all or ~all',
    });
  }
  return about.ok(`SPF of ${domain}: ${only}`);
}

async function dmarc(domain: string, ground: Ground): Promise<Finding> {
  const labels = domain.split('.');
  // Of the domain, else of the one that it belongs to; up to the last two labels, as there is no list of suffixes here.
  for (let first = 0; first <= Math.max(0, labels.length - 2); first++) {
    const name = `_dmarc.${labels.slice(first).join('.')}`;
    const records = await textsAt(name, ground);
    if (records === 'unknown') return couldNotAsk(name);
    const found = records.find((text) => /^v=DMARC1\b/i.test(text));
    if (found !== undefined) return about.ok(`DMARC at ${name}: ${found}`);
  }
  return about.warning(`${domain} has no DMARC record: large providers require one`, {
    advice: `publish a TXT record at _dmarc.${domain}, to begin with "v=DMARC1; p=none; rua=mailto:postmaster@${domain}"`,
  });
}

async function dkim(domain: string, ground: Ground): Promise<Finding> {
  const { DKIM_DOMAIN, DKIM_SELECTOR, DKIM_PRIVATE_KEY } = ground.settings;
  if (DKIM_DOMAIN === undefined || DKIM_SELECTOR === undefined || DKIM_PRIVATE_KEY === undefined) {
    return about.ok('DKIM_... is not set: the mail provider has to sign, and says whether it does');
  }
  const name = `${DKIM_SELECTOR}._domainkey.${DKIM_DOMAIN}`;
  const records = await textsAt(name, ground);
  if (records === 'unknown') return couldNotAsk(name);
  const ours = createPublicKey(DKIM_PRIVATE_KEY).export({ type: 'spki', format: 'der' }).toString('base64');
  const advice = `publish as TXT record of ${name}: v=DKIM1; k=rsa; p=${ours}`;
  const published = records.map((text) => /(?:^|;)\s*p=([A-Za-z0-9+/=\s]*)/.exec(text)?.[1]?.replace(/\s/g, ''));
  if (published.length === 0)
    return about.failed(`there is no DKIM key at ${name}: signatures count as broken`, { advice });
  if (!published.includes(ours))
    return about.failed(`the DKIM key at ${name} is not that of DKIM_PRIVATE_KEY`, { advice });
  if (domain !== DKIM_DOMAIN && !domain.endsWith(`.${DKIM_DOMAIN}`) && !DKIM_DOMAIN.endsWith(`.${domain}`)) {
    return about.warning(
      `DKIM_DOMAIN ${DKIM_DOMAIN} is not that of the sender, ${domain}: for DMARC it does not count`,
    );
  }
  return about.ok(`DKIM key at ${name} is ours`);
}

async function textsAt(name: string, { resolver }: Ground): Promise<string[] | 'unknown'> {
  return answerOf(async () => (await resolver.resolveTxt(name)).map((parts) => parts.join('')));
}

async function answerOf(ask: () => Promise<string[]>): Promise<string[] | 'unknown'> {
  try {
    return await absentAsEmpty(ask);
  } catch {
    return 'unknown';
  }
}

async function absentAsEmpty(ask: () => Promise<string[]>): Promise<string[]> {
  try {
    return await ask();
  } catch (error) {
    if (ABSENT.has((error as NodeJS.ErrnoException).code ?? '')) return [];
    throw error;
  }
}

function couldNotAsk(name: string): Finding {
  return about.unknown(`${name} could not be asked for: the name server does not answer`, {
    advice: 'ask another one, such as --dns 9.9.9.9',
  });
}
