import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { PasskeyUsers } from '../support/passkeys.js';
import { installPython } from '../support/python.js';
import { type Roster, startRoster } from '../support/roster.js';

interface Lies {
  readonly origin?: string;
  readonly rpId?: string;
  readonly userVerified?: boolean;
  readonly counter?: number;
}

let roster: Roster;
let users: PasskeyUsers;
let python: ChildProcessWithoutNullStreams;
let lines: Interface;
beforeAll(async () => {
  const folder = await installPython('passkeys', 'test/contract/tools/authenticator.txt');
  python = spawn(join(folder, 'bin/python'), ['test/contract/tools/authenticator.py']);
  lines = createInterface(python.stdout);
  roster = await startRoster();
  users = new PasskeyUsers(roster);
});
afterAll(async () => {
  python.kill();
  await roster.stop();
});

/** What the authenticator of python-fido2 makes of the options. */
async function ask(what: 'create' | 'get', options: object, lies: Lies = {}): Promise<object> {
  const answer = once(lines, 'line') as Promise<[string]>;
  python.stdin.write(`${JSON.stringify({ what, options, lies, origin: 'http://localhost:3000' })}\n`);
  const [line] = await answer;
  return JSON.parse(line) as object;
}

it('takes the passkey of another implementation, and refuses what is wrong about it', async () => {
  const ada = await roster.join('ada@example.com');
  const made = async (lies: Lies) => users.add(ada, await ask('create', await users.optionsToAdd(ada), lies));
  for (const lies of [{ origin: 'https://evil.example' }, { rpId: 'evil.example' }, { userVerified: false }]) {
    expect((await made(lies)).body).toMatchObject({ code: 'invalid-passkey' });
  }
  expect((await made({ counter: 1 })).status).toBe(201);

  const signIn = async (lies: Lies) => users.signIn(await ask('get', await users.optionsToSignIn(), lies));
  const wrong = [
    { origin: 'https://evil.example', counter: 2 },
    { rpId: 'evil.example', counter: 2 },
    { userVerified: false, counter: 2 },
  ];
  for (const lies of wrong) expect((await signIn(lies)).status).toBe(401);
  const assertion = await ask('get', await users.optionsToSignIn(), { counter: 5 });
  await users.signIn(assertion).expect(200);
  // The challenge again, and counters that do not grow.
  await users.signIn(assertion).expect(401);
  for (const counter of [5, 4, 0]) expect((await signIn({ counter })).status).toBe(401);
  expect((await signIn({ counter: 6 })).body).toMatchObject({ user: { id: ada.id } });
});
