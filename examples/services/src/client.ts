import { RosterClient, type Tokens } from '@roster/client';

let kept: Tokens | undefined;
const client = new RosterClient({
  baseUrl: process.env['ROSTER'] ?? 'http://localhost:3000',
  // In a file or a keychain, in a real program.
  store: { get: () => kept, set: (tokens) => void (kept = tokens) },
});

const { error } = await client.signIn(process.env['EMAIL'] ?? '', process.env['PASSWORD'] ?? '');
if (error) throw new Error(`${error.code}: ${error.detail}`);
const me = () => client.api.GET('/users/{id}', { params: { path: { id: 'me' } } });
console.log('signed in as', (await me()).data?.email);

// As after a quarter of an hour: of the requests that find the token expired, one refreshes it.
if (kept) kept = { ...kept, expiresAt: 0 };
const before = kept?.refreshToken;
const answers = await Promise.all([me(), me(), me()]);
console.log('refreshed', answers.every(({ response }) => response.ok) && kept?.refreshToken !== before);

await client.signOut();
console.log('signed out', (await me()).response.status);
