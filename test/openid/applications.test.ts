import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { freePort, report } from '../support/process.js';
import { WebBrowser, type WebPage } from '../support/web-browser.js';
import { type Application, APPLICATIONS, type RunningApplication } from './software/applications.js';
import { emailOf, Ground, until } from './support/ground.js';
import { LogoutRelay } from './support/logout-relay.js';

// What is not installed yet is compiled first.
const INSTALL_MS = 900_000;
jest.setTimeout(240_000);

let ground: Ground;
let relay: LogoutRelay;
const running: RunningApplication[] = [];
const addresses = new Map<Application, string>();
beforeAll(async () => {
  // So short that every application has to refresh before a test is over.
  ground = await Ground.start({ ACCESS_TOKEN_TTL: '6s' });
  relay = await LogoutRelay.start();
  for (const application of APPLICATIONS) {
    const { name, callback, backchannelLogout } = application;
    const begin = Date.now();
    await application.install();
    const installed = Date.now();
    const port = await freePort();
    const address = `http://localhost:${port}`;
    const registered = await ground.register({
      name,
      redirectUris: [address + callback],
      postLogoutRedirectUris: [address],
      ...(backchannelLogout !== undefined && { backchannelLogoutUri: relay.for(address + backchannelLogout) }),
    });
    running.push(await application.start({ issuer: ground.issuer, ...registered }, port));
    addresses.set(application, address);
    report(`${name}: ${installed - begin} ms to install, ${Date.now() - installed} ms to start`);
  }
}, INSTALL_MS);
afterAll(async () => {
  for (const application of running) await application.stop();
  await relay.stop();
  await ground.stop();
});

/** What every application says to somebody who is signed in. */
const SAYS = /^(\S+) is (\S+), until (.+)$/;

describe.each(APPLICATIONS.map((application) => [application.name, application] as const))(
  '%s',
  (name, application) => {
    const person = name.toLowerCase().replace(/[^a-z]/g, '');
    const browser = new WebBrowser();
    let userId: string;
    const open = (): Promise<WebPage> => browser.open(`${addresses.get(application)!}/`);

    it("signs somebody in by Roster's own pages, and reads who it is and the role", async () => {
      userId = await ground.person(person);
      let page = await open();
      // A page of its own that asks by whom to sign in.
      if (new URL(page.url).origin === addresses.get(application)) page = await browser.submit(page);
      expect(ground.asksWho(page)).toBe(true);
      const signedIn = await ground.signIn(browser, page, person);
      expect(SAYS.exec(signedIn.text)?.slice(1, 3)).toEqual([emailOf(person), 'MANAGER']);
    });

    it('refreshes the access token without asking anybody', async () => {
      const [first] = [(await open()).text];
      const later = await until('a fresh token', open, ({ text }) => text !== first);
      expect(SAYS.exec(later.text)?.slice(1, 3)).toEqual([emailOf(person), 'MANAGER']);
    });

    it('has to ask again when the session has ended at Roster', async () => {
      await ground.endSessions(userId);
      const page = await until('a sign-in', open, ({ text }) => !SAYS.test(text));
      expect(page.text).not.toContain(emailOf(person));
      await until('the sign-in page', open, (now) => ground.asksWho(now) || now.text.includes('Sign in with Roster'));
    });

    const { backchannelLogout } = application;
    if (backchannelLogout !== undefined) {
      it('accepts the logout token that Roster sends', async () => {
        const target = addresses.get(application)! + backchannelLogout;
        const told = await until(
          'a logout token',
          () => Promise.resolve(relay.to(target)),
          ({ length }) => length > 0,
        );
        expect(told.every(({ status }) => status === 200 || status === 204)).toBe(true);
      });
    }
  },
);
