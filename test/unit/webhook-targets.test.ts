import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { loadSettings } from '../../src/config/settings.js';
import { RefusedTarget, WebhookTargets } from '../../src/relay/webhooks/webhook-targets.js';

const PRODUCTION = {
  ...{ NODE_ENV: 'production', DATABASE_URL: 'postgres://db/roster', SECRET_KEY: 'k3yZ'.repeat(12) },
  ...{
    SMTP_URL: 'smtp://mail:25',
    MAIL_FROM: 'a@b.example',
    PUBLIC_URL: 'https://a.example',
    ADMIN_EMAIL: 'a@b.example',
  },
};

const NO_NAME = ' is not a public name; WEBHOOK_ALLOW_PRIVATE=true allows webhooks to private names';

const targets = (environment: Record<string, string> = PRODUCTION): WebhookTargets =>
  new WebhookTargets(loadSettings(environment));

const refusal = (url: string, judge = targets()): string | undefined => {
  try {
    judge.check(new URL(url));
    return undefined;
  } catch (error) {
    expect(error).toBeInstanceOf(RefusedTarget);
    return (error as Error).message;
  }
};

/** With names that lead where we want, one set of addresses after the other. */
function resolving(...answers: string[][]): WebhookTargets {
  const resolve = (): Promise<{ address: string; family: number }[]> =>
    Promise.resolve((answers.shift() ?? []).map((address) => ({ address, family: address.includes(':') ? 6 : 4 })));
  return Object.assign(targets(), { resolve });
}

async function connecting(judge: WebhookTargets, port: number): Promise<string> {
  const socket = connect({ host: 'hooks.example.com', port, lookup: judge.lookup });
  const [error] = (await once(socket, 'connect').then(
    () => [],
    (failure: unknown) => [failure],
  )) as [Error?];
  socket.destroy();
  return error?.message ?? 'connected';
}

describe('The URL of a webhook in production', () => {
  it.each([
    ['https://hooks.example.com/roster?token=1', undefined],
    ['https://hooks.example.com:443/', undefined],
    ['https://hooks.example.com:8443/', undefined],
    ['https://8.8.8.8/', undefined],
    ['https://[2606:4700:4700::1111]/', undefined],
    ['http://hooks.example.com/', 'must start with https://'],
    ['ftp://hooks.example.com/', 'must start with https://'],
    ['file:///etc/passwd', 'must start with https://'],
    ['gopher://hooks.example.com/', 'must start with https://'],
    ['https://user@hooks.example.com/', 'must not hold a user name or password'],
    ['https://:secret@hooks.example.com/', 'must not hold a user name or password'],
    ['https://hooks.example.com:22/', 'must use port 443 or 8443'],
    ['https://hooks.example.com:6379/', 'must use port 443 or 8443'],
    ['https://127.0.0.1/', '127.0.0.1 is not an allowed address for webhooks (loopback)'],
    ['https://127.1/', '127.0.0.1 is not an allowed address for webhooks (loopback)'],
    ['https://0x7f000001/', '127.0.0.1 is not an allowed address for webhooks (loopback)'],
    ['https://2130706433/', '127.0.0.1 is not an allowed address for webhooks (loopback)'],
    ['https://0177.0.0.1/', '127.0.0.1 is not an allowed address for webhooks (loopback)'],
    [
      'https://169.254.169.254/latest/meta-data/',
      '169.254.169.254 is not an allowed address for webhooks (link-local)',
    ],
    ['https://10.0.0.5/', '10.0.0.5 is not an allowed address for webhooks (private)'],
    ['https://[::1]/', '[::1] is not an allowed address for webhooks (loopback)'],
    ['https://[::ffff:127.0.0.1]/', '[::ffff:7f00:1] is not an allowed address for webhooks (an IPv4 address in IPv6)'],
    ['https://[fd00::1]/', '[fd00::1] is not an allowed address for webhooks (private)'],
    [
      'https://[::ffff:0:127.0.0.1]/',
      '[::ffff:0:7f00:1] is not an allowed address for webhooks (an IPv4 address in IPv6)',
    ],
    ['https://localhost/', `localhost${NO_NAME}`],
    ['https://LOCALHOST./hook', `localhost.${NO_NAME}`],
    ['https://db.localhost/', `db.localhost${NO_NAME}`],
    ['https://crm/', `crm${NO_NAME}`],
    ['https://crm./', `crm.${NO_NAME}`],
    ['https://printer.local/', `printer.local${NO_NAME}`],
    ['https://crm.prod.svc.cluster.local/', `crm.prod.svc.cluster.local${NO_NAME}`],
    ['https://metadata.google.internal/', `metadata.google.internal${NO_NAME}`],
    ['https://home.arpa/', `home.arpa${NO_NAME}`],
    ['https://nas.home.arpa/', `nas.home.arpa${NO_NAME}`],
    ['https://hooks.example/', `hooks.example${NO_NAME}`],
    ['https://localhost.example.com/', undefined],
    ['https://local.example.com/', undefined],
    ['https://home-arpa.example.com./', undefined],
  ])('%s: %s', (url, expected) => {
    expect(refusal(url)).toBe(expected);
  });

  it('may lead inside when WEBHOOK_ALLOW_PRIVATE says so, and in development, but never to what clouds tell a machine', () => {
    for (const judge of [targets({ ...PRODUCTION, WEBHOOK_ALLOW_PRIVATE: 'true' }), targets({})]) {
      expect(refusal('http://127.0.0.1:9000/', judge)).toBeUndefined();
      expect(refusal('http://10.0.0.5/', judge)).toBeUndefined();
      expect(refusal('http://localhost:9000/', judge)).toBeUndefined();
      expect(refusal('https://crm.prod.svc.cluster.local/', judge)).toBeUndefined();
      expect(refusal('http://169.254.169.254/', judge)).toContain('link-local');
      expect(refusal('http://user@127.0.0.1/', judge)).toContain('user name');
    }
    expect(refusal('http://127.0.0.1/', targets({ WEBHOOK_ALLOW_PRIVATE: 'false' }))).toBe('must start with https://');
  });
});

describe('The name of a webhook', () => {
  it('is judged by where it leads when the connection is made, and nothing is connected to', async () => {
    let calls = 0;
    const server = createServer(() => calls++).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    // What it said when it was added counts for nothing (DNS rebinding).
    const rebound = resolving(['8.8.8.8'], ['127.0.0.1']);
    await new Promise((answered) => rebound.lookup('hooks.example.com', { all: true }, answered));
    expect(await connecting(rebound, port)).toBe(
      'hooks.example.com is 127.0.0.1, which is not an allowed address for webhooks (loopback)',
    );
    expect(await connecting(resolving(['8.8.8.8', '127.0.0.1']), port)).toContain('loopback');
    expect(await connecting(resolving([]), port)).toBe('hooks.example.com has no address');
    expect(await connecting(resolving(['::1']), port)).toContain('loopback');
    expect(await connecting(resolving(['::ffff:127.0.0.1']), port)).toContain('an IPv4 address in IPv6');
    expect(calls).toBe(0);
    const inside = Object.assign(targets({}), {
      resolve: () => Promise.resolve([{ address: '127.0.0.1', family: 4 }]),
    });
    expect(await connecting(inside, port)).toBe('connected');
    server.close();
  });

  it('that nobody knows is a failure like another', async () => {
    const lost = Object.assign(targets(), { resolve: () => Promise.reject(new Error('ENOTFOUND hooks.example.com')) });
    expect(await connecting(lost, 1)).toContain('ENOTFOUND');
  });
});
