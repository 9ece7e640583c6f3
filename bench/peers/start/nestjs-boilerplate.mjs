// brocoders/nestjs-boilerplate from its public source: NESTJS_BOILERPLATE names its folder, built for its relational database. Its bcrypt
// has a cost of 10, which is no setting, and is computed by JavaScript.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { NotAsAskedFor } from '../asked-for.mjs';
import { freePort, runOnce, startDatabase, startProgram } from './program.mjs';

// What its seed makes.
const ADMIN = { admin: 'admin@example.com', password: 'secret' };
const SECRET = 'for measurements only, and nothing else';

export async function start() {
  const home = process.env.NESTJS_BOILERPLATE;
  if (home === undefined || !existsSync(join(home, 'dist/main.js')))
    throw new NotAsAskedFor('NESTJS_BOILERPLATE has to name the folder of the built application');
  const database = await startDatabase();
  const sink = fork(join(import.meta.dirname, '../../support/smtp-sink.mjs'));
  const [{ port: smtp }] = await once(sink, 'message');
  const port = await freePort();
  const url = `http://localhost:${port}`;
  const env = { ...examples(home), ...settings({ url, port, smtp, database }) };
  const node = (...args) => ({ command: process.execPath, args, env, cwd: home });
  await runOnce(node('node_modules/typeorm/cli.js', '--dataSource=dist/database/data-source.js', 'migration:run'));
  await runOnce(node('dist/database/seeds/relational/run-seed.js'));
  const program = await startProgram({ ...node('dist/main.js'), ready: url });
  return {
    ...{ url, startMs: program.startMs, database, options: ADMIN },
    version: JSON.parse(readFileSync(join(home, 'package.json'), 'utf8')).version,
    pids: () => [program.pid],
    stop: async () => {
      await program.stop();
      sink.kill();
      await database.stop();
    },
  };
}

/** What its own example of settings says. */
function examples(home) {
  const lines = readFileSync(join(home, 'env-example-relational'), 'utf8').split('\n');
  return Object.fromEntries(
    lines.flatMap((line) => {
      const [, name, value] = /^(\w+)=(.*)$/.exec(line) ?? [];
      return name ? [[name, value.replace(/^"(.*)"$/, '$1')]] : [];
    }),
  );
}

const settings = ({ url, port, smtp, database }) => ({
  NODE_ENV: 'production',
  APP_PORT: String(port),
  BACKEND_DOMAIN: url,
  DATABASE_URL: database.url,
  MAIL_HOST: '127.0.0.1',
  MAIL_PORT: String(smtp),
  ...Object.fromEntries(
    ['JWT', 'REFRESH', 'FORGOT', 'CONFIRM_EMAIL'].map((what) => [`AUTH_${what}_SECRET`, `${SECRET} ${what}`]),
  ),
});
