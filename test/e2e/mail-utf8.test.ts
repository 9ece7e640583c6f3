import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { type Roster, startRoster } from '../support/roster.js';

/** An SMTP server of RFC 5321 alone, and the lines that it was told. */
function startPlainSmtp(extensions: readonly string[]): { server: Server; told: string[] } {
  const told: string[] = [];
  const server = createServer((socket) => {
    let isContent = false;
    let rest = '';
    const say = (line: string): boolean => socket.write(`${line}\r\n`);
    say('220 plain.example');
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      const lines = (rest + chunk.toString('latin1')).split('\r\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        told.push(line);
        if (isContent) {
          isContent = line !== '.';
          if (!isContent) say('250 2.0.0 Ok');
        } else if (line.startsWith('EHLO'))
          ['250-plain.example', ...extensions.map((name) => `250-${name}`), '250 SIZE'].forEach(say);
        else if (line === 'DATA') isContent = say('354 go on');
        else say('250 Ok');
      }
    });
  });
  return { server, told };
}

const plain = startPlainSmtp([]);
const modern = startPlainSmtp(['SMTPUTF8']);
const servers: Roster[] = [];
beforeAll(async () => {
  for (const { server } of [plain, modern]) {
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    servers.push(await startRoster({ SMTP_URL: `smtp://127.0.0.1:${port}` }));
  }
});
afterAll(async () => {
  for (const roster of servers) await roster.stop();
  for (const { server } of [plain, modern]) server.close();
});

/** Invites somebody, and gives what became of the mail once it is settled. */
async function invite(roster: Roster, email: string): Promise<Record<string, unknown>> {
  const as = { authorization: `Bearer ${await roster.signIn()}` };
  const { body } = await roster.api.post('/users').set(as).send({ email }).expect(201);
  let mail: Record<string, unknown> | undefined;
  await eventually(async () => {
    const mails = await roster.api
      .get(`/users/${(body as { id: string }).id}/mails`)
      .set(as)
      .expect(200);
    [mail] = (mails.body as { items: Record<string, unknown>[] }).items;
    return mail !== undefined && mail['state'] !== 'queued';
  });
  return mail ?? {};
}

it('a mail to letters beyond ASCII before the @ fails for good, and says why, where the server does not take them', async () => {
  const mail = await invite(servers[0]!, 'zoë@example.com');
  expect(mail).toMatchObject({ state: 'failed', recipient: 'zoë@example.com' });
  expect(JSON.stringify(mail)).toContain('does not accept such addresses (it does not offer SMTPUTF8, RFC 6531)');
  expect(plain.told.join('\n')).not.toContain('RCPT');
});

it('a mail to a domain beyond ASCII goes to its A-label, in the envelope and in the header', async () => {
  const mail = await invite(servers[0]!, 'Max@straße.example');
  expect(mail).toMatchObject({ state: 'sent', recipient: 'Max@straße.example' });
  expect(plain.told).toContain('RCPT TO:<Max@xn--strae-oqa.example>');
  expect(plain.told).toContain('To: Max@xn--strae-oqa.example');
});

it('a mail to letters beyond ASCII goes as it is where the server takes them', async () => {
  expect(await invite(servers[1]!, 'zoë@example.com')).toMatchObject({ state: 'sent' });
  const told = modern.told.map((line) => Buffer.from(line, 'latin1').toString());
  expect(told).toContain('RCPT TO:<zoë@example.com>');
  expect(told.find((line) => line.startsWith('MAIL FROM'))).toMatch(/ SMTPUTF8\b/);
});
