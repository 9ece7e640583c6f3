// Ory Kratos, built from its public source with `go build`: KRATOS names the program. Without its courier, as nothing is verified.
import { Buffer } from 'node:buffer';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NotAsAskedFor } from '../asked-for.mjs';
import { freePort, runOnce, startDatabase, startProgram } from './program.mjs';

const SCHEMA = {
  $id: 'person',
  $schema: 'http://json-schema.org/draft-07/schema#',
  type: 'object',
  properties: {
    traits: {
      type: 'object',
      properties: {
        email: {
          type: 'string',
          format: 'email',
          'ory.sh/kratos': { credentials: { password: { identifier: true } } },
        },
      },
      required: ['email'],
    },
  },
};

export async function start({ hash }) {
  const command = process.env.KRATOS;
  if (command === undefined) throw new NotAsAskedFor('KRATOS has to name the built program');
  const database = await startDatabase();
  const cwd = mkdtempSync(join(tmpdir(), 'roster-kratos-'));
  const [port, adminPort] = [await freePort(), await freePort()];
  const [url, admin] = [port, adminPort].map((one) => `http://localhost:${one}`);
  const schema = `base64://${Buffer.from(JSON.stringify(SCHEMA)).toString('base64')}`;
  const settings = {
    dsn: `${database.url}?sslmode=disable`,
    serve: {
      public: { base_url: url, host: '127.0.0.1', port },
      admin: { base_url: admin, host: '127.0.0.1', port: adminPort },
    },
    selfservice: {
      default_browser_return_url: url,
      methods: { password: { enabled: true, config: { haveibeenpwned_enabled: false } } },
    },
    // Its own default is Argon2 with what `hashers calibrate` says; bcrypt of cost 12 is what its quick start sets.
    hashers: { algorithm: 'bcrypt', bcrypt: { cost: hash === 'cheap' ? 4 : 12 } },
    identity: { default_schema_id: 'person', schemas: [{ id: 'person', url: schema }] },
    secrets: { cookie: ['for measurements only, and nothing else'], cipher: ['measured-measured-measured-32-ch'] },
    courier: { smtp: { connection_uri: 'smtp://127.0.0.1:1/' } },
  };
  const config = join(cwd, 'kratos.json');
  writeFileSync(config, JSON.stringify(settings));
  const env = { DSN: settings.dsn };
  await runOnce({ command, args: ['migrate', 'sql', 'up', '-e', '--yes', '-c', config], env, cwd });
  const program = await startProgram({
    command,
    args: ['serve', '-c', config, ...(hash === 'cheap' ? ['--dev'] : [])],
    // It reports to nobody what it is used for.
    env: { SQA_OPT_OUT: 'true' },
    cwd,
    ready: `${admin}/admin/health/ready`,
  });
  return {
    ...{ url, startMs: program.startMs, database, options: { admin } },
    version: process.env.KRATOS_VERSION ?? '',
    pids: () => [program.pid],
    stop: async () => {
      await program.stop();
      await database.stop();
      rmSync(cwd, { recursive: true, force: true });
    },
  };
}
