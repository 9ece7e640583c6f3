// Better Auth from npm behind Node's own HTTP server, as its documentation does it, with its admin plugin.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ask } from '../http.mjs';
import { CACHE, freePort, installed, startDatabase, startProgram } from './program.mjs';

const VERSION = '1.7.25';
const ADMIN = { admin: 'admin@example.com', password: 'measured nine times over' };
const SERVER = `
import { createServer } from 'node:http';
import { betterAuth } from 'better-auth';
import { getMigrations } from 'better-auth/db/migration';
import { toNodeHandler } from 'better-auth/node';
import { admin } from 'better-auth/plugins';
import bcrypt from 'bcrypt';
import pg from 'pg';
const cheap = {
  hash: (password) => bcrypt.hash(password, 4),
  verify: ({ hash, password }) => bcrypt.compare(password, hash),
};
const auth = betterAuth({
  database: new pg.Pool({ connectionString: process.env.DATABASE_URL }),
  baseURL: process.env.BASE_URL,
  secret: 'for measurements only, and nothing else',
  telemetry: { enabled: false },
  rateLimit: { enabled: false },
  emailAndPassword: { enabled: true, ...(process.env.HASH === 'cheap' && { password: cheap }) },
  plugins: [admin()],
});
await (await getMigrations(auth.options)).runMigrations();
createServer(toNodeHandler(auth)).listen(Number(process.env.PORT), '127.0.0.1');
`;

export async function start({ hash }) {
  const home = await install();
  const database = await startDatabase();
  const port = await freePort();
  const url = `http://localhost:${port}`;
  const env = { NODE_ENV: 'production', DATABASE_URL: database.url, BASE_URL: url, PORT: String(port), HASH: hash };
  const command = { command: process.execPath, args: ['server.mjs'], env, cwd: home, ready: `${url}/api/auth/ok` };
  // The first one makes the tables.
  await (await startProgram(command)).stop();
  const program = await startProgram(command);
  const person = { name: 'Admin', email: ADMIN.admin, password: ADMIN.password };
  await ask(`${url}/api/auth/sign-up/email`, { json: person, headers: { origin: url } });
  await database.query(`UPDATE "user" SET role = 'admin'`);
  return {
    ...{ url, version: VERSION, options: ADMIN, startMs: program.startMs, database },
    pids: () => [program.pid],
    stop: async () => {
      await program.stop();
      await database.stop();
    },
  };
}

async function install() {
  const home = join(CACHE, `better-auth-${VERSION}`);
  mkdirSync(home, { recursive: true });
  writeFileSync(join(home, 'server.mjs'), SERVER);
  if (existsSync(join(home, 'node_modules/better-auth/package.json'))) return home;
  const own = JSON.parse(readFileSync(join(import.meta.dirname, '../../../package.json'), 'utf8')).dependencies;
  const dependencies = { 'better-auth': VERSION, bcrypt: own.bcrypt, pg: own.pg };
  const manifest = { private: true, type: 'module', dependencies, allowScripts: { bcrypt: true } };
  writeFileSync(join(home, 'package.json'), JSON.stringify(manifest));
  // `npm run -s` hands its silence on.
  const npm = { command: 'npm', args: ['install', '--no-audit', '--no-fund', '--loglevel=error'] };
  await installed(`Better Auth ${VERSION}`, home, [npm]);
  return home;
}
