import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import { Application, signInOnPage } from '../support/openid.js';
import { PageBrowser } from '../support/page-browser.js';
import { freePort } from '../support/process.js';
import { PASSWORD, type Roster, startRoster } from '../support/roster.js';
import { soak } from '../support/soak.js';

/** Writes down when a logout token came, and its session. */
const CLIENT = `
import { appendFileSync } from 'node:fs';
import { createServer } from 'node:http';
const [, , port, file] = process.argv;
createServer(async (request, response) => {
  let body = '';
  for await (const chunk of request) body += chunk;
  const token = new URLSearchParams(body).get('logout_token');
  const { sid } = JSON.parse(Buffer.from(token.split('.')[1], 'base64url').toString());
  appendFileSync(file, Date.now() + ' ' + sid + '\\n');
  response.writeHead(200, { 'cache-control': 'no-store' }).end();
}).listen(Number(port), '127.0.0.1', () => console.log('listening'));
`;

let roster: Roster;
let folder: string;
let running: ChildProcess | undefined;
beforeAll(async () => {
  roster = await startRoster();
  folder = mkdtempSync(join(tmpdir(), 'roster-client-'));
  writeFileSync(join(folder, 'client.mjs'), CLIENT);
  writeFileSync(join(folder, 'told'), '');
});
afterAll(async () => {
  running?.kill('SIGKILL');
  await roster.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** The application's process. */
async function start(port: number): Promise<ChildProcess> {
  const child = spawn(process.execPath, [join(folder, 'client.mjs'), String(port), join(folder, 'told')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  return child;
}

const told = () =>
  readFileSync(join(folder, 'told'), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split(' ') as [time: string, sid: string]);

describe('an application whose process is down when sessions end', () => {
  soak(
    'backchannel-down',
    'is told of every one of them once it is back',
    { sessions: [50, 5], secondsDown: [60, 3] },
    async ({ counts: { sessions, secondsDown } }) => {
      const port = await freePort();
      running = await start(port);
      const application = await Application.register(roster, await roster.signIn(), {
        ...{ firstParty: true, backchannelLogoutUri: `http://127.0.0.1:${port}/` },
      });
      const browsers: PageBrowser[] = [];
      const ids: string[] = [];
      for (let index = 0; index < sessions; index++) {
        const email = `somebody-${index}@example.com`;
        await roster.join(email);
        const browser = new PageBrowser(roster);
        await signInOnPage(browser, email, PASSWORD);
        const { id_token } = await application.tokens(browser);
        const claims = JSON.parse(Buffer.from(id_token.split('.')[1] ?? '', 'base64url').toString()) as { sid: string };
        browsers.push(browser);
        ids.push(claims.sid);
      }
      const ended = once(running, 'exit');
      running.kill('SIGKILL');
      await ended;
      const downAt = Date.now();
      for (const browser of browsers) await browser.post('/sign-out');
      await sleep(downAt + secondsDown * 1000 - Date.now());
      expect(told()).toEqual([]);
      running = await start(port);
      const backAt = Date.now();
      // Tries come 5 and then 60 seconds after the first one, each a tenth later at most.
      for (let left = 600; told().length < sessions && left > 0; left--) await sleep(200);
      const sids = told().map(([, sid]) => sid);
      expect([...sids].sort()).toEqual([...ids].sort());
      const last = Math.max(...told().map(([time]) => Number(time)));
      const seconds = (time: number) => Math.round(time / 100) / 10;
      return {
        summary:
          `${sessions} sessions ended while the application was down for ${seconds(backAt - downAt)} s: each logout token ` +
          `arrived once, the last ${seconds(last - backAt)} s after it was back.`,
        figures: { told: sids.length, lastSecondsAfterItWasBack: seconds(last - backAt) },
      };
    },
  );
});
