// Supabase Auth, built from its public source with `go build`: SUPABASE_AUTH names the folder with its program and `migrations`. Its bcrypt
// has a cost of 10, which is no setting.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { NotAsAskedFor } from '../asked-for.mjs';
import { freePort, runOnce, startDatabase, startProgram } from './program.mjs';

const SECRET = 'for measurements only, and nothing else';

export async function start() {
  const home = process.env.SUPABASE_AUTH;
  const command = join(home ?? '', 'auth');
  if (home === undefined || !existsSync(command))
    throw new NotAsAskedFor('SUPABASE_AUTH has to name the folder of the built program `auth`');
  const database = await startDatabase();
  await database.query('CREATE SCHEMA auth');
  const port = await freePort();
  const url = `http://localhost:${port}`;
  const env = {
    GOTRUE_JWT_SECRET: SECRET,
    GOTRUE_JWT_AUD: 'authenticated',
    GOTRUE_JWT_ADMIN_ROLES: 'service_role',
    GOTRUE_JWT_DEFAULT_GROUP_NAME: 'authenticated',
    GOTRUE_DB_DRIVER: 'postgres',
    DB_NAMESPACE: 'auth',
    DATABASE_URL: `${database.url}?search_path=auth`,
    GOTRUE_DB_DATABASE_URL: `${database.url}?search_path=auth`,
    GOTRUE_DB_MIGRATIONS_PATH: join(home, 'migrations'),
    API_EXTERNAL_URL: url,
    GOTRUE_SITE_URL: url,
    GOTRUE_API_HOST: '127.0.0.1',
    PORT: String(port),
    GOTRUE_MAILER_AUTOCONFIRM: 'true',
    GOTRUE_LOG_LEVEL: 'info',
    // Its default keeps two connections, and opens one anew for most requests of sixteen clients; pools of the others keep ten or so.
    GOTRUE_DB_MAX_POOL_SIZE: '10',
    GOTRUE_DB_MAX_IDLE_POOL_SIZE: '10',
    // Rate limits are measured by nobody here.
    ...Object.fromEntries(
      ['EMAIL_SENT', 'TOKEN_REFRESH', 'VERIFY', 'OTP', 'ANONYMOUS_USERS'].map((name) => [
        `GOTRUE_RATE_LIMIT_${name}`,
        '1000000',
      ]),
    ),
  };
  await runOnce({ command, args: ['migrate'], env, cwd: home });
  const program = await startProgram({ command, args: ['serve'], env, cwd: home, ready: `${url}/health` });
  return {
    ...{ url, startMs: program.startMs, database, options: { secret: SECRET } },
    version: process.env.SUPABASE_AUTH_VERSION ?? '',
    pids: () => [program.pid],
    stop: async () => {
      await program.stop();
      await database.stop();
    },
  };
}
